"""Notices new messages on dead-letter queues, whoever put them there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cloudseam_cli.local.report import Kind, Report

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# A look hides what it finds from others for so long, in seconds.
HIDDEN_SECONDS = 2
MAX_LOOKS = 20
UNKNOWN = "it was received too often without a result; see the logs"


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: an `event` or a `task` message, why it is dead, and its id on its queue."""

    what: str
    body: str
    reason: str
    message_id: str = ""

    @property
    def event_id(self) -> str | None:
        """The id that the event's sender gave it."""
        return _text(self._fields().get("eventId"))

    def report(self) -> Report:
        """What there is to tell of it: its reason, and whose it is as far as it says so."""
        fields = self._fields()
        task = _text(_object(fields.get("task")).get("name"))
        stack = _text(fields.get("stackId")) or _text(_object(fields.get("stack")).get("id"))
        return Report(
            Kind.DEAD_LETTER,
            stack=stack or "",
            event=_text(fields.get("event")) or _text(fields.get("action")) or self.what,
            tasks=(task,) if task else (),
            reason=self.reason,
            message_id=self.message_id,
        )

    def _fields(self) -> Mapping[str, Any]:
        try:
            return _object(json.loads(self.body))
        except (ValueError, RecursionError):
            return {}


class DeadLetterWatch:
    """Looks at queues, given by what their messages are. The letters stay where they are."""

    def __init__(self, client: SQSClient, queues: Mapping[str, str]) -> None:
        self._client = client
        self._queues = queues
        self._seen: dict[str, set[str]] = {what: set() for what in queues}

    def look(self) -> Iterator[Letter]:
        """The letters that were not there at the last look."""
        for what, url in self._queues.items():
            if self._count(url) > len(self._seen[what]):
                yield from self._new(what, url)

    def _new(self, what: str, url: str) -> Iterator[Letter]:
        for _ in range(MAX_LOOKS):
            messages = self._receive(url)
            if not messages:
                return
            for message in messages:
                if message["MessageId"] not in self._seen[what]:
                    self._seen[what].add(message["MessageId"])
                    attributes = message.get("MessageAttributes", {})
                    reason = (
                        attributes["reason"]["StringValue"] if "reason" in attributes else UNKNOWN
                    )
                    yield Letter(what, message["Body"], reason, message["MessageId"])

    def _receive(self, url: str) -> list[MessageTypeDef]:
        answer = self._client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _count(self, url: str) -> int:
        answer = self._client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )
        return sum(map(int, answer["Attributes"].values()))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
