"""The rows that have what a machine's language tells of a commit."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence.log_row import LOG_SECONDS, log_texts
from cloudseam.stack import Stack

LOG_PREFIX = f"{RESERVED_ID_PREFIX}log#"


def log_rows(stack: Stack) -> Iterator[dict[str, Any]]:
    """The rows of the commit's log; the first says how many there are, and of which life."""
    texts = log_texts(stack.log) if stack.log else []
    ttl = stack.updated_at // 1000 + LOG_SECONDS
    for piece, text in enumerate(texts):
        row = {"id": log_id(stack.id, stack.version + 1, piece), "events": text, "ttl": ttl}
        yield row if piece else row | {"pieces": len(texts), "since": stack.created_at}


def of_last_life(rows: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Without the rows of an earlier stack of the same id, which outlive it: versions begin anew
    once its own row has expired."""
    last = max((row.get("since", 0) for row in rows.values()), default=0)
    return {row_id: row for row_id, row in rows.items() if row.get("since", 0) == last}


def log_id(stack_id: str, version: int, piece: int = 0) -> str:
    """The id of the row that has the log of one commit, or a further piece of it."""
    first = f"{LOG_PREFIX}{stack_id}#{version:012}"
    return f"{first}#{piece}" if piece else first
