"""The history: ids, what led to what, and details in the form of GetExecutionHistory."""

import json
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudseam.languages.asl.execution import Execution, Status
from cloudseam.languages.asl.interpreter import Interpreter
from tests.asl_player import BEGINNING, Player, one_state, play

TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}
BRANCHES = [
    {"StartAt": name, "States": {name: {**TASK, "Parameters": {"MessageBody": name}, "End": True}}}
    for name in "AB"
]


def test_each_event_has_its_number_its_time_and_what_led_to_it() -> None:
    player = Player(
        {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": BRANCHES, "End": True}}}
    )
    player.now += 1000
    player.succeed(1)
    player.succeed(2)

    told = [(event["id"], event["previousEventId"], event["type"]) for event in player.events]
    assert told == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "ParallelStateEntered"),
        (3, 2, "ParallelStateStarted"),
        (4, 3, "TaskStateEntered"),
        (5, 3, "TaskStateEntered"),
        (6, 4, "TaskScheduled"),
        (7, 6, "TaskStarted"),
        (8, 5, "TaskScheduled"),
        (9, 8, "TaskStarted"),
        (10, 7, "TaskSucceeded"),
        (11, 10, "TaskStateExited"),
        (12, 9, "TaskSucceeded"),
        (13, 12, "TaskStateExited"),
        (14, 13, "ParallelStateExited"),
        (15, 14, "ExecutionSucceeded"),
    ]
    assert {event["timestamp"] for event in player.events[:9]} == {BEGINNING}
    assert {event["timestamp"] for event in player.events[9:]} == {BEGINNING + 1000}


def test_details_are_as_the_api_has_them() -> None:
    player = Player(one_state({**TASK, "Parameters": {"q": "é"}, "TimeoutSeconds": 9}), {"in": 1})
    player.succeed({"out": 2})
    details = {
        event["type"]: {name: told for name, told in event.items() if name.endswith("Details")}
        for event in player.events
    }

    whole = {"truncated": False}
    service = {"resourceType": "sqs", "resource": "sendMessage"}
    assert details == {
        "ExecutionStarted": {
            "executionStartedEventDetails": {
                "input": '{"in":1}',
                "inputDetails": whole,
                "roleArn": "role",
            }
        },
        "TaskStateEntered": {
            "stateEnteredEventDetails": {"name": "S", "input": '{"in":1}', "inputDetails": whole}
        },
        "TaskScheduled": {
            "taskScheduledEventDetails": {
                **service,
                "region": "us-east-1",
                "parameters": '{"q":"é"}',
                "timeoutInSeconds": 9,
            }
        },
        "TaskStarted": {"taskStartedEventDetails": service},
        "TaskSucceeded": {
            "taskSucceededEventDetails": {
                **service,
                "output": '{"out":2}',
                "outputDetails": whole,
            }
        },
        "TaskStateExited": {
            "stateExitedEventDetails": {"name": "S", "output": '{"out":2}', "outputDetails": whole}
        },
        "ExecutionSucceeded": {
            "executionSucceededEventDetails": {"output": '{"out":2}', "outputDetails": whole}
        },
    }


def test_a_bare_failure_has_empty_details() -> None:
    player = play(one_state({"Type": "Fail"}))

    assert player.failure == (None, None)
    assert player.events[-1]["executionFailedEventDetails"] == {}


# Machines that wait for tasks and timers side by side, and the order in which these are answered.
LEAVES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"Type": "Pass", "Parameters": {"x.$": "$"}},
        {"Type": "Wait", "Seconds": 3},
        TASK,
        {**TASK, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]},
        {**TASK, "TimeoutSeconds": 2, "HeartbeatSeconds": 1},
    ]
)


def chain(states: list[dict[str, Any]]) -> dict[str, Any]:
    names = [f"S{number}" for number in range(len(states))]
    ways = [{"Next": name} for name in names[1:]] + [{"End": True}]
    return {
        "StartAt": "S0",
        "States": {
            name: {**state, **way} for name, state, way in zip(names, states, ways, strict=True)
        },
    }


def around(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    chains = st.lists(inner, min_size=1, max_size=3).map(chain)
    parallel = st.lists(chains, min_size=1, max_size=3).map(
        lambda branches: {"Type": "Parallel", "Branches": branches}
    )
    mapped = st.tuples(chains, st.integers(0, 2)).map(
        lambda told: {
            "Type": "Map",
            "ItemProcessor": told[0],
            "MaxConcurrency": told[1],
            "ItemsPath": "$$.Execution.Input",
        }
    )
    return parallel | mapped


MACHINES = st.lists(st.recursive(LEAVES, around, max_leaves=6), min_size=1, max_size=3).map(chain)


class Remembering(Player):
    """Never reads the execution back: what the object has counts, and not its JSON."""

    def apply(self, act: Any) -> object:
        kept = Execution.of_json
        Execution.of_json = classmethod(lambda cls, told: self.execution)  # type: ignore[assignment, method-assign]  # only here
        try:
            return super().apply(act)
        finally:
            Execution.of_json = kept  # type: ignore[method-assign]  # put back


def answer(token: str, kind: int, number: int, interpreter: Interpreter) -> None:
    if kind == 1:
        interpreter.succeed_task(token, number)
    else:
        interpreter.fail_task(token, "E", "why")


def driven(player: Player, steps: list[tuple[int, int]]) -> Player:
    """The player after answers and moments in this order; the same for the same steps."""
    for kind, number in steps:
        if player.execution.status is not Status.RUNNING:
            break
        if player.open_tasks and kind:
            player.open_tasks.insert(0, player.open_tasks.pop(number % len(player.open_tasks)))
            asked = player.open_tasks.pop(0)
            player.apply(partial(answer, asked.token, kind, number))
        elif player.execution.wakes_at:
            player.wake()
    return player


@given(MACHINES, st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=20))
def test_an_execution_goes_on_the_same_from_its_json(
    definition: dict[str, Any], steps: list[tuple[int, int]]
) -> None:
    stored = driven(Player(definition, [1, 2]), steps)
    remembered = driven(Remembering(definition, [1, 2]), steps)

    assert stored.events == remembered.events
    assert json.loads(json.dumps(stored.execution.as_json())) == json.loads(
        json.dumps(remembered.execution.as_json())
    )
    assert [event["id"] for event in stored.events] == list(range(1, len(stored.events) + 1))
    if stored.execution.status is not Status.RUNNING:
        assert stored.execution.threads == {}
        assert stored.execution.wakes_at == 0
