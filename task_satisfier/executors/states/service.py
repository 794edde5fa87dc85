"""Integrations that are one call of the service."""

from __future__ import annotations

from typing import Any

from cloudseam.languages.asl.failure import RUNTIME
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.resource import WAIT_FOR_TOKEN, Integration
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.states.error_names import OPTIMISED
from task_satisfier.executors.states.metadata import metadata_of
from task_satisfier.executors.states.sdk_call import ClientFor, call, client_of, result_of


def call_service(
    client_for: ClientFor, run: TaskRun, named: Integration, arguments: dict[str, Any]
) -> Any:
    """Calls it once. An optimised integration shows how the call went, too."""
    if not named.is_sdk and named.service not in OPTIMISED:
        raise TaskFailedError(
            f"There is no integration '{named.service[:80]}:{named.resource[:80]}' here. Name it "
            "as `aws-sdk:…` to call the service as it is.",
            error=RUNTIME,
        )
    if named.pattern not in ("", WAIT_FOR_TOKEN):
        raise TaskFailedError(
            f"The pattern '.{named.pattern[:80]}' of '{named.service[:80]}:{named.action[:80]}' "
            "is not known here.",
            error=RUNTIME,
        )
    client = client_of(client_for, run, named)
    answer = call(client, named, named.action, arguments)
    result = result_of(answer)
    if named.is_sdk:
        return result
    if named.service == "events" and result.get("FailedEntryCount"):
        raise TaskFailedError(text_of(result), error="EventBridge.FailedEntry")
    return result if named.service == "events" else result | metadata_of(answer, named.service)
