"""Files of Python-action machines: what is found in them, and what they are read as."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudseam.finding import Finding, FindingsError, Severity
from cloudseam.languages import load_machine, read_machine, yaml_rules
from cloudseam.languages.part import whole
from cloudseam.languages.python_actions.definition import (
    MAX_RETRIES,
    Definition,
    State,
    Transition,
)
from cloudseam.languages.python_actions.machine import ActionsMachine
from cloudseam.languages.python_actions.machines_file import MachinesFile
from cloudseam.languages.python_actions.names import RESERVED_EVENTS
from cloudseam.languages.python_actions.source import digest_of, source_of
from cloudseam.languages.python_actions.spec import parse_file, parse_machines
from cloudseam.languages.report import MAX_FINDINGS, Report
from cloudseam.languages.yaml_source import parse_yaml

RECORDINGS = Path(__file__).parents[3].parent / "shared" / "conformance" / "python-actions"
MEBIBYTE = 1024 * 1024

EXAMPLE = """\
machines:
- name: Example
  states:
  - name: FirstState
    initial: true
    entry_action: path.to.Action1
    do_action: path.to.Action2
    exit_action: path.to.Action3
    transitions:
    - {target: SecondState, event: done, action: path.to.OnTheWay}
    - {target: FirstState, event: again, local: true}
  - {name: SecondState, final: true, do_action: path.to.Action8}
"""
GOOD = "{name: good, states: [{name: A, initial: true, final: true}]}"


def read(text: str | bytes) -> tuple[MachinesFile | None, tuple[Finding, ...]]:
    """The file, and all that is found in it."""
    report = Report("m.yml")
    root = parse_yaml(text, report)
    file = parse_file(whole(root, report)) if root is not None else None
    return file, report.findings


def definition_of(text: str, name: str) -> Definition:
    machine = load_machine(name, text, "m.yml")
    assert isinstance(machine, ActionsMachine)
    return machine.definition


def test_the_seed_example_is_read_as_it_is_written() -> None:
    assert definition_of(EXAMPLE, "Example") == Definition(
        {
            "FirstState": State(
                "FirstState",
                initial=True,
                entry_action="path.to.Action1",
                do_action="path.to.Action2",
                exit_action="path.to.Action3",
                on={
                    "done": Transition("done", "SecondState", "path.to.OnTheWay"),
                    "again": Transition("again", "FirstState", local=True),
                },
            ),
            "SecondState": State("SecondState", final=True, do_action="path.to.Action8"),
        },
        max_retries=MAX_RETRIES,
        timeout=None,
        final_exit=True,
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("max_retries: 0", Definition({}, max_retries=0), id="none"),
        pytest.param("max_retries: 500", Definition({}, max_retries=500), id="many"),
        pytest.param("max_retries: 3.0", Definition({}, max_retries=3), id="with a fraction"),
        pytest.param("timeout: 90", Definition({}, timeout=90), id="seconds"),
        pytest.param("timeout: 1.5m", Definition({}, timeout=90), id="with a unit"),
        pytest.param("final_exit: false", Definition({}, final_exit=False), id="no last exit"),
    ],
)
def test_a_setting_is_read(written: str, meant: Definition) -> None:
    text = f"machines: [{{name: m, {written}, states: [{{name: A, initial: true, final: true}}]}}]"

    found = definition_of(text, "m")

    assert (found.max_retries, found.timeout, found.final_exit) == (
        meant.max_retries,
        meant.timeout,
        meant.final_exit,
    )


def test_all_machines_of_a_file_are_given_or_none() -> None:
    report = Report("m.yml")
    root = parse_yaml(EXAMPLE + f"- {GOOD}\n", report)
    assert root is not None

    machines = parse_machines(whole(root, report))

    assert machines is not None
    assert list(machines) == ["Example", "good"]
    report = Report("m.yml")
    root = parse_yaml(EXAMPLE + "- {name: bad}\n", report)
    assert root is not None
    assert parse_machines(whole(root, report)) is None


def test_a_mistake_in_one_machine_keeps_no_other_from_being_used() -> None:
    text = f"machines:\n- {GOOD}\n- {{name: bad, states: []}}\n"

    assert read_machine("good", text, "m.yml").findings == ()
    assert load_machine("good", text, "m.yml").name == "good"
    with pytest.raises(FindingsError, match="No state is initial"):
        load_machine("bad", text, "m.yml")


def test_a_mistake_that_an_alias_repeats_keeps_both_machines_from_being_used() -> None:
    text = (
        "x-states: &states [{name: A, initial: true, final: 7}]\n"
        "machines: [{name: a, states: *states}, {name: b, states: *states}]\n"
    )

    assert len(read(text)[1]) == 1
    for name in ("a", "b"):
        assert read_machine(name, text, "m.yml").machine is None


def test_of_two_machines_of_one_name_none_can_be_used() -> None:
    text = f"machines:\n- {GOOD}\n- {GOOD}\n"

    assert [str(found) for found in read_machine("good", text, "m.yml").findings] == [
        "m.yml:3:10: error: machines[1].name: There are two machines 'good'. Rename one of the "
        "two; the first is on line 2."
    ]


def test_a_machine_that_the_file_does_not_have_is_told_with_those_it_has() -> None:
    reading = read_machine("god", f"machines:\n- {GOOD}\n", "m.yml")

    assert reading.machine is None
    assert [str(found) for found in reading.findings] == [
        "m.yml:1:1: error: machines: There is no machine 'god' in this file. Did you mean 'good'? "
        "It has: good."
    ]


def test_a_mistake_in_the_file_as_a_whole_concerns_every_machine() -> None:
    reading = read_machine("good", f"machines:\n- {GOOD}\nversion: 1\n", "m.yml")

    assert reading.machine is None
    assert [found.place for found in reading.findings] == ["version"]


@pytest.mark.parametrize("name", sorted(RESERVED_EVENTS))
def test_no_event_has_a_reserved_name(name: str) -> None:
    text = EXAMPLE.replace("event: done", f"event: {name}")

    assert [found.problem for found in read(text)[1]] == [
        f"'{name}' is a word of CloudSeam itself."
    ]


@pytest.mark.parametrize(
    ("path", "has_errors"),
    [pytest.param(255, False, id="255"), pytest.param(256, True, id="256")],
)
def test_names_have_at_most_255_characters(path: int, has_errors: bool) -> None:
    for name in ("Example", "FirstState", "again", "path.to.Action1"):
        _, findings = read(EXAMPLE.replace(name, "x." + "y" * (path - 2)))
        assert bool(findings) == has_errors


# Sources and digests.

# Signs that mean something in YAML, and some that few fonts have.
NAMES = st.text("aZ0 :#'\"{}[],&*!|>%@`\\-?é漢😀~<=_.", min_size=1, max_size=6)
ACTIONS = st.sampled_from([None, "a.B", "orders.actions.Ship", "_._"])


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Definitions that a file can have, without warnings in mind."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    initial = draw(st.sampled_from(names))
    states = {}
    for name in names:
        on = {
            event: Transition(
                event, draw(st.sampled_from(names)), draw(ACTIONS), draw(st.booleans())
            )
            for event in draw(st.lists(NAMES, max_size=3, unique=True))
        }
        actions = (draw(ACTIONS), draw(ACTIONS), draw(ACTIONS))
        states[name] = State(name, name == initial, draw(st.booleans()), *actions, on)
    return Definition(
        states,
        draw(st.integers(0, 10_000)),
        draw(st.sampled_from([None, 1, 2.0, 0.1 + 90, 86_400 * 365])),
        draw(st.booleans()),
    )


@settings(max_examples=60)
@given(name=NAMES, definition=definitions())
def test_a_definition_is_read_back_from_its_source(name: str, definition: Definition) -> None:
    source = source_of(name, definition)

    machine = load_machine(name, source, "kept")

    assert isinstance(machine, ActionsMachine)
    assert machine.definition == definition
    assert machine.digest == digest_of(definition)
    assert machine.source == source


def test_a_source_has_one_machine_of_a_file_only() -> None:
    text = EXAMPLE + f"- {GOOD}\n- import: other.yml\n"

    source = load_machine("good", text, "m.yml").source

    assert [machine["name"] for machine in json.loads(source)["machines"]] == ["good"]
    assert read_machine("good", source, "kept").findings == ()


SAME = {
    "comments and blocks": "# Ours\n" + EXAMPLE,
    "the defaults written out": EXAMPLE.replace(
        "  states:", "  max_retries: 5\n  final_exit: true\n  states:"
    ),
    "another machine beside it": EXAMPLE + f"- {GOOD}\n",
    "keys in another order": EXAMPLE.replace(
        "{target: FirstState, event: again, local: true}",
        "{local: true, event: again, target: FirstState}",
    ),
}
OTHER = {
    "an action": EXAMPLE.replace("Action2", "Action4"),
    "no action": EXAMPLE.replace("    exit_action: path.to.Action3\n", ""),
    "another slot": EXAMPLE.replace(", do_action", ", entry_action"),
    "a transition's action": EXAMPLE.replace("OnTheWay", "OnAnotherWay"),
    "local": EXAMPLE.replace("local: true", "local: false"),
    "a target": EXAMPLE.replace("target: FirstState", "target: SecondState"),
    "an event": EXAMPLE.replace("event: done", "event: ready"),
    "a final state": EXAMPLE.replace("final: true", "final: false"),
    "retries": EXAMPLE.replace("  states:", "  max_retries: 6\n  states:"),
    "a time-out": EXAMPLE.replace("  states:", "  timeout: 6\n  states:"),
    "no last exit": EXAMPLE.replace("  states:", "  final_exit: false\n  states:"),
}


@pytest.mark.parametrize("what", SAME)
def test_what_a_file_does_not_mean_changes_no_digest(what: str) -> None:
    expected = load_machine("Example", EXAMPLE, "m.yml").digest

    assert load_machine("Example", SAME[what], "m.yml").digest == expected


def test_whatever_a_file_means_changes_the_digest() -> None:
    texts = [EXAMPLE, *OTHER.values()]
    digests = {load_machine("Example", text, "m.yml").digest for text in texts}

    assert len(digests) == len(texts)


# Files made to do harm.


def many_states(count: int, transitions: int = 1) -> str:
    lines = ["machines:\n- name: m\n  states:"]
    for number in range(count):
        leads = ", ".join(f"{{event: e{n}, target: S{number + 1}}}" for n in range(transitions))
        lines.append(f"  - {{name: S{number}, transitions: [{leads}]}}")
    return "\n".join(lines) + "\n"


def large_by_aliases() -> str:
    """A machine of 30 kB that is of 1 MB when its aliases are written out."""
    leads = ", ".join(f"{{event: e{n}, target: S0, action: a.{'b' * 200}}}" for n in range(80))
    states = "\n".join(f"  - {{name: S{n}, transitions: *leads}}" for n in range(1, 40))
    first = f"  - {{name: S0, initial: true, transitions: &leads [{leads}]}}"
    return f"machines:\n- name: m\n  states:\n{first}\n{states}\n"


HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    "1,500 states that nothing leads to": (
        lambda: many_states(1_500),
        "No state is initial",
    ),
    "one machine 999 times": (
        lambda: f"machines:\n- &m {GOOD}\n" + "- *m\n" * 999,
        "There are two machines 'good'",
    ),
    "bad states 999 times": (
        lambda: "machines:\n- &m {name: a, states: [1, 2, 3]}\n" + "- *m\n" * 999,
        "There are two machines 'a'",
    ),
    "1,500 unknown targets among 1,500": (
        lambda: many_states(1_500).replace("target: S", "target: T"),
        "more findings than the first 100",
    ),
    "more than 100 findings in each of 100 machines": (
        lambda: "machines:\n" + f"- {{name: a, states: [{'1, ' * 200}]}}\n" * 100,
        "more findings than the first 100",
    ),
    "large by its aliases": (large_by_aliases, "the machine 'm' is larger than 256 KiB"),
    "a name of 100,000 characters": (
        lambda: f"machines: [{{name: {'n' * 100_000}, states: []}}]\n",
        "cannot be the name of a machine",
    ),
    "an action of 100,000 dots": (
        lambda: EXAMPLE.replace("path.to.Action1", "a" + ".a" * 50_000),
        "is not the dotted name of a class",
    ),
    "an action of 100,000 slashes": (
        lambda: EXAMPLE.replace("path.to.Action1", "a" + "/:.py" * 20_000),
        "is not the dotted name of a class",
    ),
    "itself": (lambda: "machines: &a [*a]\n", "inside its own anchor"),
    "a bomb": (
        lambda: (
            "x-0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + "".join(f"x-{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 9))
            + "machines: *x8\n"
        ),
        "With its aliases written out",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason_and_little_memory(name: str) -> None:
    text, reason = HOSTILE[name][0](), HOSTILE[name][1]
    assert len(text) <= yaml_rules.MAX_BYTES

    tracemalloc.start()
    _, findings = read(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    said = [str(finding) for finding in findings]
    assert any(reason in finding for finding in said), said
    assert len(said) <= MAX_FINDINGS + 1
    assert all(len(finding) < 1_000 and finding.isprintable() for finding in said)
    assert peak < 128 * MEBIBYTE


SNIPPETS = st.sampled_from(
    [
        *("machines:\n", "- name: m\n", "  states:\n", "  - name: A\n", "    initial: true\n"),
        *("    final: true\n", "    do_action: a.B\n", "    transitions:\n", "- import: x.yml\n"),
        *("    - {event: e, target: A}\n", "- &m {name: m}\n", "- *m\n", "  <<: *m\n", "  x: 1\n"),
        *("machines: [", "{name: m, states: [", "{name: A, initial: true, final: true}", "]}", "]"),
    ]
)


@settings(max_examples=100)
@given(text=st.lists(SNIPPETS, max_size=30).map("".join))
def test_whatever_the_text_there_is_a_machine_or_a_reason(text: str) -> None:
    reading = read_machine("m", text, "m.yml")

    errors = [found for found in reading.findings if found.severity is Severity.ERROR]
    assert (reading.machine is None) == bool(errors)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings are not here")
def test_every_recorded_machine_can_be_used() -> None:
    machines = [json.loads(path.read_text()).get("machine") for path in RECORDINGS.glob("*.json")]
    recorded = [machine for machine in machines if machine]

    for machine in recorded:
        text = json.dumps({"machines": [machine]})
        assert load_machine(machine["name"], text, machine["name"]).name == machine["name"]
    assert len(recorded) >= 80
