"""Files made to do harm are refused in bounded time and memory, each with its reason."""

import tracemalloc
from collections.abc import Callable

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloudseam.finding import Severity
from cloudseam.languages import read_machine, yaml_rules
from cloudseam.languages.report import Report
from cloudseam.languages.yaml_source import parse_yaml

MEBIBYTE = 1024 * 1024
HEAD = "version: 1\nevents: [GO]\n"


def alias_bomb(levels: int = 9) -> str:
    """A few hundred bytes that stand for nine to the ninth values."""
    lines = ["x-0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for level in range(1, levels):
        lines.append(f"x-{level}: &x{level} [{', '.join([f'*x{level - 1}'] * 9)}]")
    return "\n".join(lines) + "\n"


def merge_bomb() -> str:
    """Many merges of one large mapping."""
    keys = ", ".join(f"k{number}: 1" for number in range(5_000))
    return f"x-a: &a {{{keys}}}\n" + "".join(f"x-{n}: {{<<: *a}}\n" for n in range(900))


def long_text_bomb() -> str:
    """One long text, over and over."""
    return f"x-a: &a {'x' * 100_000}\nx-b: [{', '.join(['*a'] * 999)}]\n"


def deep_by_alias() -> str:
    """Each anchor one deeper than the one before: shallow to write, deep to read."""
    lines = ["x-0: &x0 {a: 1}"]
    lines += [f"x-{level}: &x{level} {{a: *x{level - 1}}}" for level in range(1, 60)]
    return "\n".join(lines) + "\n"


HOSTILE: dict[str, tuple[Callable[[], str | bytes], str]] = {
    "an alias bomb": (alias_bomb, "With its aliases written out"),
    "a small alias bomb": (lambda: alias_bomb(7)[:400], "With its aliases written out"),
    "a merge bomb": (merge_bomb, "With its aliases written out"),
    "one long text many times": (long_text_bomb, "With its aliases written out"),
    "too many aliases": (
        lambda: "x-a: &a 1\nx-b: [" + "*a, " * 1_001 + "1]\n",
        "more than 1,000 aliases",
    ),
    "an alias in its own list": (lambda: "x-a: &a [1, *a]\n", "inside its own anchor"),
    "an alias in its own mapping": (lambda: "x-a: &a {b: *a}\n", "inside its own anchor"),
    "an alias of the whole file": (lambda: "&a\nversion: *a\n", "inside its own anchor"),
    "deep brackets": (lambda: "x-a: " + "[" * 100_000, "nested more than 50 deep"),
    "deep braces": (lambda: "x-a: " + "{a: " * 60_000, "nested more than 50 deep"),
    "deep blocks": (
        lambda: "".join(f"{' ' * level}a:\n" for level in range(300)),
        "nested more than 50 deep",
    ),
    "deep lists in one line": (lambda: "- " * 100_000 + "1", "nested more than 50 deep"),
    "deep by aliases": (deep_by_alias, "nested more than 50 deep"),
    "deep keys": (lambda: "? " * 1_000 + "a", "nested more than 50 deep"),
    "5 MB": (lambda: HEAD + "# " + "x" * 5_000_000, "larger than 256 KiB"),
    "5 MB of bytes": (lambda: b"\xff" * 5_000_000, "larger than 256 KiB"),
    "a byte that is not UTF-8": (lambda: b"version: 1\nx-a: caf\xe9\n", "not UTF-8"),
    "UTF-16": (lambda: HEAD.encode("utf-16"), "not UTF-8"),
    "UTF-16 without a mark": (lambda: HEAD.encode("utf-16-le"), "U+0000 cannot stand"),
    "a NUL": (lambda: HEAD + "x-a: a\0b\n", "U+0000 cannot stand"),
    "a control character": (lambda: HEAD + "x-a: a\x1b[31m\n", "U+001B cannot stand"),
    "half of a pair": (lambda: HEAD + "x-a: a\ud800b\n", "U+D800 cannot stand"),
    "an object": (
        lambda: HEAD + 'x-a: !!python/object/new:os.system ["true"]\n',
        "'!!python/object/new:os.system' is not accepted",
    ),
    "a module": (
        lambda: HEAD + "x-a: !!python/module:os x\n",
        "'!!python/module:os' is not accepted",
    ),
    "a tag by its whole name": (
        lambda: HEAD + "x-a: !<tag:yaml.org,2002:python/object:os.system> {}\n",
        "'!!python/object:os.system' is not accepted",
    ),
    "a tag by a handle of its own": (
        lambda: "%TAG !p! tag:yaml.org,2002:python/\n---\n" + HEAD + "x-a: !p!name:os.system x\n",
        "'!!python/name:os.system' is not accepted",
    ),
    "an integer of 100,000 digits": (lambda: HEAD + "x-a: " + "9" * 100_000, "38 digits"),
    "a hexadecimal of 100,000 digits": (lambda: HEAD + "x-a: 0x" + "f" * 100_000, "38 digits"),
    "20,000 names that are wrong": (
        lambda: "version: 1\nevents: [" + ", ".join(f"e{n}" for n in range(20_000)) + "]\n",
        "more findings than the first 100",
    ),
    "5,000 unknown events among 5,000": (
        lambda: (
            "version: 1\nevents: ["
            + ", ".join(f"EVENT-{n}" for n in range(5_000))
            + "]\ntasks: {}\nstates: {INIT: {terminal: true, on: {"
            + ", ".join(f"EVEMT-{n}: []" for n in range(5_000))
            + "}}}\n"
        ),
        "more findings than the first 100",
    ),
    "a state's name of 300 characters": (
        lambda: f"{HEAD}tasks: {{}}\nstates: {{INIT: {{terminal: true}}, {'S' * 300}: {{}}}}\n",
        "more than 255 characters",
    ),
    "a key of 200,000 characters": (
        lambda: f"{HEAD}states: {{INIT: {{? {'k' * 200_000} : 1}}}}\n",
        "is not a key of a state",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason_and_little_memory(name: str) -> None:
    text, reason = HOSTILE[name][0](), HOSTILE[name][1]

    tracemalloc.start()
    reading = read_machine("m", text, "m.yml")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert reading.machine is None
    said = [str(finding) for finding in reading.findings]
    assert any(reason in finding for finding in said), said
    assert all(len(finding) < 1_000 and finding.isprintable() for finding in said)
    assert peak < 64 * MEBIBYTE


@pytest.mark.parametrize("name", [name for name in HOSTILE if "by" not in name])
def test_the_parser_in_python_refuses_it_too(name: str) -> None:
    report = Report("m.yml")

    parse_yaml(HOSTILE[name][0](), report, yaml.SafeLoader)
    reading = read_machine("m", HOSTILE[name][0](), "m.yml")

    known = {finding.problem for finding in reading.findings}
    assert {finding.problem for finding in report.findings} <= known


def test_a_file_without_aliases_never_counts_as_too_large_when_written_out() -> None:
    text = "x-a: [" + "1," * ((yaml_rules.MAX_BYTES - 10) // 2) + "1]"

    report = Report("m.yml")
    node = parse_yaml(text, report)

    assert len(text) <= yaml_rules.MAX_BYTES
    assert node is not None
    assert not report.findings


def test_a_file_of_exactly_the_largest_size_is_read() -> None:
    text = HEAD + "states: {INIT: {terminal: true, on: {GO: []}}}\ntasks: {}\n#"

    assert read_machine("m", text.ljust(yaml_rules.MAX_BYTES, "x"), "m.yml").machine is not None
    assert read_machine("m", text.ljust(yaml_rules.MAX_BYTES + 1, "x"), "m.yml").machine is None


SNIPPETS = st.sampled_from(
    [
        *("version: 1\n", "events: [GO]\n", "states:\n", "tasks: {}\n", "  INIT: {on: {}}\n"),
        *("x-a: &a\n", "  <<: *a\n", "*a", "&a", "<<", ": ", "- ", "? ", "[", "]", "{", "}", ","),
        *("\n", "\t", "  ", "'", '"', "|", ">", "!", "!!str", "#", "%", "@", "---\n", "...\n"),
        *("GO", "advance", "action", "state", "terminal: true", "1", "1e9", "~", "\\", "\u2028"),
    ]
)


@settings(max_examples=300)
@given(text=st.text() | st.binary() | st.lists(SNIPPETS, max_size=30).map("".join))
@example(text="\x85")
@example(text="a\u2028b: c\td")
def test_whatever_the_text_there_is_a_machine_or_a_reason(text: str | bytes) -> None:
    reading = read_machine("m", text, "m.yml")

    errors = [found for found in reading.findings if found.severity is Severity.ERROR]
    assert (reading.machine is None) == bool(errors)
    assert all(found.line >= 1 and found.column >= 1 for found in reading.findings)
