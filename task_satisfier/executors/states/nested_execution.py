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
from task_satisfier.executors.states.metadata import metadata_of
from task_satisfier.executors.states.sdk_call import ClientFor, call, client_of, result_of

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
) -> dict[str, Any]:
    """What StartExecution answered as `submitted`, and the end: the `output`, which is what
    DescribeExecution says, or a `failure` with error and cause. `.sync:2` has the inner output as
    JSON, `.sync` as text.

    An execution that the machine gives no name has the attempt's: another delivery of the same
    attempt finds the execution that was started, though it may have ended, and starts no second
    one.

    Raises:
        TaskFailedError: it could not be started.
    """
    client = client_of(client_for, run, named)
    submitted = _started(client, named, arguments, run.request.token)
    look = {"executionArn": submitted["ExecutionArn"]}
    pause = FIRST_LOOK
    while (ended := call(client, named, "DescribeExecution", look))["status"] == RUNNING:
        time.sleep(min(pause, run.ensure_time()))
        pause = min(2 * pause, LONGEST_LOOK)
    shown = _shown(ended, named)
    if ended["status"] != SUCCEEDED:
        failure = {"error": TASK_FAILED, "cause": text_of(shown)}
        return {"submitted": submitted, "failure": failure}
    return {"submitted": submitted, "output": shown}


def _started(
    client: Any, named: Integration, arguments: Mapping[str, Any], attempt: str
) -> dict[str, Any]:
    """What StartExecution answers. The attempt's execution is started if there is none."""
    is_named = any(name.lower() == "name" for name in arguments)
    name = "" if is_named else attempt[:80]
    told = {**arguments, "Name": name} if name else arguments
    try:
        started = call(client, named, "StartExecution", told)
    except TaskFailedError as failed:
        # While one runs, its name and input start it again; one that has ended is told of so.
        if not name or failed.error != KNOWN_ALREADY:
            raise
        return {"ExecutionArn": _arn_of(name, arguments)}
    return result_of(started) | metadata_of(started, named.service)


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
