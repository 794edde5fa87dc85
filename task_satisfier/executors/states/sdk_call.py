"""One call of a service by the names that the language has for its action and parameters."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, DataNotFoundError, UnknownServiceError

from cloudseam.languages.asl.failure import RUNTIME
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.resource import Integration
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.states.error_names import failure_of

ClientFor = Callable[[str, float], Any]

# Services that the language calls otherwise than boto3.
BOTO3_NAMES = {"states": "stepfunctions", "sfn": "stepfunctions", "eventbridge": "events"}


def client_of(client_for: ClientFor, run: TaskRun, named: Integration) -> Any:
    """A client of the service that an integration names.

    Raises:
        TaskFailedError: there is no such service.
    """
    wait = run.ensure_time()
    service = named.service.lower()
    try:
        return client_for(BOTO3_NAMES.get(service, service), wait)
    except (DataNotFoundError, UnknownServiceError):
        raise TaskFailedError(
            f"The service '{named.service[:80]}' is not known here.", error=RUNTIME
        ) from None


def call(
    client: Any, named: Integration, action: str, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """What the service answers to an action with these arguments, in boto3's own form.

    Raises:
        TaskFailedError: what it refused, by the name that the language has for it.
    """
    model = client.meta.service_model
    operation = next((each for each in model.operation_names if _same(each, action)), None)
    if operation is None:
        raise TaskFailedError(
            f"The service '{named.service[:80]}' has no action '{action[:80]}'.", error=RUNTIME
        )
    shape = model.operation_model(operation).input_shape
    told = _argument(arguments, shape) if shape else {}
    try:
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**told)
    except (ClientError, BotoCoreError) as error:
        raise failure_of(error, named, client) from error
    return answer


def result_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as JSON: names begin with a capital, times are texts, streams are read."""
    return {
        _capital(name): _value(value)
        for name, value in answer.items()
        if name != "ResponseMetadata"
    }


def _argument(value: Any, shape: Any) -> Any:
    """A value as boto3 takes it. Where a text has to be, anything else becomes JSON, as recorded
    from AWS (`MessageBody` of SQS, `Detail` of EventBridge); null is as if it were not there. What
    is the body of a request (an object of S3) is JSON in any case, a text with its quotes; bytes,
    which are our own, are as they are."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return dict(_member(name, each, shape) for name, each in value.items() if each is not None)
    if shape.type_name == "list" and isinstance(value, list):
        return [_argument(each, shape.member) for each in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _argument(each, shape.value) for name, each in value.items()}
    if shape.type_name == "blob" and not isinstance(value, bytes):
        is_whole_body = shape.serialization.get("streaming")
        is_plain = isinstance(value, str) and not is_whole_body
        return (value if is_plain else text_of(value)).encode()
    if shape.type_name == "string" and not isinstance(value, str):
        return text_of(value)
    return value


def _member(name: str, value: Any, shape: Any) -> tuple[str, Any]:
    """A member by its name in the service's model, where small letters may begin it."""
    for known, of in shape.members.items():
        if _same(known, name):
            return known, _argument(value, of)
    return name, value


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _value(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_value(each) for each in value]
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return moment.replace("+00:00", "Z")
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value))
    return value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()
