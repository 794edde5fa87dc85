"""Time-outs and heartbeats of tasks, and of the whole execution."""

from typing import Any

import pytest

from cloudseam.languages.asl.execution import Status
from tests.asl_player import BEGINNING, Player, one_state

LAMBDA = "arn:aws:lambda:us-east-1:111111111111:function:f"
ACTIVITY = "arn:aws:states:us-east-1:111111111111:activity:a"
SERVICE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return one_state({"Type": "Task", "Resource": resource, **fields})


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        (LAMBDA, "LambdaFunctionTimedOut"),
        (ACTIVITY, "ActivityTimedOut"),
        (SERVICE, "TaskTimedOut"),
    ],
)
def test_a_task_without_an_answer_times_out(resource: str, kind: str) -> None:
    player = Player(task(resource, TimeoutSeconds=5))
    (asked,) = player.open_tasks
    player.wake(after=4.999)
    assert player.execution.status is Status.RUNNING
    player.wake(after=0.001)

    assert player.failure == ("States.Timeout", None)
    assert kind in player.types
    assert not player.apply(lambda interpreter: interpreter.succeed_task(asked.token, "late"))


def test_an_answer_in_time_ends_the_time_out() -> None:
    player = Player(task(LAMBDA, TimeoutSeconds=5))
    player.wake(after=4)
    player.succeed("done")

    assert player.output == "done"
    assert player.execution.wakes_at == 0


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"TimeoutSecondsPath": "$.s"}, id="path"),
        pytest.param(
            {"QueryLanguage": "JSONata", "TimeoutSeconds": "{% $states.input.s %}"}, id="jsonata"
        ),
    ],
)
def test_the_time_may_come_from_the_input(fields: dict[str, Any]) -> None:
    player = Player(task(LAMBDA, **fields), {"s": 3})

    assert player.execution.wakes_at == BEGINNING + 3000
    assert player.open_tasks[0].timeout == 3


@pytest.mark.parametrize("told", [0, -1, "5", True, None])
def test_a_time_that_is_none_fails(told: Any) -> None:
    player = Player(task(LAMBDA, TimeoutSecondsPath="$.s"), {"s": told})

    assert player.failure[0] == "States.Runtime"


def test_heartbeats_keep_a_task_alive() -> None:
    player = Player(task(SERVICE, TimeoutSeconds=100, HeartbeatSeconds=10))
    token = player.open_tasks[0].token
    for _ in range(3):
        player.wake(after=9)
        assert player.apply(lambda interpreter: interpreter.beat(token))
    player.wake(after=9.999)
    assert player.execution.status is Status.RUNNING
    player.wake(after=0.001)

    assert player.failure == ("States.Timeout", None)
    assert not player.apply(lambda interpreter: interpreter.beat(token))


@pytest.mark.parametrize("name", ["States.Timeout", "States.HeartbeatTimeout", "States.ALL"])
def test_a_missed_heartbeat_is_caught_by_either_name(name: str) -> None:
    catcher = {"ErrorEquals": [name], "Next": "Caught"}
    state = {
        "Type": "Task",
        "Resource": SERVICE,
        "HeartbeatSeconds": 10,
        "Catch": [catcher],
        "End": True,
    }
    player = Player({"StartAt": "T", "States": {"T": state, "Caught": {"Type": "Succeed"}}})
    player.wake()

    assert player.output == {"Error": "States.Timeout", "Cause": ""}


def test_a_time_out_is_no_missed_heartbeat() -> None:
    catcher = {"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "Caught"}
    state = {
        "Type": "Task",
        "Resource": SERVICE,
        "TimeoutSeconds": 10,
        "Catch": [catcher],
        "End": True,
    }
    player = Player({"StartAt": "T", "States": {"T": state, "Caught": {"Type": "Succeed"}}})
    player.wake()

    assert player.execution.status is Status.FAILED


def test_the_heartbeats_of_an_activity_begin_when_a_worker_has_it() -> None:
    player = Player(task(ACTIVITY, TimeoutSeconds=100, HeartbeatSeconds=10))
    assert player.execution.wakes_at == BEGINNING + 100_000
    token = player.open_tasks[0].token
    player.now += 50_000
    assert player.apply(lambda interpreter: interpreter.note_started(token, "worker"))

    assert player.execution.wakes_at == BEGINNING + 60_000
    assert player.events[-1]["activityStartedEventDetails"] == {"workerName": "worker"}


def test_one_worker_only_has_a_task() -> None:
    player = Player(task(ACTIVITY))
    token = player.open_tasks[0].token
    assert player.apply(lambda interpreter: interpreter.note_started(token, "one"))

    assert not player.apply(lambda interpreter: interpreter.note_started(token, "other"))
    assert player.types.count("ActivityStarted") == 1


def test_handing_over_a_token_is_noted_once() -> None:
    player = Player(task(SERVICE))
    token = player.open_tasks[0].token
    assert player.apply(lambda interpreter: interpreter.note_submitted(token, {"MessageId": "m"}))
    assert not player.apply(lambda interpreter: interpreter.note_submitted(token, {}))
    player.succeed("called back")

    assert player.output == "called back"
    assert player.types[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_the_execution_has_a_time_of_its_own() -> None:
    player = Player(one_state({"Type": "Wait", "Seconds": 60}, TimeoutSeconds=30))
    player.wake()

    assert player.execution.status is Status.TIMED_OUT
    assert player.now == BEGINNING + 30_000
    assert player.types[-1] == "ExecutionTimedOut"
    assert player.execution.threads == {}


def test_stopping_an_execution_ends_all_of_it() -> None:
    player = Player(task(LAMBDA))
    player.apply(lambda interpreter: interpreter.abort("E", "why"))

    assert player.execution.status is Status.ABORTED
    assert player.failure == ("E", "why")
    assert player.events[-1]["executionAbortedEventDetails"] == {"error": "E", "cause": "why"}
