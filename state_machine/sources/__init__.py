"""Where events come from besides the event queue: a file for each source."""

from collections.abc import Mapping, Sequence
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


def source_of(event: Mapping[str, Any]) -> Source | None:
    """The source of a Lambda event; None for the queue, and for what nobody knows."""
    if "detail-type" in event:
        return Source.EVENT_BRIDGE
    records: Sequence[Mapping[str, str]] = event.get("Records") or ({},)
    name = records[0].get("eventSource") or records[0].get("EventSource")
    return Source(name) if name in NAMED else None
