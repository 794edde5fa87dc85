"""Parallel: branches that run side by side, and what becomes of the others when one fails."""

from typing import Any

from cloudseam.languages.asl.execution import Status
from tests.asl_player import Player, play

TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}


def branch(**states: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    state = {"Type": "Parallel", "Branches": list(branches), "End": True, **fields}
    return {"StartAt": "P", "States": {"P": state, "Caught": {"Type": "Pass", "End": True}}}


def test_outputs_are_in_the_order_of_the_branches_whoever_ends_first() -> None:
    player = Player(parallel(branch(A=TASK), branch(B=TASK)))
    player.open_tasks.reverse()
    player.succeed("b")
    player.succeed("a")

    assert player.output == ["a", "b"]


def test_all_branches_enter_their_first_states_before_one_leaves_it() -> None:
    state = {"Type": "Pass", "End": True}
    player = play(parallel(branch(A=state), branch(B=state)))

    inside = [kind for kind in player.types if kind.startswith("Pass")]
    assert inside == ["PassStateEntered", "PassStateEntered", "PassStateExited", "PassStateExited"]


def test_a_branch_that_fails_ends_its_siblings() -> None:
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    player = Player(parallel(branch(A=TASK), branch(B=TASK), branch(C=wait)))
    (_, other) = player.open_tasks
    player.fail("E", "why")

    assert player.execution.status is Status.FAILED
    assert player.failure == ("E", "why")
    assert player.execution.threads == {}
    assert player.execution.wakes_at == 0
    assert not player.apply(lambda interpreter: interpreter.succeed_task(other.token, "late"))
    assert player.types[-5:] == [
        "TaskFailed",
        "TaskStateAborted",
        "TaskStateAborted",
        "ParallelStateFailed",
        "ExecutionFailed",
    ]


def test_a_parallel_catches_what_its_branches_do_not() -> None:
    catcher = {"ErrorEquals": ["E"], "Next": "Caught", "ResultPath": "$.error"}
    player = Player(parallel(branch(A=TASK), branch(B=TASK), Catch=[catcher]), {"in": 1})
    player.fail("E", "why")

    assert player.output == {"in": 1, "error": {"Error": "E", "Cause": "why"}}


def test_branches_inside_branches_end_with_the_outer_one() -> None:
    inner = {"Type": "Parallel", "Branches": [branch(C=TASK), branch(D=TASK)], "End": True}
    player = Player(parallel(branch(A=TASK), branch(B=inner)))
    player.fail("E")

    assert player.execution.threads == {}
    assert player.types.count("TaskStateAborted") == 3


def test_a_branch_sees_the_variables_around_it_and_keeps_its_own() -> None:
    inside = {"Type": "Pass", "Assign": {"x": "inner"}, "Next": "Show"}
    show = {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}, "End": True}
    definition = {
        "StartAt": "Set",
        "States": {
            "Set": {"Type": "Pass", "Assign": {"x": "outer", "y": "outer"}, "Next": "P"},
            "P": {"Type": "Parallel", "Branches": [branch(In=inside, Show=show)], "Next": "After"},
            "After": {
                "Type": "Pass",
                "Parameters": {"inside.$": "$[0]", "after.$": "$x"},
                "End": True,
            },
        },
    }

    assert play(definition).output == {"inside": {"x": "inner", "y": "outer"}, "after": "outer"}
