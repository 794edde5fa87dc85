"""Queues on SQS, ten messages per call, the calls side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import ServiceUnavailableError
from cloudseam.queues import MESSAGE_BYTES, OutgoingMessage
from cloudseam.queues.fairness import Tenant, group_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

# SQS: at most ten entries per batch, and as many bytes as one message may have (API reference,
# SendMessageBatch).
ENTRIES_PER_CALL = 10
CALLS_AT_ONCE = 8


class SqsQueue:
    """See `cloudseam.queues.Queue`. It is fair among tenants, if it is told who they are."""

    def __init__(self, client: SQSClient, url: str, tenant: Tenant = "none") -> None:
        self._client = client
        self._url = url
        self._tenant = tenant

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """See `Queue.send`."""
        calls = list(_calls(messages))
        if len(calls) < 2:
            results = [self._send(call) for call in calls]
        else:
            with ThreadPoolExecutor(min(len(calls), CALLS_AT_ONCE)) as pool:
                results = list(pool.map(self._send, calls))
        return {position: error for result in results for position, error in result.items()}

    def defer(self, receipts: Mapping[str, int]) -> None:
        """See `Queue.defer`."""
        rest = iter(receipts.items())
        while chunk := list(islice(rest, ENTRIES_PER_CALL)):
            try:
                self._client.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                        for n, (receipt, seconds) in enumerate(chunk)
                    ],
                )
            except (ClientError, BotoCoreError):
                continue  # the queue's own time-out brings the message back

    def _send(self, call: list[tuple[int, OutgoingMessage]]) -> dict[int, Exception]:
        try:
            answer = self._client.send_message_batch(
                QueueUrl=self._url, Entries=[self._entry(*numbered) for numbered in call]
            )
        except (ClientError, BotoCoreError) as error:
            failed = ServiceUnavailableError(f"SQS did not take the messages: {error_name(error)}.")
            failed.__cause__ = error
            return {position: failed for position, _ in call}
        return {
            int(entry["Id"]): ServiceUnavailableError(
                f"SQS did not take a message: {entry['Code']}."
            )
            for entry in answer.get("Failed", [])
        }

    def _entry(
        self, position: int, message: OutgoingMessage
    ) -> SendMessageBatchRequestEntryTypeDef:
        entry: SendMessageBatchRequestEntryTypeDef = {
            "Id": str(position),
            "MessageBody": message.body,
            "DelaySeconds": message.delay,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in message.attributes.items()
            },
        }
        if group := group_of(message, self._tenant):
            entry["MessageGroupId"] = group
        return entry


def _calls(messages: Sequence[OutgoingMessage]) -> Iterator[list[tuple[int, OutgoingMessage]]]:
    """The messages with their positions, cut so that each call keeps both limits of SQS."""
    call: list[tuple[int, OutgoingMessage]] = []
    size = 0
    for position, message in enumerate(messages):
        if call and (len(call) == ENTRIES_PER_CALL or size + message.size > MESSAGE_BYTES):
            yield call
            call, size = [], 0
        call.append((position, message))
        size += message.size
    if call:
        yield call
