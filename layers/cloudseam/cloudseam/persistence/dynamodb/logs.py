"""The rows that have what a machine's language tells of a commit."""

from collections.abc import Iterator
from typing import Any

from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence.log_row import log_texts
from cloudseam.stack import Stack

LOG_PREFIX = f"{RESERVED_ID_PREFIX}log#"


def log_rows(stack: Stack) -> Iterator[dict[str, Any]]:
    """The rows of the commit's log; the first says how many there are."""
    texts = log_texts(stack.log) if stack.log else []
    for piece, text in enumerate(texts):
        row = {"id": log_id(stack.id, stack.version + 1, piece), "events": text}
        yield row if piece else row | {"pieces": len(texts)}


def log_id(stack_id: str, version: int, piece: int = 0) -> str:
    """The id of the row that has the log of one commit, or a further piece of it."""
    first = f"{LOG_PREFIX}{stack_id}#{version:012}"
    return f"{first}#{piece}" if piece else first
