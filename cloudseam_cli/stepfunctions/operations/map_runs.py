"""Runs of distributed Maps: listed, looked at, changed while they are under way."""

from collections.abc import Mapping
from typing import Any

from cloudseam.languages.asl.execution import Status, thread_of_json
from cloudseam.languages.asl.machine import LIMITS
from cloudseam.languages.asl.states.map_run import counts
from cloudseam.stack import Stack
from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault, invalid
from cloudseam_cli.stepfunctions.operations import Answered, Told
from cloudseam_cli.stepfunctions.operations.found import execution_named, run_of
from cloudseam_cli.stepfunctions.page import page


def list_of_execution(engine: Engine, told: Told) -> Answered:
    """ListMapRuns, the newest first."""
    run = run_of(execution_named(engine, told["executionArn"]))
    found = [_listed(run, name, each) for name, each in run.get("map_runs", {}).items()]
    return page("mapRuns", found[::-1], told)


def describe(engine: Engine, told: Told) -> Answered:
    """DescribeMapRun."""
    stack = _execution_of(engine, told["mapRunArn"])
    run = run_of(stack)
    told_of = run["map_runs"][told["mapRunArn"]]
    if told_of["status"] == Status.RUNNING:
        thread = thread_of_json(_thread_of(run, told["mapRunArn"]))
        told_of = {**told_of, **counts(thread, Status.RUNNING)}
    limits = told_of["limits"]
    listed = _listed(run, told["mapRunArn"], told_of)
    del listed["stateMachineArn"]
    return {
        **listed,
        "status": told_of["status"],
        "maxConcurrency": int(limits.get("maxConcurrency") or 0),
        "toleratedFailureCount": int(limits.get("toleratedFailureCount") or 0),
        "toleratedFailurePercentage": float(limits.get("toleratedFailurePercentage") or 0),
        "itemCounts": told_of["itemCounts"],
        "executionCounts": told_of["executionCounts"],
        "redriveCount": 0,
    }


def update(engine: Engine, told: Told) -> Answered:
    """UpdateMapRun."""
    stack = _execution_of(engine, told["mapRunArn"])
    if run_of(stack)["map_runs"][told["mapRunArn"]]["status"] != Status.RUNNING:
        raise invalid("Only a Map Run that is under way can be updated.")
    limits = {name: told[name] for name in LIMITS if name in told}
    engine.change_map_run(stack.id, {"mapRunArn": told["mapRunArn"], **limits})
    return {}


def _listed(run: Mapping[str, Any], name: str, told_of: Mapping[str, Any]) -> Answered:
    facts = run["facts"]
    listed: Answered = {
        "executionArn": facts["Execution"]["Id"],
        "mapRunArn": name,
        "stateMachineArn": facts["StateMachine"]["Id"],
        "startDate": told_of["started"] / 1000,
    }
    return listed | ({"stopDate": told_of["stopped"] / 1000} if told_of["stopped"] else {})


def _execution_of(engine: Engine, text: str) -> Stack:
    """The execution whose run an ARN names: its name is in it.

    Raises:
        ApiFault: InvalidArn, ResourceNotFound.
    """
    parts = arn.parts_of(text, arn.MAP_RUN)
    if len(parts) > 2:
        machine, execution = parts[1].partition("/")[0], parts[-1].rpartition("-")[0]
        stack = engine.find(f"{machine}:{execution}")
        if stack is not None and stack.memory and text in run_of(stack).get("map_runs", {}):
            return stack
    raise ApiFault("ResourceNotFound", f"Resource not found: '{text}'")


def _thread_of(run: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    threads: Mapping[str, Mapping[str, Any]] = run["threads"]
    return next(
        each for each in threads.values() if each["map_run"] and each["map_run"]["arn"] == text
    )


OPERATIONS = {
    "ListMapRuns": list_of_execution,
    "DescribeMapRun": describe,
    "UpdateMapRun": update,
}
