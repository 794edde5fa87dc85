"""Executions: started, looked at, stopped."""

import time
from datetime import datetime
from typing import Any
from uuid import uuid4

from cloudseam.languages.asl.execution import Status
from cloudseam.languages.asl.history import MAX_EVENTS
from cloudseam.languages.asl.json_text import same, text_of
from cloudseam.stack import Stack
from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault, invalid
from cloudseam_cli.stepfunctions.json_input import NoJsonError, is_too_long, parsed
from cloudseam_cli.stepfunctions.operations import Answered, Told
from cloudseam_cli.stepfunctions.operations.found import (
    Qualified,
    execution_named,
    qualified,
    run_named,
    run_of,
)
from cloudseam_cli.stepfunctions.page import invalid_token, most_of, page, place_in, token_of

# What StartSyncExecution waits for (developer guide, "Express workflows": five minutes).
SYNC_SECONDS = 300
# Behind every execution there is: a moment (epoch ms) and an id.
NEWEST = (2**62, "")
WHOLE = {"included": True}
# How long an execution can be redriven for after it has ended, and how often (developer guide,
# "Redriving executions").
REDRIVABLE_MS, MOST_REDRIVES = 14 * 24 * 3600 * 1000, 1000
# What of events is left out on demand.
DATA = frozenset({"input", "output", "parameters", "assignedVariables"})


def start(engine: Engine, told: Told) -> Answered:
    """StartExecution. The same name with the same input names the execution that is running."""
    stack = _started(engine, qualified(engine, told["stateMachineArn"]), told)
    run = run_of(stack)
    return {"executionArn": run["facts"]["Execution"]["Id"], "startDate": run["started_at"] / 1000}


def start_sync(engine: Engine, told: Told) -> Answered:
    """StartSyncExecution: answers when the execution has ended."""
    named = qualified(engine, told["stateMachineArn"])
    if not named.machine.is_express:
        raise _unsupported()
    started = _started(engine, named, told)
    stack = engine.wait_for_end(started.id, SYNC_SECONDS) or started
    if not stack.is_satisfied:
        stack = engine.stop(stack.id, {})
    run = run_of(stack)
    described = _described(run)
    milliseconds = run["stopped_at"] - run["started_at"]
    described["billingDetails"] = {
        "billedDurationInMilliseconds": max(100, -(-milliseconds // 100) * 100),
        "billedMemoryUsedInMB": 64,
    }
    for name in ("redriveCount", "redriveStatus", "redriveStatusReason", "redriveDate"):
        described.pop(name, None)
    if described["status"] == Status.ABORTED:
        described["status"] = Status.TIMED_OUT.value
    return described


def describe(engine: Engine, told: Told) -> Answered:
    """DescribeExecution."""
    return _described(run_named(engine, told["executionArn"]))


def stop(engine: Engine, told: Told) -> Answered:
    """StopExecution. One that has ended stays as it is."""
    stack = execution_named(engine, told["executionArn"])
    reason = {name: told[name] for name in ("error", "cause") if told.get(name) is not None}
    stopped = stack if stack.is_satisfied else engine.stop(stack.id, reason)
    return {"stopDate": run_of(stopped)["stopped_at"] / 1000}


def list_of_machine(engine: Engine, told: Told) -> Answered:
    """ListExecutions, the newest first."""
    if ("stateMachineArn" in told) == ("mapRunArn" in told):
        text = "Must specify exactly one of 'stateMachineArn' and 'mapRunArn'"
        raise invalid(text)
    if "mapRunArn" in told:
        text = f"Resource not found: '{told['mapRunArn']}'"
        raise ApiFault("ResourceNotFound", text)
    named = qualified(engine, told["stateMachineArn"])
    if named.machine.is_express:
        raise _unsupported()
    most = most_of(told)
    behind = _place(told)
    found = _page(engine, named, told, behind, most + 1)
    listed: Answered = {"executions": [_listed(run_of(stack)) for stack in found[:most]]}
    if len(found) > most:
        last = found[most - 1]
        listed["nextToken"] = token_of([last.created_at, last.id])
    return listed


def _page(
    engine: Engine, named: Qualified, told: Told, behind: tuple[int, str], most: int
) -> list[Stack]:
    """So many executions behind a place: all of a state machine, or those that were started by the
    version or the alias that is named."""
    found: list[Stack] = []
    while len(found) < most:
        read = engine.stacks.page(named.machine.name, told.get("statusFilter"), behind, most)
        found += [stack for stack in read if _is_of(stack, named) and _is_wanted(stack, told)]
        if len(read) < most:
            break
        behind = read[-1].created_at, read[-1].id
    return found[:most]


def _is_of(stack: Stack, named: Qualified) -> bool:
    run = run_of(stack)
    if named.alias:
        return bool(run.get("alias") == named.alias)
    return named.version is None or run.get("version") == named.version.number


def _is_wanted(stack: Stack, told: Told) -> bool:
    wanted = told.get("redriveFilter")
    is_redriven = run_of(stack).get("redrives", 0) > 0
    return wanted is None or is_redriven == (wanted == "REDRIVEN")


def redrive(engine: Engine, told: Told) -> Answered:
    """RedriveExecution. Called again with the same token it does nothing more."""
    stack = execution_named(engine, told["executionArn"])
    token = told.get("clientToken") or str(uuid4())
    if not stack.has_applied(f"redrive/{token}"):
        reason = _not_redrivable(run_of(stack))
        if reason:
            raise ApiFault("ExecutionNotRedrivable", reason)
        stack = engine.redrive(stack.id, token)
    return {"redriveDate": _redriven_at(run_of(stack))}


def _redriven_at(run: dict[str, Any]) -> float:
    """When it was redriven last, in epoch seconds."""
    return datetime.fromisoformat(run["facts"]["Execution"]["RedriveTime"]).timestamp()


def _not_redrivable(run: dict[str, Any]) -> str:
    """Why an execution cannot be redriven; nothing if it can."""
    if run["status"] in (Status.RUNNING, Status.SUCCEEDED):
        return f"Execution is {run['status']} and cannot be redriven"
    if time.time() * 1000 > run["stopped_at"] + REDRIVABLE_MS:
        return "Execution redrive is only possible within 14 days after it has ended"
    if run.get("redrives", 0) >= MOST_REDRIVES:
        return f"Execution was redriven {MOST_REDRIVES} times and cannot be redriven"
    if run["events"] >= MAX_EVENTS - 1:
        return "Execution history has no place for more events"
    return ""


def history(engine: Engine, told: Told) -> Answered:
    """GetExecutionHistory."""
    stack = execution_named(engine, told["executionArn"])
    events = engine.log(stack)
    found = [{**event, "timestamp": event["timestamp"] / 1000} for event in events]
    if told.get("reverseOrder"):
        found.reverse()
    if told.get("includeExecutionData") is False:
        found = [_without_data(event) for event in found]
    return page("events", found, told)


def _started(engine: Engine, named: Qualified, told: Told) -> Stack:
    machine = named.machine
    name = arn.check_name(told["name"]) if "name" in told else str(uuid4())
    given = _input(told)
    if machine.is_express:
        run = str(uuid4())
        stack_id, made = f"{machine.name}:{name}:{run}", arn.express_arn(machine.name, name, run)
    else:
        stack_id, made = f"{machine.name}:{name}", arn.execution_arn(machine.name, name)
    payload = {"input": given, "role": machine.role, "arn": made, "name": name}
    if named.version:
        payload |= {"version": named.version.number, "alias": named.alias}
    started = engine.start(stack_id, machine.name, payload)
    if started.is_known and not _is_same_start(started.stack, given):
        raise ApiFault("ExecutionAlreadyExists", f"Execution Already Exists: '{made}'")
    return started.stack


def _is_same_start(stack: Stack, given: Any) -> bool:
    return not stack.is_satisfied and same(run_of(stack)["input"], given)


def _input(told: Told) -> Any:
    text = told.get("input", "{}")
    if is_too_long(text):
        raise ApiFault("InvalidExecutionInput", "Invalid State Machine Execution Input: 'too long'")
    try:
        return parsed(text)
    except NoJsonError as error:
        why = str(error) if text else "Invalid execution input."
        text = f"Invalid State Machine Execution Input: '{why}'"
        raise ApiFault("InvalidExecutionInput", text) from None


def _described(run: dict[str, Any]) -> Answered:
    described: Answered = {
        **_listed(run),
        "input": text_of(run["input"]),
        "inputDetails": WHOLE,
    }
    if run["status"] == Status.SUCCEEDED:
        described |= {"output": text_of(run["output"]), "outputDetails": WHOLE}
    reason = _not_redrivable(run)
    described["redriveStatus"] = "NOT_REDRIVABLE" if reason else "REDRIVABLE"
    if reason:
        described["redriveStatusReason"] = reason
    if run.get("redrives"):
        described["redriveDate"] = _redriven_at(run)
    told = {name: run[name] for name in ("error", "cause") if run[name] is not None}
    return described | told


def _listed(run: dict[str, Any]) -> Answered:
    listed: Answered = {
        "executionArn": run["facts"]["Execution"]["Id"],
        "stateMachineArn": run["facts"]["StateMachine"]["Id"],
        "name": run["facts"]["Execution"]["Name"],
        "status": run["status"],
        "startDate": run["started_at"] / 1000,
        "redriveCount": run.get("redrives", 0),
    }
    if run["stopped_at"]:
        listed["stopDate"] = run["stopped_at"] / 1000
    machine = run["facts"]["StateMachine"]["Name"]
    if run.get("version"):
        listed["stateMachineVersionArn"] = arn.qualified_arn(machine, str(run["version"]))
    if run.get("alias"):
        listed["stateMachineAliasArn"] = arn.qualified_arn(machine, run["alias"])
    return listed


def _place(told: Told) -> tuple[int, str]:
    match place_in(told):
        case None:
            return NEWEST
        case [int(moment), str(stack_id)]:
            return moment, stack_id
    raise invalid_token(told["nextToken"])


def _unsupported() -> ApiFault:
    text = "This operation is not supported by this type of state machine"
    return ApiFault("StateMachineTypeNotSupported", text)


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    """The event without inputs and outputs."""
    return {
        name: {key: part for key, part in value.items() if key not in DATA}
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }


OPERATIONS = {
    "StartExecution": start,
    "StartSyncExecution": start_sync,
    "DescribeExecution": describe,
    "StopExecution": stop,
    "RedriveExecution": redrive,
    "ListExecutions": list_of_machine,
    "GetExecutionHistory": history,
}
