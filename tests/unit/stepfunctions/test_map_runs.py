"""Map runs: what is told of the runs of distributed Maps, and what can be changed of them."""

import json
from typing import Any

import pytest

from tests.unit.stepfunctions.conftest import Call, MakeMachine, Refused

ACTIVITY = "arn:aws:states:us-east-1:000000000000:activity:a"
NOTHING = {
    name: 0
    for name in (
        *("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total"),
        "resultsWritten",
    )
}


def mapped(inner: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A distributed Map of one state."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, "StartAt": "I", "States": {"I": inner}}
    return {"M": {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}}


def started(call: Call, arn: str, items: list[Any]) -> tuple[str, str]:
    """An execution, and the map run that it began."""
    told = json.dumps(items)
    execution = call("StartExecution", stateMachineArn=arn, name="e", input=told)["executionArn"]
    (run,) = call("ListMapRuns", executionArn=execution)["mapRuns"]
    return execution, run["mapRunArn"]


@pytest.fixture
def working(call: Call, machine: MakeMachine) -> tuple[str, str]:
    """An execution and its map run, of two iterations at once, for a worker."""
    call("CreateActivity", name="a")
    task = {"Type": "Task", "Resource": ACTIVITY, "End": True}
    fields = {"MaxConcurrency": 2, "ToleratedFailureCount": 1, "Label": "L"}
    return started(call, machine(mapped(task, **fields)), [1, 2, 3, 4])


def answer(call: Call, error: str | None = None) -> None:
    """Does one task."""
    token = call("GetActivityTask", activityArn=ACTIVITY)["taskToken"]
    if error is None:
        call("SendTaskSuccess", taskToken=token, output="1")
    else:
        call("SendTaskFailure", taskToken=token, error=error)


def counts(call: Call, run: str) -> dict[str, int]:
    """Those of its items that are not 0."""
    told = call("DescribeMapRun", mapRunArn=run)
    assert told["itemCounts"] == told["executionCounts"]
    return {name: number for name, number in told["itemCounts"].items() if number}


def test_a_run_is_told_of_while_it_is_under_way(call: Call, working: tuple[str, str]) -> None:
    execution, run = working
    answer(call)
    answer(call, "E")

    told = call("DescribeMapRun", mapRunArn=run)

    assert run.startswith("arn:aws:states:us-east-1:000000000000:mapRun:m/L:")
    assert (told["executionArn"], told["status"]) == (execution, "RUNNING")
    limits = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")
    assert tuple(told[name] for name in limits) == (2, 1, 0.0)
    assert "stopDate" not in told
    assert counts(call, run) == {"running": 2, "succeeded": 1, "failed": 1, "total": 4}


def test_a_run_that_has_succeeded_is_told_of(call: Call, working: tuple[str, str]) -> None:
    execution, run = working
    for _ in range(4):
        answer(call)

    told = call("DescribeMapRun", mapRunArn=run)

    assert (told["status"], counts(call, run)) == ("SUCCEEDED", {"succeeded": 4, "total": 4})
    assert told["stopDate"] == call("DescribeExecution", executionArn=execution)["stopDate"]


def test_a_run_that_has_failed_is_told_of(call: Call, working: tuple[str, str]) -> None:
    _, run = working
    answer(call, "E")
    answer(call, "E")

    assert call("DescribeMapRun", mapRunArn=run)["status"] == "FAILED"
    assert counts(call, run) == {"failed": 2, "aborted": 2, "total": 4}


def test_a_run_ends_with_its_execution(call: Call, working: tuple[str, str]) -> None:
    execution, run = working
    answer(call)
    call("StopExecution", executionArn=execution)

    assert call("DescribeMapRun", mapRunArn=run)["status"] == "ABORTED"
    assert counts(call, run) == {"succeeded": 1, "aborted": 3, "total": 4}


def test_a_run_beside_a_branch_that_fails_is_aborted(call: Call, machine: MakeMachine) -> None:
    call("CreateActivity", name="a")
    task = {"Type": "Task", "Resource": ACTIVITY, "End": True}
    waiting = {"StartAt": "M", "States": mapped({"Type": "Wait", "Seconds": 60, "End": True})}
    branches = [waiting, {"StartAt": "T", "States": {"T": task}}]
    arn = machine({"P": {"Type": "Parallel", "Branches": branches, "End": True}})
    _, run = started(call, arn, [1])
    answer(call, "E")

    assert call("DescribeMapRun", mapRunArn=run)["status"] == "ABORTED"


def test_batches_are_counted_by_their_items(call: Call, machine: MakeMachine) -> None:
    arn = machine(mapped({"Type": "Pass", "End": True}, ItemBatcher={"MaxItemsPerBatch": 2}))
    _, run = started(call, arn, [1, 2, 3])

    told = call("DescribeMapRun", mapRunArn=run)

    assert told["itemCounts"] == {**NOTHING, "succeeded": 3, "total": 3}
    assert told["executionCounts"] == {**NOTHING, "succeeded": 2, "total": 2}


def test_pending_batches_are_counted_so_too(call: Call, machine: MakeMachine) -> None:
    wait = {"Type": "Wait", "Seconds": 60, "End": True}
    fields = {"ItemBatcher": {"MaxItemsPerBatch": 2}, "MaxConcurrency": 1}
    _, run = started(call, machine(mapped(wait, **fields)), [1, 2, 3])

    told = call("DescribeMapRun", mapRunArn=run)

    assert told["itemCounts"] == {**NOTHING, "running": 2, "pending": 1, "total": 3}
    assert told["executionCounts"] == {**NOTHING, "running": 1, "pending": 1, "total": 2}


def test_more_run_at_once_when_more_may(call: Call, working: tuple[str, str]) -> None:
    _, run = working
    before = counts(call, run)

    call("UpdateMapRun", mapRunArn=run, maxConcurrency=3)

    assert before == {"running": 2, "pending": 2, "total": 4}
    assert counts(call, run) == {"running": 3, "pending": 1, "total": 4}
    assert call("DescribeMapRun", mapRunArn=run)["maxConcurrency"] == 3


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({"toleratedFailureCount": 2}, id="count"),
        pytest.param({"toleratedFailureCount": 4, "toleratedFailurePercentage": 50.0}, id="lower"),
    ],
)
def test_more_may_fail_when_more_are_tolerated(
    call: Call, working: tuple[str, str], limit: dict[str, float]
) -> None:
    _, run = working
    call("UpdateMapRun", mapRunArn=run, **limit)
    answer(call, "E")
    answer(call, "E")
    assert call("DescribeMapRun", mapRunArn=run)["status"] == "RUNNING"
    answer(call, "E")
    assert call("DescribeMapRun", mapRunArn=run)["status"] == "FAILED"


def test_a_run_that_has_ended_stays_as_it_is(
    call: Call, refused: Refused, working: tuple[str, str]
) -> None:
    execution, run = working
    call("StopExecution", executionArn=execution)

    fault = refused("UpdateMapRun", mapRunArn=run, maxConcurrency=1)

    assert fault[0] == "ValidationException"


@pytest.mark.parametrize(
    "run",
    [
        "arn:aws:states:us-east-1:000000000000:mapRun:m/M:gone-0",
        "arn:aws:states:us-east-1:000000000000:mapRun:m",
        "arn:aws:states:us-east-1:000000000000:mapRun:m/L:e-0",
    ],
)
def test_runs_that_are_not_there_are_told(
    refused: Refused, working: tuple[str, str], run: str
) -> None:
    assert refused("DescribeMapRun", mapRunArn=run) == (
        "ResourceNotFound",
        f"Resource not found: '{run}'",
    )


def test_runs_are_listed_the_newest_first(call: Call, machine: MakeMachine) -> None:
    second = mapped({"Type": "Pass", "End": True}, Label="second")["M"]
    first = {"Type": "Wait", "Seconds": 0, "End": True}
    processor = {**second["ItemProcessor"], "StartAt": "J", "States": {"J": first}}
    states = {
        "First": {"Type": "Map", "ItemProcessor": processor, "Label": "first", "Next": "Second"},
        "Second": second,
    }
    arn = machine(states)
    execution = call("StartExecution", stateMachineArn=arn, name="e", input="[1]")["executionArn"]

    page = call("ListMapRuns", executionArn=execution, maxResults=1)
    rest = call("ListMapRuns", executionArn=execution, nextToken=page["nextToken"])

    labels = [
        each["mapRunArn"].partition("/")[2].partition(":")[0]
        for each in (*page["mapRuns"], *rest["mapRuns"])
    ]
    assert labels == ["second", "first"]
