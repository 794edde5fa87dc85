"""Calls a Lambda handler with batches from an SQS queue, as Lambda's event source mapping does.

For running a function where there is no Lambda: on a laptop, or as a long-running process.
"""

from __future__ import annotations

import logging
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        MessageAttributeValueOutputTypeDef,
        MessageTypeDef,
    )

Handler = Callable[[dict[str, Any], Any], Any]

# SQS: at most ten messages per receive, and 20 s of waiting (API reference, ReceiveMessage).
MAX_BATCH_SIZE = 10
MAX_WAIT_SECONDS = 20
# Lambda ends a function after 15 minutes at most (developer guide, "Lambda quotas").
MAX_TIMEOUT_SECONDS = 900
# SQS hides a message for 12 hours after its receive, however often that is renewed (API reference,
# ChangeMessageVisibility); in the last minutes it is answered and deleted.
LONGEST_TIMEOUT_SECONDS = 12 * 3600 - 300
# A queue may hide messages for no time at all, which cannot be kept up.
MIN_VISIBILITY_SECONDS = 2
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InvocationContext:
    """What a handler may ask of its context; see the Lambda developer guide, "Context object"."""

    function_name: str
    invoked_function_arn: str
    deadline: float
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    log_group_name: str = ""
    log_stream_name: str = ""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation has to be over; 0 when it should be."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


@dataclass(frozen=True, slots=True)
class _Source:
    """The queue, and what its messages have to say about it."""

    client: SQSClient
    url: str
    arn: str
    visibility_seconds: int

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @classmethod
    def of(cls, client: SQSClient, url: str) -> _Source:
        attributes = client.get_queue_attributes(
            QueueUrl=url, AttributeNames=["QueueArn", "VisibilityTimeout"]
        )["Attributes"]
        visibility = max(MIN_VISIBILITY_SECONDS, int(attributes["VisibilityTimeout"]))
        return cls(client, url, attributes["QueueArn"], visibility)


def poll(
    client: SQSClient,
    queue_url: str,
    handler: Handler,
    stop: Event,
    *,
    function_name: str = "cloudseam",
    batch_size: int = MAX_BATCH_SIZE,
    wait_seconds: int = 5,
    timeout_seconds: int = MAX_TIMEOUT_SECONDS,
) -> None:
    """Receives, calls the handler, and deletes what it did not report as failed, until `stop`.

    While the handler runs its messages stay hidden. When it raises, or its answer makes no
    sense, nothing is deleted and the queue's visibility time-out brings everything back. `stop`
    is looked at between receives, so it takes effect after `wait_seconds` (at most 20) or the
    handler's run. An error of SQS is logged and never ends the polling.
    """
    source: _Source | None = None
    pauses = _pauses()
    while not stop.is_set():
        try:
            source = source or _Source.of(client, queue_url)
            messages = _receive(source, batch_size, wait_seconds)
            pauses = _pauses()
        except Exception as error:  # whatever it is, a poller that ends would be missed by nobody
            if not stop.is_set():
                logger.warning("Cannot receive from the queue: %s", error_name(error))
            stop.wait(next(pauses))
            continue
        if messages and stop.is_set():
            _release(source, messages)
        elif messages:
            context = _context(source, function_name, timeout_seconds)
            _deliver(source, messages, handler, context)


def lambda_event(messages: Sequence[MessageTypeDef], queue_arn: str) -> dict[str, Any]:
    """The event that Lambda makes of messages; see its developer guide, "Using Lambda with SQS"."""
    return {"Records": [_record(message, queue_arn) for message in messages]}


def failed_messages(answer: Any, message_ids: Sequence[str]) -> frozenset[str] | None:
    """The ids a handler's answer reports as failed, or None when the whole batch counts as such.

    The rules are Lambda's: no answer is a success, and an answer that names no message or an
    unknown one fails the batch (developer guide, "Reporting batch item failures").
    """
    if not answer:
        return frozenset()
    if not isinstance(answer, Mapping):
        return None
    items = answer.get("batchItemFailures") or []
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        return None
    failed = frozenset(str(item.get("itemIdentifier")) for item in items)
    return failed if failed <= set(message_ids) else None


def _receive(source: _Source, batch_size: int, wait_seconds: int) -> list[MessageTypeDef]:
    answer = source.client.receive_message(
        QueueUrl=source.url,
        MaxNumberOfMessages=min(batch_size, MAX_BATCH_SIZE),
        WaitTimeSeconds=min(wait_seconds, MAX_WAIT_SECONDS),
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    )
    return answer.get("Messages", [])


def _deliver(
    source: _Source, messages: list[MessageTypeDef], handler: Handler, context: InvocationContext
) -> None:
    try:
        with _hidden(source, messages):
            answer = handler(lambda_event(messages, source.arn), context)
    except Exception:
        logger.exception("The handler raised; its messages will come again")
        return
    failed = failed_messages(answer, [message["MessageId"] for message in messages])
    if failed is None:
        logger.error("The handler's answer names unknown messages; all of them will come again")
        return
    _delete(source, [message for message in messages if message["MessageId"] not in failed])


def _delete(source: _Source, done: Sequence[MessageTypeDef]) -> None:
    if not done:
        return
    try:
        answer = source.client.delete_message_batch(
            QueueUrl=source.url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(done)
            ],
        )
        undone = [f"{entry['Id']}: {entry['Code']}" for entry in answer.get("Failed", [])]
    except (ClientError, BotoCoreError) as error:
        undone = [error_name(error)]
    if undone:
        logger.warning("Messages that are done will come again: %s", ", ".join(undone))


def _release(source: _Source, messages: Sequence[MessageTypeDef]) -> None:
    """Gives back what arrived while stopping, so that another poller has it at once."""
    try:
        source.client.change_message_visibility_batch(
            QueueUrl=source.url,
            Entries=[
                {
                    "Id": str(number),
                    "ReceiptHandle": message["ReceiptHandle"],
                    "VisibilityTimeout": 0,
                }
                for number, message in enumerate(messages)
            ],
        )
    except (ClientError, BotoCoreError) as error:
        logger.warning("Messages will come again only later: %s", error_name(error))


@contextmanager
def _hidden(source: _Source, messages: Sequence[MessageTypeDef]) -> Iterator[None]:
    """Keeps messages from being received by others while the block runs."""
    done = Event()
    thread = Thread(target=_keep_hidden, args=(source, messages, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _keep_hidden(source: _Source, messages: Sequence[MessageTypeDef], done: Event) -> None:
    entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
        {
            "Id": str(number),
            "ReceiptHandle": message["ReceiptHandle"],
            "VisibilityTimeout": source.visibility_seconds,
        }
        for number, message in enumerate(messages)
    ]
    while not done.wait(source.visibility_seconds / 2):
        try:
            source.client.change_message_visibility_batch(QueueUrl=source.url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            logger.warning("Messages may be received a second time: %s", error_name(error))


def _record(message: MessageTypeDef, queue_arn: str) -> dict[str, Any]:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message.get("MD5OfBody", ""),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }


def _attribute(value: MessageAttributeValueOutputTypeDef) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value["DataType"],
    }
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = b64encode(value["BinaryValue"]).decode()
    return attribute


def _context(source: _Source, function_name: str, timeout_seconds: int) -> InvocationContext:
    return InvocationContext(
        function_name=function_name,
        invoked_function_arn=(
            f"arn:aws:lambda:{source.region}:{source.account}:function:{function_name}"
        ),
        deadline=time.monotonic() + timeout_seconds,
    )


def _pauses() -> Iterator[float]:
    """Seconds to wait after each error of SQS in a row."""
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(LONGEST_PAUSE, pause * 2)
