"""A dead letter: a message that could not work, with what is known of why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cloudseam_cli.local.report import Kind, Report

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

EVENT, TASK = "event", "task"
UNKNOWN = "it was received too often without a result; see the logs"


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: an `event` or a `task` message, why it is dead, and its id on its queue.

    `attributes` are all it has as texts, `sent_at` is when it was put there (epoch ms, 0 where it
    is not known), `receipt` names the delivery that it was read with.
    """

    what: str
    body: str
    reason: str
    message_id: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    sent_at: int = 0
    receipt: str = ""

    @classmethod
    def received(cls, what: str, message: MessageTypeDef) -> Self:
        """The letter of a message as SQS delivers it, with its attributes."""
        attributes = {
            name: value["StringValue"]
            for name, value in message.get("MessageAttributes", {}).items()
            if "StringValue" in value
        }
        return cls(
            what,
            message["Body"],
            attributes.get("reason", UNKNOWN),
            message["MessageId"],
            attributes,
            int(message.get("Attributes", {}).get("SentTimestamp", 0)),
            message["ReceiptHandle"],
        )

    @property
    def failed_id(self) -> str:
        """The id of the message that failed: another one than the letter's, unless SQS moved it."""
        return self.attributes.get("messageId") or self.message_id

    @property
    def original_id(self) -> str:
        """What its event is known by: the id that its sender gave it, or its first message's."""
        return self.event_id or self.failed_id

    @property
    def event_id(self) -> str | None:
        """The id that the event's sender gave it."""
        return _text(self.fields().get("eventId"))

    def _named(self) -> Mapping[str, Any]:
        """Its fields, with the stack and the task that a task token names."""
        from cloudseam.errors import InvalidMessageError
        from cloudseam.messages import by_token

        with suppress(InvalidMessageError):
            return by_token(dict(self.fields()))
        return self.fields()

    def report(self) -> Report:
        """What there is to tell of it: its reason, and whose it is as far as it says so."""
        fields = self._named()
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

    def fields(self) -> Mapping[str, Any]:
        """What the body says, if it is a JSON object."""
        try:
            return _object(json.loads(self.body))
        except (ValueError, RecursionError):
            return {}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
