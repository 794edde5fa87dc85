"""Executor `lambda`: invokes a Lambda function and waits for it to end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from pydantic import Field

from cloudseam.aws_error import error_name
from cloudseam.event import Json
from cloudseam.stack import ERROR_MESSAGE_CHARACTERS
from task_satisfier.executors import OutOfTimeError, TaskFailedError, TaskRun
from task_satisfier.executors.config import TaskConfig, parse_config

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ClientFor = Callable[[float], "LambdaClient"]

# Where runtimes put the trace of an error: Node; Python, Java, Ruby, Go and .NET.
TRACE_FIELDS = ("trace", "stackTrace")
MAX_CAUSES = 10
# As runtimes name errors: `ValueError`, `java.io.IOException`, `Function<Net::ReadTimeout>`.
ERROR_NAME = re.compile(r"[A-Za-z_][\w.$:<>-]{0,99}", re.ASCII)
FIXES = {
    "ResourceNotFoundException": "there is no such function; check `config.name` and the region",
    "AccessDeniedException": "the satisfier's role lacks lambda:InvokeFunction on it",
    "TooManyRequestsException": "it was throttled and has not been run; RETRY_FAILED_TASKS asks "
    "again",
    "RequestTooLargeException": "the metadata and args are too large for a call",
    "InvalidRequestContentException": "it does not take the metadata and args as JSON",
}


class LambdaConfig(TaskConfig):
    """Config of a task of executor `lambda`. `name` may be an ARN, or have an alias."""

    name: str = Field(min_length=1)
    args: Any = None


class LambdaExecutor:
    """See `task_satisfier.executors.Executor`. `client_for` takes the read time-out in seconds."""

    def __init__(self, client_for: ClientFor) -> None:
        self._client_for = client_for

    def run(self, run: TaskRun) -> Mapping[str, Json]:
        """Invokes the function once. What it returns is not looked at, as in the original."""
        config = parse_config(LambdaConfig, run.request)
        wait = run.ensure_time()
        try:
            answer = self._client_for(wait).invoke(
                FunctionName=config.name,
                InvocationType="RequestResponse",
                Payload=json.dumps(_payload(config, run), separators=(",", ":")),
            )
            if answer.get("FunctionError"):
                payload = answer["Payload"].read()
                raise TaskFailedError(function_error(payload), error=function_error_type(payload))
            with suppress(BotoCoreError):  # only so that the connection can be used again
                answer["Payload"].read()
        except ReadTimeoutError as error:
            raise OutOfTimeError(_invoke_error(config.name, wait, error)) from error
        except (ClientError, BotoCoreError) as error:
            raise TaskFailedError(_invoke_error(config.name, wait, error)) from error
        return {}


def _payload(config: LambdaConfig, run: TaskRun) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "stackId": run.request.stack_id,
        "metadata": dict(run.request.metadata),
    }
    return payload | ({"args": config.args} if "args" in config.model_fields_set else {})


def function_error(payload: bytes) -> str:
    """Type, message and trace of an error that a function ended with, whatever its runtime."""
    error = _parsed(payload)
    told = "\n".join(_told(error)) if error is not None else _decoded(payload).strip()
    return _bounded(told or "The function failed without saying why.")


def function_error_type(payload: bytes) -> str | None:
    """The type of that error, which retry rules name; None where it is no plain name."""
    kind = (_parsed(payload) or {}).get("errorType")
    return kind if isinstance(kind, str) and ERROR_NAME.fullmatch(kind) else None


def _parsed(payload: bytes) -> Mapping[str, Any] | None:
    """The error as an object; None if it is something else."""
    try:
        error = json.loads(_decoded(payload))
    except (ValueError, RecursionError):
        return None
    return error if isinstance(error, dict) else None


def _decoded(payload: bytes) -> str:
    return payload.decode(errors="replace")


def _told(error: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    kind, message = error.get("errorType"), error.get("errorMessage")
    head = ": ".join(_text(part) for part in (kind, message) if part)
    yield head or _text(error)
    for field in TRACE_FIELDS:
        trace = error.get(field)
        lines = trace if isinstance(trace, list) else [trace] if trace else []
        yield from (_text(line) for line in lines if line and _text(line) != head)
    cause = error.get("cause")
    if isinstance(cause, dict) and depth < MAX_CAUSES:  # Java and .NET nest errors
        yield "Caused by: " + "\n".join(_told(cause, depth + 1))


def _text(part: Any) -> str:
    return part.rstrip() if isinstance(part, str) else json.dumps(part)


def _bounded(text: str) -> str:
    """The start of a long error, where runtimes say what went wrong."""
    if len(text) <= ERROR_MESSAGE_CHARACTERS:
        return text
    return text[: ERROR_MESSAGE_CHARACTERS - 1] + "…"


def _invoke_error(name: str, waited: float, error: ClientError | BotoCoreError) -> str:
    kind = error_name(error)
    if isinstance(error, ClientError):
        why = FIXES.get(kind, "see the error code in the Lambda API reference of Invoke")
        return f"Function '{name}' could not be invoked: {kind}: {why}."
    if isinstance(error, ReadTimeoutError):
        return (
            f"Function '{name}' did not answer within {waited:.0f} s. It may still be running; "
            "it was not invoked a second time."
        )
    if isinstance(error, EndpointConnectionError | ConnectTimeoutError):
        return f"Function '{name}' was not invoked: Lambda cannot be reached ({kind})."
    return f"Function '{name}' could not be invoked, or its answer was lost: {kind}."
