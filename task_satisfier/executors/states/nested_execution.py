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

    Another delivery of the same attempt finds the execution that was started, though it may have
    ended, and starts no second one: by its name, which is the attempt's where the machine gives
    none, and else by its input and by when it was started.

    Raises:
        TaskFailedError: it could not be started.
    """
    client = client_of(client_for, run, named)
    submitted = _started(client, named, arguments, run)
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
    client: Any, named: Integration, arguments: Mapping[str, Any], run: TaskRun
) -> dict[str, Any]:
    """What StartExecution answers. The attempt's execution is started if there is none."""
    told = {name[:1].upper() + name[1:]: value for name, value in arguments.items()}
    attempt = run.request.token[:80]
    is_named = "Name" in told or not attempt
    told = told if is_named else {**told, "Name": attempt}
    try:
        started = call(client, named, "StartExecution", told)
    except TaskFailedError as failed:
        # While one runs, its name and input start it again; one that has ended is told of so.
        if failed.error != KNOWN_ALREADY or "Name" not in told:
            raise
        known = {"ExecutionArn": _arn_of(told)}
        if is_named and not _is_of_attempt(
            call(client, named, "DescribeExecution", known), told, run
        ):
            raise
        return known
    return result_of(started) | metadata_of(started, named.service)


def _arn_of(told: Mapping[str, Any]) -> str:
    """The ARN of an execution; of the machine's there may be a version or an alias."""
    parts = str(told["StateMachineArn"]).split(":")
    return ":".join([*parts[:5], "execution", parts[6], str(told["Name"])])


def _is_of_attempt(known: Mapping[str, Any], told: Mapping[str, Any], run: TaskRun) -> bool:
    """Whether it was started with the same input, and since the attempt was asked for."""
    asked_at = (run.request.input or {}).get("askedAt")
    if not isinstance(asked_at, int) or not asked_at:
        return False
    given = told.get("Input", {})
    is_same = known.get("input") == (given if isinstance(given, str) else text_of(given))
    return is_same and known["startDate"].timestamp() * 1000 >= asked_at


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
