"""Where events come from besides the event queue: a file for each source."""

from enum import StrEnum
from typing import Any


class Source(StrEnum):
    """A source, as the records of its Lambda events name it; EventBridge's have no such name."""

    KINESIS = "aws:kinesis"
    DYNAMODB = "aws:dynamodb"
    SNS = "aws:sns"
    EVENT_BRIDGE = "aws:events"

    @property
    def is_stream(self) -> bool:
        """Whether Lambda keeps its records in order, and has them come again from a place on."""
        return self in (Source.KINESIS, Source.DYNAMODB)


NAMED = frozenset(map(str, (Source.KINESIS, Source.DYNAMODB, Source.SNS)))


def source_of(event: Any) -> Source | None:
    """The source of a Lambda event; None for the queue, and for what nobody knows."""
    if not isinstance(event, dict):
        return None
    if "detail-type" in event:
        return Source.EVENT_BRIDGE
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    if not isinstance(first, dict):
        return None
    name = first.get("eventSource") or first.get("EventSource")
    return Source(name) if isinstance(name, str) and name in NAMED else None
