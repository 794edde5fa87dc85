"""TestState: a state is run by itself, with what it gets and what others answer."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from cloudseam.errors import CloudSeamError
from cloudseam.languages.asl import failure
from cloudseam.languages.asl.execution import Phase, Status
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.machine import EXECUTOR
from cloudseam.languages.asl.states.map_run import too_many_failures
from cloudseam.messages import TaskRequest
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.operations import Answered, Operation, Told
from cloudseam_cli.stepfunctions.testing.inspection import inspected
from cloudseam_cli.stepfunctions.testing.mock import check_without_mock, mocked_result
from cloudseam_cli.stepfunctions.testing.state_run import NO_RESULT, StateRun, state_run
from cloudseam_cli.stepfunctions.testing.tested_state import NAME, TestedState, tested_state
from task_satisfier.executors import Result, TaskFailedError, TaskRun

INFO = "INFO"
TOLERANCE = tuple(
    f"ToleratedFailure{what}{form}" for what in ("Count", "Percentage") for form in ("", "Path")
)
# What a task may take (API reference, TestState: five minutes).
SECONDS = 300.0


def test(engine: Engine, told: Told) -> Answered:
    """TestState. Without a mock a Task does its work; a Wait does not wait."""
    now = time.time_ns() // 1_000_000
    tested = tested_state(told, now)
    mock = told.get("mock")
    if mock is None:
        check_without_mock(tested.state, tested.configuration)
        run = _entered(tested, now)
        result = _worked(engine, run)
    else:
        result = mocked_result(tested.state, mock)
        run = _entered(tested, now)
        result = _mocked(tested, run, mock, result)
    answer = _answer(run)
    if told.get("inspectionLevel", INFO) != INFO:
        answer["inspectionData"] = inspected(tested, run, result)
    return answer


def _entered(tested: TestedState, now: int) -> StateRun:
    run = state_run(tested, now)
    run.enter(tested.name, tested.variables, tested.configuration.get("retrierRetryCount", 0))
    if tested.items is not None:
        run.read(tested.items)
    run.pass_time()
    return run


def _mocked(tested: TestedState, run: StateRun, mock: Mapping[str, Any], result: Any) -> Any:
    """The result of the state, after others have answered as the mock says."""
    if not run.is_waiting:
        return NO_RESULT
    is_task = tested.state["Type"] == "Task"
    if "errorOutput" in mock:
        error, cause = mock["errorOutput"].get("error"), mock["errorOutput"].get("cause")
        if is_task:
            run.fail_task(run.thread.token, error, cause)
        else:
            run.refuse(StateFailure(error, cause, is_placed=True))
        return NO_RESULT
    if is_task:
        run.succeed_task(run.thread.token, result)
        return result
    failures = tested.configuration.get("mapIterationFailureCount", 0)
    if failures > run.thread.length:
        raise ApiFault(
            "ValidationException",
            "Map iteration failure count must be less than or equal to the number of Map "
            "iterations",
        )
    # Where it says nothing of failures AWS does not look at them here.
    if any(name in tested.state for name in TOLERANCE) and failures > run.thread.tolerated:
        run.refuse(too_many_failures())
        return NO_RESULT
    run.give(result)
    return result


def _worked(engine: Engine, run: StateRun) -> Any:
    """The result of the state, after its work has been done if it has any."""
    if not run.is_waiting:
        return NO_RESULT
    (work,) = run.work
    told = {"resource": work.resource, "arguments": work.arguments}
    until = time.monotonic() + min(SECONDS, work.timeout or SECONDS)
    request = TaskRequest("test", "test", {}, NAME, EXECUTOR, {}, token=uuid4().hex, input=told)
    try:
        executor = engine.executors.get(EXECUTOR)
        done = executor.run(TaskRun(request, lambda: until - time.monotonic()))
    except TaskFailedError as failed:
        run.fail_task(work.token, failed.error, str(failed))
        return NO_RESULT
    except CloudSeamError as error:
        run.fail_task(work.token, failure.TASK_FAILED, str(error))
        return NO_RESULT
    result = done.body["output"] if isinstance(done, Result) else dict(done)
    run.succeed_task(work.token, result)
    return result


def _answer(run: StateRun) -> Answered:
    answer: Answered = {}
    if run.failed is not None:
        told = {"error": run.failed.error, "cause": run.failed.cause}
        answer |= {name: value for name, value in told.items() if value is not None}
    if run.next_state is not None:
        answer["nextState"] = run.next_state
    if run.thread.phase is Phase.RETRYING:
        return {**answer, "status": "RETRIABLE"}
    if run.execution.status is Status.FAILED:
        return {**answer, "status": "FAILED"}
    answer["output"] = text_of(run.thread.input)
    return {**answer, "status": "SUCCEEDED" if run.failed is None else "CAUGHT_ERROR"}


OPERATIONS: dict[str, Operation] = {"TestState": test}
