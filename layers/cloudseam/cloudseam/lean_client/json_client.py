"""Clients of services that speak AWS JSON: DynamoDB, EventBridge, SQS, Secrets Manager.

The protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zlib import crc32

from botocore.exceptions import ChecksumError

from cloudseam.lean_client.channel import Channel, Dialect, Means
from cloudseam.lean_client.exchange import Answer, Request
from cloudseam.lean_client.fault import UnreadableAnswerError, json_fault, metadata_of
from cloudseam.lean_client.retry import Failure

if TYPE_CHECKING:
    from cloudseam.lean_client.endpoint import Endpoint
    from cloudseam.patience import Patience

# In an answer of DynamoDB that holds bytes one of these is found, and seldom in another.
BINARY_VALUES = (b'"B":', b'"BS":')


@dataclass(frozen=True, slots=True)
class JsonApi:
    """One service's API: its calls, by the names that boto3 gives them.

    Operations in `has_tokens` take a `ClientRequestToken`, by which the service knows that an
    attempt is not another call. `restore` makes bytes of what JSON has as base64.
    """

    target: str
    calls: frozenset[str]
    version: str = "1.0"
    headers: Mapping[str, str] = field(default_factory=dict)
    has_tokens: frozenset[str] = frozenset()
    restore: Callable[[bytes, Any], Any] = lambda _, answer: answer
    judge: Callable[[Answer], Failure | None] = lambda answer: (
        None if answer.is_success else json_fault(answer)
    )


class JsonClient:
    """Has a method for each call of the API, with the arguments and answers of boto3's."""

    def __init__(
        self,
        service: str,
        api: JsonApi,
        endpoint: Endpoint,
        patience: Patience,
        means: Means,
    ) -> None:
        self._api = api
        self._channel = Channel(Dialect(service, api.judge), endpoint, patience, means)
        for name in api.calls:
            setattr(self, name, partial(self._call, name.title().replace("_", "")))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]: ...

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        if operation in self._api.has_tokens:
            arguments.setdefault("ClientRequestToken", str(uuid4()))
        request = Request(
            "POST",
            f"{self._channel.endpoint.path}/",
            {
                **self._api.headers,
                "Content-Type": f"application/x-amz-json-{self._api.version}",
                "X-Amz-Target": f"{self._api.target}.{operation}",
            },
            json.dumps(arguments, separators=(",", ":"), default=_text).encode(),
        )
        answer, retries = self._channel.ask(operation, request)
        told = self._api.restore(answer.body, _members(operation, answer.body))
        told["ResponseMetadata"] = metadata_of(answer) | retries
        return dict(told)


def _members(operation: str, body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body or b"{}")
        return {name: value for name, value in told.items() if value is not None}
    except (ValueError, AttributeError):
        raise UnreadableAnswerError(operation=operation) from None


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")


def _judge_dynamodb(answer: Answer) -> Failure | None:
    """DynamoDB says what the checksum of its answer is."""
    expected = answer.headers.get("x-amz-crc32")
    actual = str(crc32(answer.body))
    if expected is not None and actual != expected.strip():
        return ChecksumError(
            checksum_type="crc32", expected_checksum=expected, actual_checksum=actual
        )
    return None if answer.is_success else json_fault(answer)


def _restore_dynamodb(body: bytes, told: Any) -> Any:
    if any(mark in body for mark in BINARY_VALUES):
        return _with_bytes(told)
    return told


def _with_bytes(value: Any) -> Any:
    """The value with what lies under `B` and `BS` as bytes. An attribute of such a name is no
    text and no list, but a value with its own kind."""
    if isinstance(value, list):
        return [_with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"B": str(text)} if len(value) == 1:
            return {"B": b64decode(text)}
        case {"BS": list(texts)} if len(value) == 1:
            return {"BS": [b64decode(text) for text in texts]}
    return {name: _with_bytes(item) for name, item in value.items()}


def _restore_sqs(body: bytes, told: Any) -> Any:
    if b'"BinaryValue"' in body:
        for message in told.get("Messages", ()):
            for attribute in message.get("MessageAttributes", {}).values():
                if isinstance(attribute.get("BinaryValue"), str):
                    attribute["BinaryValue"] = b64decode(attribute["BinaryValue"])
    return told


def _restore_secret(_: bytes, told: Any) -> Any:
    if isinstance(told.get("SecretBinary"), str):
        told["SecretBinary"] = b64decode(told["SecretBinary"])
    return told


DYNAMODB = JsonApi(
    "DynamoDB_20120810",
    frozenset(
        {
            "batch_execute_statement",
            "batch_get_item",
            "create_table",
            "delete_item",
            "get_item",
            "put_item",
            "query",
            "scan",
            "transact_write_items",
            "update_item",
        }
    ),
    has_tokens=frozenset({"TransactWriteItems"}),
    restore=_restore_dynamodb,
    judge=_judge_dynamodb,
)
SQS = JsonApi(
    "AmazonSQS",
    frozenset(
        {
            "change_message_visibility_batch",
            "delete_message",
            "delete_message_batch",
            "get_queue_attributes",
            "receive_message",
            "send_message",
            "send_message_batch",
        }
    ),
    headers={"x-amzn-query-mode": "true"},
    restore=_restore_sqs,
)
SECRETS_MANAGER = JsonApi(
    "secretsmanager", frozenset({"get_secret_value"}), version="1.1", restore=_restore_secret
)
EVENTS = JsonApi("AWSEvents", frozenset({"put_events"}), version="1.1")
APIS = {"dynamodb": DYNAMODB, "events": EVENTS, "sqs": SQS, "secretsmanager": SECRETS_MANAGER}
