"""RedriveExecution: an execution that did not end well goes on, once for each call."""

from typing import Any

import pytest

from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.operations import executions
from tests.unit.stepfunctions.conftest import Call, MakeMachine, Refused

FAIL = {"F": {"Type": "Fail", "Error": "E"}}
ACTIVITY = "arn:aws:states:us-east-1:000000000000:activity:a"
TASK = {"T": {"Type": "Task", "Resource": ACTIVITY, "Next": "P"}, "P": {"Type": "Pass"}}


@pytest.fixture
def failed(call: Call, machine: MakeMachine) -> str:
    """The ARN of an execution that has failed."""
    arn = machine(FAIL)
    return str(call("StartExecution", stateMachineArn=arn, name="e")["executionArn"])


def test_it_goes_on_and_is_told_of(call: Call, failed: str) -> None:
    before = call("DescribeExecution", executionArn=failed)

    redriven = call("RedriveExecution", executionArn=failed)["redriveDate"]

    after = call("DescribeExecution", executionArn=failed)
    assert (before["redriveCount"], before["redriveStatus"]) == (0, "REDRIVABLE")
    assert (after["redriveCount"], after["status"], after["redriveDate"]) == (1, "FAILED", redriven)
    events = call("GetExecutionHistory", executionArn=failed)["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "FailStateEntered",
        "ExecutionFailed",
        "ExecutionRedriven",
        "ExecutionFailed",
    ]
    assert [event["id"] for event in events] == [1, 2, 3, 4, 5]


def test_a_worker_gets_the_task_again(call: Call, machine: MakeMachine) -> None:
    call("CreateActivity", name="a")
    states = {**TASK, "P": {"Type": "Pass", "End": True}}
    execution = call("StartExecution", stateMachineArn=machine(states))["executionArn"]
    first = call("GetActivityTask", activityArn=ACTIVITY)["taskToken"]
    call("SendTaskFailure", taskToken=first, error="E")

    call("RedriveExecution", executionArn=execution)
    token = call("GetActivityTask", activityArn=ACTIVITY)["taskToken"]
    call("SendTaskSuccess", taskToken=token, output="1")

    assert token != first
    assert call("DescribeExecution", executionArn=execution)["output"] == "1"


def test_a_token_redrives_once(call: Call, failed: str) -> None:
    first = call("RedriveExecution", executionArn=failed, clientToken="t")

    assert call("RedriveExecution", executionArn=failed, clientToken="t") == first
    assert call("DescribeExecution", executionArn=failed)["redriveCount"] == 1


def test_lists_tell_them_apart(call: Call, machine: MakeMachine, failed: str) -> None:
    arn = failed.replace(":execution:", ":stateMachine:").removesuffix(":e")
    call("StartExecution", stateMachineArn=arn, name="other")
    call("RedriveExecution", executionArn=failed)

    def names(wanted: str) -> list[str]:
        told = call("ListExecutions", stateMachineArn=arn, redriveFilter=wanted)
        return [each["name"] for each in told["executions"]]

    assert (names("REDRIVEN"), names("NOT_REDRIVEN")) == (["e"], ["other"])


@pytest.mark.parametrize(
    ("limit", "value"), [pytest.param("REDRIVABLE_MS", -1000), pytest.param("MOST_REDRIVES", 0)]
)
def test_one_that_ended_too_long_ago_or_too_often_stays(
    call: Call,
    refused: Refused,
    failed: str,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
) -> None:
    monkeypatch.setattr(executions, limit, value)

    assert refused("RedriveExecution", executionArn=failed)[0] == "ExecutionNotRedrivable"
    assert call("DescribeExecution", executionArn=failed)["redriveStatus"] == "NOT_REDRIVABLE"


@pytest.mark.parametrize(
    ("states", "status"),
    [
        pytest.param({"W": {"Type": "Wait", "Seconds": 60, "End": True}}, "RUNNING"),
        pytest.param({"P": {"Type": "Pass", "End": True}}, "SUCCEEDED"),
    ],
)
def test_others_stay_as_they_are(
    call: Call, refused: Refused, machine: MakeMachine, states: Any, status: str
) -> None:
    execution = call("StartExecution", stateMachineArn=machine(states))["executionArn"]

    assert refused("RedriveExecution", executionArn=execution) == (
        "ExecutionNotRedrivable",
        f"Execution is {status} and cannot be redriven",
    )


def test_a_wait_is_waited_for_again_and_its_row_is_kept(
    call: Call, engine: Engine, machine: MakeMachine
) -> None:
    arn = machine({"W": {"Type": "Wait", "Seconds": 1, "End": True}})
    execution = call("StartExecution", stateMachineArn=arn, name="e")["executionArn"]
    call("StopExecution", executionArn=execution)

    call("RedriveExecution", executionArn=execution)
    running = engine.find("m:e")
    engine.wait_for_end("m:e", 20)

    assert running is not None
    assert (running.state, running.expires_at) == ("RUNNING", 0)
    assert call("DescribeExecution", executionArn=execution)["status"] == "SUCCEEDED"
