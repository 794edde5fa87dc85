"""What a machine's language tells of one commit, as texts that rows can hold."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudseam.persistence.packed import pack, unpack
from cloudseam.persistence.row import UnreadableRowError

# Characters of ASCII of one row. DynamoDB takes 400 KB per item, names included.
ROW_CHARACTERS = 350_000
# What the rows of one commit have together. A transaction of DynamoDB takes 4 MB and the stack's
# own row besides (API reference, TransactWriteItems).
LOG_CHARACTERS = 1_500_000
# How long DynamoDB keeps a row of a log, in seconds: an execution has a year, and can be looked at
# for 90 days (developer guide, "Service quotas"); and a week, since what has expired goes within a
# few days, in no order (DynamoDB developer guide, "Time to Live").
LOG_SECONDS = (365 + 90 + 7) * 24 * 3600
# Texts that are left out where a log would be larger: inputs, outputs and parameters, of which
# GetExecutionHistory says that they are truncated.
PAYLOADS = ("input", "output", "parameters")


def log_texts(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """The events as one text in pieces; without their payloads where these are too large."""
    text = _text(events)
    if len(text) > LOG_CHARACTERS:
        text = _text([_without_payloads(event) for event in events])
    return [text[at : at + ROW_CHARACTERS] for at in range(0, len(text), ROW_CHARACTERS)]


def events_of(stack_id: str, version: int, text: str) -> list[dict[str, Any]]:
    """The events of such a text.

    Raises:
        UnreadableRowError: it is none.
    """
    try:
        events = json.loads(unpack(text))
    except ValueError:
        events = None
    if not isinstance(events, list):
        raise UnreadableRowError(
            f"What is kept of the log of stack '{stack_id}' at version {version} cannot be read. "
            "Repair it, or remove it.",
            stack_id=stack_id,
        )
    return events


def _text(events: Sequence[Mapping[str, Any]]) -> str:
    """JSON, or where that is larger than a row, JSON that is packed: 25,000 events without their
    payloads are 4 MB, and no transaction takes that."""
    text = json.dumps(list(events), separators=(",", ":"))
    return text if len(text) <= ROW_CHARACTERS else pack(text)


def _without_payloads(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: dict(_left(told)) if name.endswith("EventDetails") else told
        for name, told in event.items()
    }


def _left(details: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, told in details.items():
        if name in PAYLOADS:
            yield name, ""
        elif name.removesuffix("Details") in PAYLOADS:
            yield name, {"truncated": True}
        else:
            yield name, told
