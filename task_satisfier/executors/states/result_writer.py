"""Writes a file of the results of a distributed Map to S3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cloudseam.languages.asl.failure import RESULT_WRITER_FAILED
from cloudseam.languages.asl.resource import Integration
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.states.sdk_call import ClientFor, call, client_of


def write_results(
    client_for: ClientFor, run: TaskRun, named: Integration, arguments: Mapping[str, Any]
) -> None:
    """Puts the object. Put again, by another delivery of the task, it is the same.

    Raises:
        TaskFailedError: States.ResultWriterFailed.
    """
    client = client_of(client_for, run, named)
    body = str(arguments["Body"]).encode()
    told = {**arguments, "Body": body, "ContentType": "application/json"}
    try:
        call(client, named, "PutObject", told)
    except TaskFailedError as error:
        raise TaskFailedError(str(error), error=RESULT_WRITER_FAILED) from error
