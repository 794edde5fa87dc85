"""Runs one task: a Lambda function by its ARN, or an integration with a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cloudseam.languages.asl.failure import RUNTIME, StateFailure
from cloudseam.languages.asl.payload_limit import limit
from cloudseam.languages.asl.resource import (
    READER,
    SYNC,
    SYNC_2,
    WAIT_FOR_TOKEN,
    WRITER,
    Integration,
    integration_of,
    task_kind,
)
from task_satisfier.executors import Result, TaskFailedError, TaskRun
from task_satisfier.executors.states.function import invoke_by_arn, invoke_integrated
from task_satisfier.executors.states.item_reader import read_items
from task_satisfier.executors.states.nested_execution import start_and_wait
from task_satisfier.executors.states.result_writer import write_results
from task_satisfier.executors.states.sdk_call import ClientFor
from task_satisfier.executors.states.service import call_service

Integrated = Callable[[ClientFor, TaskRun, Integration, dict[str, Any]], Any]

# Actions that are no plain call of the service.
OWN: dict[tuple[str, str, str], Integrated] = {
    ("lambda", "invoke", ""): invoke_integrated,
    ("lambda", "invoke", WAIT_FOR_TOKEN): invoke_integrated,
}
NESTED = frozenset({("states", "startExecution", SYNC), ("states", "startExecution", SYNC_2)})
# What the fields of a distributed Map need.
OF_MAP: dict[str, Integrated] = {READER: read_items, WRITER: write_results}


class StatesExecutor:
    """See `task_satisfier.executors.Executor`.

    `client_for` takes the name of a service, as boto3 has it, and the read time-out in seconds.
    """

    def __init__(self, client_for: ClientFor) -> None:
        self._client_for = client_for

    def run(self, run: TaskRun) -> Result:
        """Does the work once. The result has the `output`; or, where a call back ends the task,
        what came of handing its token over, as `submitted`. A nested execution has both, or a
        `failure` instead of the output."""
        told = run.request.input or {}
        resource, arguments = str(told.get("resource")), told.get("arguments")
        if task_kind(resource) == "Lambda":
            return Result({"output": _fitting(resource, self._by_arn(run, resource, arguments))})
        named = integration_of(resource)
        if not isinstance(arguments, dict):
            raise TaskFailedError("The parameters of the task are no object.", error=RUNTIME)
        if "field" in told:
            for_map = OF_MAP[str(told["field"])]
            return Result({"output": for_map(self._client_for, run, named, arguments)})
        action = (named.service, named.action, named.pattern)
        if action in NESTED and not named.is_sdk:
            ended = start_and_wait(self._client_for, run, named, arguments)
            _fitting(resource, ended.get("output"))
            return Result(ended)
        integrated = call_service if named.is_sdk else OWN.get(action, call_service)
        output = _fitting(resource, integrated(self._client_for, run, named, arguments))
        return Result({"submitted" if named.pattern == WAIT_FOR_TOKEN else "output": output})

    def _by_arn(self, run: TaskRun, resource: str, arguments: Any) -> Any:
        return invoke_by_arn(self._client_for("lambda", run.ensure_time()), resource, arguments)


def _fitting(resource: str, output: Any) -> Any:
    """The output, unless it is larger than a state may have it."""
    try:
        limit(resource, output)
    except StateFailure as failed:
        raise TaskFailedError(str(failed.cause), error=str(failed.error)) from None
    return output
