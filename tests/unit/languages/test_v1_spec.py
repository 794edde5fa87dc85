"""What a CloudSeam v1 file says becomes a machine that says the same."""

from pathlib import Path

import pytest

from cloudseam.event import Json
from cloudseam.languages import load_machine, read_machine
from cloudseam.languages.cloudseam_v1.definition import Definition, Handler, State
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.task_spec import RetryPolicy, TaskSpec

MACHINES = sorted((Path(__file__).parents[3] / "machines").glob("*.yml"))

TEXT = """\
version: 1
events: [GO, STAY, BOTH]
x-shared: &shared
  STAY: [{action: no-op}]
x-source: &source {type: s3, bucket: b, key: k/}
states:
  INIT:
    on:
      GO: [{action: advance, state: RUN}]
      <<: *shared
  RUN:
    tasks: [second, first]
    on:
      NEXT: [{action: advance, state: END}]
      BOTH: [{action: advance, state: INIT}, {action: no-op}]
      STAY: []
  END: {terminal: "true"}
tasks:
  first: {executor: lambda, config: {name: f, args: {n: 1, deep: [{a: ~}]}}}
  second: {executor: terraform, config: {source: *source, action: apply}}
"""


def machine_of(text: str) -> StatesMachine:
    machine = load_machine("m", text, "m.yml")
    assert isinstance(machine, StatesMachine)
    return machine


def test_a_file_becomes_its_definition() -> None:
    source: Json = {"type": "s3", "bucket": "b", "key": "k/"}

    assert machine_of(TEXT).definition == Definition(
        events=("GO", "STAY", "BOTH"),
        states={
            "INIT": State("INIT", on={"GO": Handler("RUN"), "STAY": Handler()}),
            "RUN": State(
                "RUN",
                tasks=("second", "first"),
                on={"NEXT": Handler("END"), "BOTH": Handler("INIT"), "STAY": Handler()},
            ),
            "END": State("END", terminal=True),
        },
        tasks={
            "first": TaskSpec(
                "first", "lambda", {"name": "f", "args": {"n": 1, "deep": [{"a": None}]}}
            ),
            "second": TaskSpec("second", "terraform", {"source": source, "action": "apply"}),
        },
    )


def edited(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


ACCEPTED = {
    "version 1.0": edited("version: 1", "version: 1.0"),
    "version as text": edited("version: 1", 'version: "1"'),
    "version in hexadecimal": edited("version: 1", "version: 0x1"),
    "a free key of nothing": TEXT + "x-nothing:\n",
    "a free key of anything": TEXT + "x-any: [{GO: !!str 1}, 2]\n",
    "terminal as a boolean": edited('"true"', "true"),
    "terminal as the text false": edited("INIT:\n", 'INIT:\n    terminal: "false"\n'),
    "a state that says nothing": edited("  END:", "  A: {}\n  END:"),
    "empty lists": edited("  END:", "  A: {tasks: [], on: {GO: []}}\n  END:"),
    "a terminal state with tasks and no NEXT": edited('"true"}', "true, tasks: [first]}"),
    "a terminal state with handlers": edited('"true"}', "true, on: {NEXT: [], GO: []}}"),
    "INIT is terminal": edited("INIT:\n", "INIT:\n    terminal: true\n"),
    "NEXT leads to itself": edited("NEXT: [{action: advance, state: END}]", "NEXT: []"),
    "an advance to INIT": edited("STAY: []", "STAY: [{action: advance, state: INIT}]"),
    "digits and dashes": edited("GO", "-1-").replace("GO", "-1-"),
    "no events": "version: 1\nevents: []\nstates: {INIT: {terminal: true}}\ntasks: {}\n",
    "a task of any printable name": TEXT
    + "  'naïve task: #1 — 漢字': {executor: lambda, config: {name: f}}\n",
    "a local source and variables": edited(
        "{source: *source, action: apply}",
        "{source: {type: local, location: ./x}, action: destroy, variables: {a: {b: [1]}}}",
    ),
    "an empty mapping of variables": edited("apply}", "apply, variables: {}}"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_a_file_is_accepted_with(name: str) -> None:
    reading = read_machine("m", ACCEPTED[name], "m.yml")

    assert reading.machine is not None, reading.findings


HEAD, _, REST = TEXT.partition("states:\n")
STATES, _, TASKS = REST.partition("tasks:\n  first")
SAME = {
    "comments": "# a comment\n" + TEXT.replace("  RUN:\n", "  RUN:  # it runs\n"),
    "another order of keys": f"{HEAD}tasks:\n  first{TASKS}states:\n{STATES}",
    "no anchors": edited("<<: *shared", "STAY: [{action: no-op}]").replace(
        "*source", "{key: k/, type: s3, bucket: b}"
    ),
    "other words for the same": edited('"true"', "true").replace("{action: no-op}", ""),
    "another free key": TEXT + "x-note: 1\n",
}


@pytest.mark.parametrize("name", SAME)
def test_the_digest_is_the_same_with(name: str) -> None:
    assert SAME[name] != TEXT
    assert machine_of(SAME[name]).digest == machine_of(TEXT).digest


DIFFERENT = {
    "another target": edited("state: RUN", "state: END"),
    "another order of tasks": edited("[second, first]", "[first, second]"),
    "another config": edited("{n: 1", "{n: 2"),
    "a number of another kind": edited("{n: 1", "{n: 1.0"),
    "a state more": edited("  END:", "  A: {}\n  END:"),
    "no end": edited("END: {terminal", "END: {}\n  LAST: {terminal"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_digest_is_another_with(name: str) -> None:
    digest = machine_of(DIFFERENT[name]).digest

    assert digest != machine_of(TEXT).digest
    assert len(digest) == 64


def test_a_machine_without_timing_has_the_digest_that_it_always_had() -> None:
    """Stacks are pinned to it."""
    assert machine_of(TEXT).digest == (
        "76e8eb743cf5ef22f5092abb53b6df9f7f02a4aa753ceaa27dc353e0c031fa89"
    )


# ---- timing


def timed(timing: str) -> str:
    """The text with these keys in its first task."""
    return edited("{executor: lambda,", f"{{executor: lambda, {timing},")


def task_of(timing: str) -> TaskSpec:
    return machine_of(timed(timing)).definition.tasks["first"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1", 1),
        ("90", 90),
        ("2.5", 2.5),
        ("1e3", 1000),
        ("90s", 90),
        ("90 s", 90),
        ('"90s"', 90),
        ("0.5m", 30),
        ("30m", 1_800),
        ("1.5h", 5_400),
        ("365d", 31_536_000),
    ],
)
def test_a_timeout_is_a_number_of_seconds_or_has_a_unit(written: str, seconds: float) -> None:
    assert task_of(f"timeout: {written}").timeout == seconds


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        pytest.param("3", RetryPolicy(3), id="short"),
        pytest.param("{attempts: 2}", RetryPolicy(2), id="attempts"),
        pytest.param("{attempts: 100, wait: 0}", RetryPolicy(100, wait=0), id="no-wait"),
        pytest.param("{attempts: 2, factor: 1.5}", RetryPolicy(2, factor=1.5), id="factor"),
        pytest.param("{attempts: 2, jitter: false}", RetryPolicy(2, jitter=False), id="no-jitter"),
        pytest.param("{attempts: 2, on: ['*']}", RetryPolicy(2), id="any"),
        pytest.param(
            "{attempts: 2, on: [Lost, Mine, Lost]}", RetryPolicy(2, on=("Lost", "Mine")), id="on"
        ),
        pytest.param(
            "{attempts: 4, wait: 30s, factor: 10, longest: 7d, jitter: true, on: [Timeout]}",
            RetryPolicy(4, wait=30, factor=10, longest=604_800, on=("Timeout",)),
            id="all",
        ),
    ],
)
def test_a_retry_is_a_policy_with_its_defaults(written: str, policy: RetryPolicy) -> None:
    assert task_of(f"retry: {written}").retry == policy


def test_a_task_without_timing_has_neither_timeout_nor_retry() -> None:
    task = machine_of(TEXT).definition.tasks["first"]

    assert (task.timeout, task.retry) == (None, None)


SAME_TIMING = {
    "seconds and a unit": ("timeout: 1800", "timeout: 30m"),
    "whole and broken numbers": ("timeout: 60", "timeout: 60.0"),
    "the short form": ("retry: 3", "retry: {attempts: 3}"),
    "the defaults": ("retry: 3", "retry: {attempts: 3, wait: 10s, factor: 2.0, longest: 0.25h}"),
    "kinds in another order": (
        "retry: {attempts: 2, on: [A, B]}",
        "retry: {attempts: 2, on: [B, A, B]}",
    ),
    "all kinds": ("retry: 2", "retry: {attempts: 2, jitter: true, on: ['*']}"),
}


@pytest.mark.parametrize("name", SAME_TIMING)
def test_the_digest_is_the_same_with_other_words_for_the_timing(name: str) -> None:
    one, other = (machine_of(timed(timing)).digest for timing in SAME_TIMING[name])

    assert one == other


def test_every_part_of_the_timing_is_in_the_digest() -> None:
    timings = [
        "timeout: 30m",
        "timeout: 31m",
        "retry: 2",
        "retry: 3",
        "retry: 2, timeout: 30m",
        "retry: {attempts: 2, wait: 11s}",
        "retry: {attempts: 2, factor: 3}",
        "retry: {attempts: 2, longest: 14m}",
        "retry: {attempts: 2, jitter: false}",
        "retry: {attempts: 2, on: [Lost]}",
        "retry: {attempts: 2, on: [Lost, Timeout]}",
    ]

    digests = {machine_of(timed(timing)).digest for timing in timings}

    assert len(digests) == len(timings)
    assert machine_of(TEXT).digest not in digests


# ---- the source of a machine


SOURCES: dict[str, str | bytes] = {
    "text": TEXT,
    "bytes": TEXT.encode(),
    "bytes with a byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "lines that end as on Windows": TEXT.replace("\n", "\r\n").encode(),
    "characters beyond ASCII": edited("deep", "tief 深").encode(),
    "timing": timed("timeout: 90s, retry: {attempts: 3, on: [Lost]}"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_same_machine_can_be_loaded_from_its_source_again(name: str) -> None:
    machine = load_machine("m", SOURCES[name], "m.yml")

    again = load_machine("m", machine.source, "kept")

    assert (again.digest, again) == (machine.digest, machine)


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.name)
def test_a_sample_machine_has_no_findings_at_all(path: Path) -> None:
    reading = read_machine(path.stem, path.read_bytes(), path.name)

    assert reading.findings == ()
    assert reading.machine is not None
