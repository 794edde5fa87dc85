"""Lambda functions: by their ARN, and as the integration `lambda:invoke`."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.languages.asl.json_text import read_json, text_of
from cloudseam.languages.asl.resource import WAIT_FOR_TOKEN, Integration
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.states.error_names import failure_of
from task_satisfier.executors.states.metadata import metadata_of
from task_satisfier.executors.states.sdk_call import ClientFor, call, client_of

INVOKE = Integration("lambda", "invoke", "", is_sdk=False)
# What a function ended with that does not say (developer guide, "Error names").
UNKNOWN = "Lambda.Unknown"


def invoke_by_arn(client: Any, arn: str, arguments: Any) -> Any:
    """What the function returns.

    Raises:
        TaskFailedError: the error it ended with, or why it could not be invoked.
    """
    try:
        answer = client.invoke(FunctionName=arn, Payload=text_of(arguments).encode())
        payload = answer["Payload"].read()
    except (ClientError, BotoCoreError) as error:
        raise failure_of(error, INVOKE, client) from error
    return _returned(answer, payload)


def invoke_integrated(
    client_for: ClientFor, run: TaskRun, named: Integration, arguments: dict[str, Any]
) -> Any:
    """What the function returns as `Payload`, and how the call went.

    Raises:
        TaskFailedError: as above.
    """
    client = client_of(client_for, run, named)
    told = dict(arguments)
    if told.get("Payload") is not None:
        # A text is a JSON text here, with quotes.
        told["Payload"] = text_of(told["Payload"])
    answer = call(client, named, "Invoke", told)
    payload = answer["Payload"].read() if "Payload" in answer else b""
    returned = _returned(answer, payload, is_integrated=True)
    if named.pattern == WAIT_FOR_TOKEN and returned is None:
        returned = {}
    result = {
        "ExecutedVersion": answer.get("ExecutedVersion", "$LATEST"),
        "Payload": returned,
        "StatusCode": answer.get("StatusCode", 200),
    }
    if "LogResult" in answer:
        result["LogResult"] = answer["LogResult"]
    metadata = metadata_of(answer, "lambda")
    _note_length(metadata, len(payload))
    return result | metadata


def _returned(answer: dict[str, Any], payload: bytes, is_integrated: bool = False) -> Any:
    text = payload.decode(errors="replace")
    try:
        told = read_json(text) if text else None
    except ValueError:
        told = text
    if answer.get("FunctionError"):
        # As recorded from AWS: the integration writes the payload anew, without spaces.
        is_anew = is_integrated and isinstance(told, dict)
        raise TaskFailedError(text_of(told) if is_anew else text, error=_error_type(told))
    return told


def _error_type(told: Any) -> str:
    kind = told.get("errorType") if isinstance(told, dict) else None
    return kind if isinstance(kind, str) and kind else UNKNOWN


def _note_length(metadata: dict[str, Any], length: int) -> None:
    """The length of what the function returned, also where the answer came in pieces."""
    http = metadata["SdkHttpMetadata"]
    http["AllHttpHeaders"]["Content-Length"] = [str(length)]
    http["HttpHeaders"]["Content-Length"] = str(length)
