"""An execution that did not end well goes on from where it was."""

from typing import Any

import pytest

from cloudseam.languages.asl.execution import Status
from tests.asl_player import Player

TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}
PASS: dict[str, Any] = {"Type": "Pass", "End": True}


def redriven(player: Player) -> Player:
    """The execution, after it was redriven. What was asked for before has nobody waiting."""
    player.open_tasks.clear()
    player.apply(lambda interpreter: interpreter.redrive())
    return player


def test_what_had_succeeded_is_not_done_again() -> None:
    states = {"A": {**TASK, "Next": "B"}, "B": {**TASK, "Next": "C"}, "C": PASS}
    player = Player({"StartAt": "A", "States": states}, "in")
    player.succeed("a")
    player.fail("E", "why")
    assert player.execution.status is Status.FAILED

    redriven(player)
    (work,) = player.open_tasks
    player.succeed("b")

    assert work.arguments == "a"
    assert player.output == "b"
    assert player.failure == (None, None)
    assert player.types[player.types.index("ExecutionRedriven") :] == [
        "ExecutionRedriven",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]


def test_it_is_told_how_often_and_when() -> None:
    states = {"A": {**TASK, "Next": "B"}, "B": {**PASS, "Parameters": {"c.$": "$$"}}}
    player = Player({"StartAt": "A", "States": states})
    player.fail("E")
    redriven(player)
    player.fail("E")
    redriven(player)
    player.succeed("b")

    execution = player.output["c"]["Execution"]
    assert execution["RedriveCount"] == 2
    assert execution["RedriveTime"] == "2023-11-14T22:13:20.000Z"
    redrives = [event for event in player.events if event["type"] == "ExecutionRedriven"]
    assert [event["executionRedrivenEventDetails"] for event in redrives] == [
        {"redriveCount": 1},
        {"redriveCount": 2},
    ]


def test_only_branches_that_did_not_end_well_begin_again() -> None:
    branches = [{"StartAt": name, "States": {name: {**TASK, "End": True}}} for name in "ABC"]
    player = Player({"StartAt": "P", "States": {"P": parallel(branches)}})
    player.succeed("a")
    player.fail("E")

    redriven(player)
    assert len(player.open_tasks) == 2
    player.succeed("b")
    player.succeed("c")

    assert player.output == ["a", "b", "c"]


def parallel(branches: list[Any]) -> dict[str, Any]:
    return {"Type": "Parallel", "Branches": branches, "End": True}


def test_only_iterations_that_did_not_end_well_begin_again() -> None:
    inner = {"StartAt": "I", "States": {"I": {**TASK, "End": True}}}
    state = {"Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 2, "End": True}
    player = Player({"StartAt": "M", "States": {"M": state}}, [1, 2, 3, 4])
    player.succeed("one")
    player.fail("E")

    redriven(player)
    assert [work.arguments for work in player.open_tasks] == [2, 3]
    for output in ("two", "three", "four"):
        player.succeed(output)

    assert player.output == ["one", "two", "three", "four"]


def test_a_distributed_map_begins_with_all_of_its_items() -> None:
    inner = {"StartAt": "I", "States": {"I": {**TASK, "End": True}}}
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    state = {"Type": "Map", "ItemProcessor": {"ProcessorConfig": config, **inner}, "End": True}
    player = Player({"StartAt": "M", "States": {"M": state}}, [1, 2])
    player.succeed("one")
    player.fail("E")

    redriven(player)

    assert [work.arguments for work in player.open_tasks] == [1, 2]
    assert player.types.count("MapRunStarted") == 2


def test_a_state_that_failed_by_itself_fails_again() -> None:
    states = {"F": {"Type": "Fail", "Error": "E", "Cause": "why"}}
    player = redriven(Player({"StartAt": "F", "States": states}))

    assert player.failure == ("E", "why")
    assert player.types[-2:] == ["ExecutionRedriven", "ExecutionFailed"]


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda interpreter: interpreter.abort(None, None), id="stopped"),
        pytest.param(None, id="out of time"),
    ],
)
def test_one_that_was_ended_goes_on_with_its_task(end: Any) -> None:
    definition = {"StartAt": "A", "States": {"A": {**TASK, "End": True}}, "TimeoutSeconds": 9}
    player = Player(definition)
    if end is None:
        player.wake(9)
    else:
        player.apply(end)
    assert player.execution.status in (Status.ABORTED, Status.TIMED_OUT)

    redriven(player)
    assert player.execution.due == player.now + 9000
    player.succeed("a")

    assert player.output == "a"


def test_retries_begin_anew() -> None:
    state = {**TASK, "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}], "End": True}
    player = Player({"StartAt": "A", "States": {"A": state}})
    player.fail("E")
    player.wake()
    player.fail("E")
    redriven(player)
    player.fail("E")

    assert player.execution.status is Status.RUNNING
    player.wake()
    player.succeed("a")
    assert player.output == "a"


def test_variables_are_as_they_were() -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "B"},
        "B": {**TASK, "Next": "C"},
        "C": {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": True},
    }
    player = Player({"StartAt": "A", "States": states})
    player.fail("E")
    redriven(player)
    player.succeed("b")

    assert player.output == {"v": 1}
