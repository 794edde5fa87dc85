"""Machines of aws-lambda-fsm, run whole by both functions, do what the library was recorded to do.

Of a functional scenario each invocation is compared: its actions in order, with their contexts and
what they returned. Of a scenario of the library's own infrastructure something like it is done to
ours; the machine has to end as it does when nothing is disturbed.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from cloudseam.stack import Stack, TaskStatus
from state_machine.sources import dynamodb, kinesis, sns
from task_satisfier.executors.python.action_path import ActionPath
from tests.conformance.installation import Disturbance, Installation, Kind
from tests.conformance.recorded_machines import (
    RECORDINGS,
    Invocation,
    Watched,
    machine_of,
    recorded_invocations,
    recording_of,
    scenarios,
    start_of,
)
from tests.python_actions import FOLDER
from tests.sources import of_dynamodb, of_kinesis, of_sns

FUNCTIONAL = scenarios(infrastructure=False)
INFRASTRUCTURE = scenarios(infrastructure=True)
pytestmark = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="the recordings are not beside the repository"
)
# What the library cannot carry it carries as a text; here that is a failure.
UNSERIALISABLE = "serialization"
# Run by Step Functions the library does not count the steps.
UNCOUNTED = "step-function-mode"
CONTAINER_SECONDS = 90
DAY = 86_400


def test_every_scenario_is_played() -> None:
    assert (len(FUNCTIONAL), len(INFRASTRUCTURE)) == (43, 43)
    assert set(INFRASTRUCTURE) == set(DISTURBED) | set(TRANSPORTS) | set(DUPLICATES) | set(ECS)


class Played:
    """One machine, run to where nothing more happens by itself."""

    def __init__(self, recording: dict[str, Any], **fields: Any) -> None:
        self.executor = Watched()
        self.installation = Installation(machine_of(recording), self.executor, **fields)
        self.executor.installation = self.installation

    def run(self, body: Any) -> "Played":
        """Sends the START, and waits."""
        self.installation.send(body)
        self.installation.run()
        return self

    @property
    def invocations(self) -> list[Invocation]:
        """What the executor was given to do."""
        return self.executor.invocations

    @property
    def stack(self) -> Stack:
        """The stack as it is stored."""
        return self.installation.stack()


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """The modules of the library's actions, as they were when they were loaded."""
    path = ActionPath(str(FOLDER))
    for name in ("tracer.IncrementAction", "encrypt_s3.EncryptFile", "ecs.Fireworks"):
        path.find(f"library.{name}")
    raised = json.loads((RECORDINGS / "tracer-failures.json").read_text())
    raises_at = {tuple(each) for each in raised["raised_at_steps_retries"]}
    monkeypatch.setattr(sys.modules["library.tracer"], "raises_at", raises_at)
    monkeypatch.setattr(sys.modules["library.encrypt_s3"], "objects", set())
    monkeypatch.setattr(sys.modules["library.ecs"], "starts", [])
    return lambda name: sys.modules[f"library.{name}"]


@pytest.mark.parametrize("name", [each for each in FUNCTIONAL if each != UNSERIALISABLE])
def test_a_machine_runs_as_it_was_recorded(name: str, library: Callable[[str], Any]) -> None:
    recording = recording_of(name)
    if name == "encrypt_s3-present":
        library("encrypt_s3").objects.add("b/f")

    played = Played(recording).run(start_of(recording))

    expected = list(recorded_invocations(recording))
    assert [_told(each, name) for each in played.invocations] == [
        _told(each, name) for each in expected
    ]
    _assert_delays(recording, played.invocations)
    _assert_outcome(recording, played)
    if "s3_objects" in recording.get("after", {}):
        assert sorted(library("encrypt_s3").objects) == recording["after"]["s3_objects"]


def test_what_cannot_be_carried_fails_and_is_seen() -> None:
    recording = recording_of(UNSERIALISABLE)

    played = Played(recording).run(start_of(recording))

    first = next(recorded_invocations(recording))
    assert [each.actions for each in played.invocations] == 6 * [first.actions]
    assert all(each.context == first.context for each in played.invocations)
    [letter] = played.installation.letters
    assert "context['error']" in letter.attributes["reason"]
    _assert_given_up(played)


def _told(invocation: Invocation, name: str) -> dict[str, Any]:
    system = dict(invocation.system)
    if name == UNCOUNTED:
        del system["steps"]
    return {"system": system, "context": invocation.context, "actions": invocation.actions}


def _assert_delays(recording: dict[str, Any], invocations: list[Invocation]) -> None:
    """What a transition waits for is told exactly; a retry waits for a random time."""
    each = recording.get("start") or {}
    additional = each.get("additional_delay_seconds", 0)
    for told, former, latter in zip(
        recording["invocations"], invocations, invocations[1:], strict=False
    ):
        waited = (latter.at - former.at) / 1000
        retries = latter.system["retries"]
        if retries:
            assert additional <= waited <= additional + min(60, 2**retries) + 1
        elif told.get("sent"):
            assert waited == told["sent"][0]["delay"]


def _assert_outcome(recording: dict[str, Any], played: Played) -> None:
    """It ended, parked, or was given up, as the library's did."""
    outcome = recording["invocations"][-1].get("outcome")
    if outcome is not None and outcome.startswith("fatal"):
        _assert_given_up(played)
    elif recording["name"] == "overview-none-event":
        assert not played.stack.is_removed
        assert [task.status for task in played.stack.tasks] == [TaskStatus.SATISFIED]
    else:
        assert played.stack.is_removed
        assert played.installation.letters == []


def _assert_given_up(played: Played) -> None:
    """It stands there with its failure and one dead letter, which has it tried again."""
    assert played.stack.has_failed
    [letter] = played.installation.letters
    assert letter.attributes["error"] == "TaskGivenUp"
    before = len(played.invocations)
    played.installation.send(letter.body)
    played.installation.run()
    assert len(played.invocations) > before


LOOPER, LOOPER_ONCE = "looper-success", "looper-fail-once"
SIMPLE, SIMPLE_ONCE = "simple-success", "simple-fail-once"
# Two loops were recorded over other transports only, where nothing went wrong.
LOOPER_TWO = "transport-sns"


def _at(port: str, kind: Kind, first: int = 2, calls: int = 1) -> Disturbance:
    return Disturbance(port, kind, first, calls)


# By what is called at the library's point: what is called there here, for the second invocation.
CRASHES = {
    "before-acquire": _at("claim", Kind.CRASH_BEFORE),
    "after-acquire": _at("claim", Kind.CRASH_AFTER),
    "after-action-before-send": _at("answers", Kind.CRASH_BEFORE),
    "after-send": _at("answers", Kind.CRASH_AFTER),
    # Where it has noted that a step was sent, the transition has been committed here.
    "after-dispatched-primary": _at("save", Kind.CRASH_AFTER, 3),
    "after-dispatched-secondary": _at("tasks", Kind.CRASH_BEFORE, 3),
    "after-checkpoint": _at("tasks", Kind.CRASH_AFTER, 3),
    "after-release": _at("save", Kind.CRASH_BEFORE, 3),
}
# The twin of each scenario, and what is done to it here.
DISTURBED: dict[str, tuple[str, list[Disturbance]]] = {
    "checkpoint-down": (LOOPER_TWO, [_at("save", Kind.FAIL_AFTER)]),
    "failover-both-caches-down": (
        LOOPER,
        [_at("load", Kind.FAIL_BEFORE, 3, 3), _at("claim", Kind.FAIL_BEFORE, 2, 3)],
    ),
    "failover-both-retries-down": (LOOPER_ONCE, [_at("timers", Kind.FAIL_BEFORE, 1, 3)]),
    "failover-both-streams-down": (
        LOOPER,
        [_at("tasks", Kind.FAIL_BEFORE, 2, 3), _at("answers", Kind.FAIL_BEFORE, 2, 3)],
    ),
    "failover-cache-primary-down": (LOOPER, [_at("claim", Kind.FAIL_BEFORE)]),
    "failover-everything-down": (
        LOOPER,
        [
            _at(port, Kind.FAIL_BEFORE, 1, 2)
            for port in ("load", "save", "claim", "tasks", "answers")
        ],
    ),
    "failover-retry-primary-down": (LOOPER_ONCE, [_at("timers", Kind.FAIL_BEFORE, 1)]),
    "failover-stream-primary-down": (LOOPER, [_at("tasks", Kind.FAIL_BEFORE)]),
    "metrics-down": (SIMPLE_ONCE, []),
    "network-error-cache": (
        SIMPLE,
        [_at("save", Kind.FAIL_AFTER, 1), _at("load", Kind.FAIL_BEFORE)],
    ),
    "network-error-primary-retry": (SIMPLE_ONCE, [_at("timers", Kind.FAIL_AFTER, 1)]),
    "network-error-primary-stream": (
        LOOPER,
        [_at("tasks", Kind.FAIL_AFTER), _at("answers", Kind.FAIL_AFTER)],
    ),
    "no-secondary-cache": (LOOPER_TWO, []),
    # Both are lost for good: the sweep notices.
    "retry-dynamodb-secondary-never-polled": (SIMPLE_ONCE, [_at("timers", Kind.LOSE, 1)]),
    "retry-dynamodb-timer": ("retry-dynamodb-timer", [_at("timers", Kind.LOSE)]),
    "retry-kinesis-no-backoff": ("retry-kinesis-no-backoff", [_at("tasks", Kind.LOSE)]),
}
DISTURBED |= {
    f"crash-{point}-vis{seconds}": (LOOPER, [disturbance])
    for point, disturbance in CRASHES.items()
    for seconds in (30, 360)
}


@pytest.mark.parametrize("name", DISTURBED)
def test_a_disturbed_machine_ends_as_its_undisturbed_twin(name: str) -> None:
    twin, disturbances = DISTURBED[name]
    recording = recording_of(name)
    visibility = 360 if name.endswith("vis360") else 30

    played = Played(recording, disturbances=disturbances, visibility=visibility)
    played.run(start_of(recording))

    assert set(played.installation.struck) == set(disturbances)
    _assert_as_twin(played, twin)
    assert played.installation.letters == []


def _assert_as_twin(played: Played, twin: str) -> None:
    """The steps that counted are the twin's, and what was run again for them did the same."""
    expected = list(_counted(_recorded_once(twin)))
    assert [_done(each) for each in _counted(played.invocations)] == [
        _done(each) for each in expected
    ]
    for each in played.invocations:
        [same] = [e for e in _recorded_once(twin) if _key(e) == _key(each)]
        assert _done(each) == _done(same)
    assert played.stack.is_removed


def _recorded_once(twin: str) -> list[Invocation]:
    """The invocations of a recording, each once: steps and retries tell which it is."""
    return list({_key(each): each for each in recorded_invocations(recording_of(twin))}.values())


def _counted(invocations: list[Invocation]) -> Iterator[Invocation]:
    """Of each step and retry the last run."""
    yield from {_key(each): each for each in invocations}.values()


def _key(invocation: Invocation) -> tuple[int, int]:
    return invocation.system["steps"], invocation.system["retries"]


def _done(invocation: Invocation) -> dict[str, Any]:
    return {
        "system": invocation.system,
        "context": invocation.context,
        "actions": invocation.actions,
    }


def _from_kinesis(body: dict[str, Any]) -> Any:
    return next(iter(kinesis.read(of_kinesis(body), 0)))


def _from_dynamodb(body: dict[str, Any]) -> Any:
    item = {name: TypeSerializer().serialize(value) for name, value in body.items()}
    return next(iter(dynamodb.read(of_dynamodb(item), 0)))


def _from_sns(body: dict[str, Any]) -> Any:
    return next(iter(sns.read(of_sns(json.dumps(body)))))


TRANSPORTS = {
    "transport-dynamodb": _from_dynamodb,
    "transport-kinesis": _from_kinesis,
    "transport-sns": _from_sns,
}


@pytest.mark.parametrize("name", TRANSPORTS)
def test_a_machine_started_by_another_transport_runs_as_recorded(name: str) -> None:
    recording = recording_of(name)
    delivery = TRANSPORTS[name](start_of(recording))

    played = Played(recording).run(delivery.body)

    expected = list(recorded_invocations(recording))
    assert [_done(each) for each in played.invocations] == [_done(each) for each in expected]
    assert played.stack.is_removed


DUPLICATES = {
    "duplicate-after-25h": (SIMPLE, 25 * 3600),
    "duplicate-start-same-correlation-id": (LOOPER, 0),
    "duplicate-while-running": ("longpause-success", 0),
    "next-step-arrives-before-lease-release": (LOOPER, 0),
}


@pytest.mark.parametrize("name", DUPLICATES)
def test_what_comes_twice_is_done_once(name: str) -> None:
    twin, seconds = DUPLICATES[name]
    recording = recording_of(name)
    played = Played(recording, twice=True)
    again = start_of(recording) | {"context": {"key": "val2"}}
    played.installation.send(again, after=max(seconds, 0.001))

    played.run(start_of(recording))

    expected = list(recorded_invocations(recording_of(twin)))
    assert [_done(each) for each in played.invocations] == [_done(each) for each in expected]
    assert played.stack.is_removed
    assert played.installation.letters == []


# What is sent when the container ends: of the one that fails first an event that is not known.
ECS = {
    "ecs-success": ("done",),
    "ecs-container-fails": ("fail", "done"),
    "ecs-run_task-fails-once": ("done",),
    "ecs-unpatched-py3": ("done",),
}


@pytest.mark.parametrize("name", ECS)
def test_a_machine_that_waits_for_containers_ends(name: str, library: Callable[[str], Any]) -> None:
    recording = recording_of(name)
    played = Played(recording)
    refused = ["once"] if name == "ecs-run_task-fails-once" else []

    def start(state: str) -> None:
        if refused:
            refused.clear()
            raise RuntimeError("no room in the cluster")
        for number, event in enumerate(ECS[name], 1):
            body = {"stackId": "c", "event": event, "eventId": f"{state}/{event}"}
            played.installation.send(body, after=number * CONTAINER_SECONDS)

    library("ecs").starts.append(start)

    played.run(start_of(recording))

    context = recording["start"]["user_context"]
    twin = list(recorded_invocations(recording_of("ecs-success")))
    counted = [one for one in played.invocations if not any("raised" in a for a in one.actions)]
    assert list(map(_slots, counted)) == list(map(_slots, twin))
    assert all(one.context == context for one in played.invocations)
    assert played.stack.is_removed
    rejected = [json.loads(letter.body)["event"] for letter in played.installation.letters]
    assert rejected == (["fail", "fail"] if "fail" in ECS[name] else [])


def _slots(invocation: Invocation) -> list[tuple[str, str, str | None]]:
    return [(each["slot"], each["of"], each["returned"]) for each in invocation.actions]
