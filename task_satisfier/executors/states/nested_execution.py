"""Starts an execution of another state machine, and waits for its end."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from cloudseam.languages.asl.failure import TASK_FAILED
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.resource import SYNC_2, Integration
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.states.sdk_call import ClientFor, call, client_of

# Seconds between two looks: at first, and at most.
FIRST_LOOK, LONGEST_LOOK = 0.05, 5.0
RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
KNOWN_ALREADY = "StepFunctions.ExecutionAlreadyExistsException"
CANNOT_BE_REDRIVEN = {
    "RedriveCount": 0,
    "RedriveStatus": "NOT_REDRIVABLE",
    "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
}


def start_and_wait(
    client_for: ClientFor, run: TaskRun, named: Integration, arguments: dict[str, Any]
) -> Any:
    """What DescribeExecution says at the end. `.sync:2` has the output as JSON, `.sync` as text.

    An execution that the machine gives no name has the attempt's: another delivery of the same
    attempt finds the execution that was started, though it may have ended, and starts no second
    one.

    Raises:
        TaskFailedError: it could not be started, or did not end well.
    """
    client = client_of(client_for, run, named)
    look = {"executionArn": _started(client, named, arguments, run.request.token)}
    pause = FIRST_LOOK
    while (ended := call(client, named, "DescribeExecution", look))["status"] == RUNNING:
        time.sleep(min(pause, run.ensure_time()))
        pause = min(2 * pause, LONGEST_LOOK)
    shown = _shown(ended, named)
    if ended["status"] != SUCCEEDED:
        raise TaskFailedError(text_of(shown), error=TASK_FAILED)
    return shown


def _started(client: Any, named: Integration, arguments: Mapping[str, Any], attempt: str) -> str:
    """The ARN of the attempt's execution, which is started if there is none."""
    if not attempt or any(name.lower() == "name" for name in arguments):
        return str(call(client, named, "StartExecution", arguments)["executionArn"])
    name = attempt[:80]
    try:
        started = call(client, named, "StartExecution", {**arguments, "Name": name})
    except TaskFailedError as failed:
        # While one runs, its name and input start it again; one that has ended is told of so.
        if failed.error != KNOWN_ALREADY:
            raise
        return _arn_of(name, arguments)
    return str(started["executionArn"])


def _arn_of(name: str, arguments: Mapping[str, Any]) -> str:
    """The ARN of an execution; of the machine's there may be a version or an alias."""
    machine = next(arguments[each] for each in arguments if each.lower() == "statemachinearn")
    parts = str(machine).split(":")
    return ":".join([*parts[:5], "execution", parts[6], name])


def _shown(ended: dict[str, Any], named: Integration) -> dict[str, Any]:
    names = {
        "error": "Error",
        "cause": "Cause",
        "executionArn": "ExecutionArn",
        "input": "Input",
        "name": "Name",
        "output": "Output",
        "stateMachineArn": "StateMachineArn",
        "status": "Status",
    }
    shown = {ours: ended[theirs] for theirs, ours in names.items() if theirs in ended}
    for theirs, ours in (("startDate", "StartDate"), ("stopDate", "StopDate")):
        if theirs in ended:
            shown[ours] = round(ended[theirs].timestamp() * 1000)
    shown["InputDetails"] = {"Included": True}
    if "output" in ended:
        shown["OutputDetails"] = {"Included": True}
    if ended["status"] == SUCCEEDED:
        shown |= CANNOT_BE_REDRIVEN
    if named.pattern == SYNC_2:
        for name in ("Input", "Output"):
            if name in shown:
                shown[name] = json.loads(shown[name])
    return shown
