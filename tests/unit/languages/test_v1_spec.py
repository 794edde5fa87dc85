"""What a CloudSeam v1 file says becomes a machine that says the same."""

from pathlib import Path

import pytest

from cloudseam.event import Json
from cloudseam.languages import load_machine, read_machine
from cloudseam.languages.cloudseam_v1.definition import Definition, Handler, State
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.task_spec import TaskSpec

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


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.name)
def test_a_sample_machine_has_no_findings_at_all(path: Path) -> None:
    reading = read_machine(path.stem, path.read_bytes(), path.name)

    assert reading.findings == ()
    assert reading.machine is not None
