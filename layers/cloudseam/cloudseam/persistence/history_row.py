"""The entries of one commit as a text, for stores that keep the full history."""

import json
from collections.abc import Sequence
from typing import Any

from cloudseam.history import Entry
from cloudseam.persistence.row import MAX_ROW_BYTES, UnreadableRowError, entry_from_row, recent


def entries_text(entries: Sequence[Entry]) -> str:
    """The entries, oldest first; of so many that no row could hold them, the latest."""
    return json.dumps(recent(entries, MAX_ROW_BYTES), separators=(",", ":"))


def entries_from_text(stack_id: str, version: int, text: Any) -> Sequence[Entry]:
    """The entries of such a text, the newest first, each with the version of its commit.

    Raises:
        UnreadableRowError: it is none.
    """
    try:
        return [entry_from_row(parts, version) for parts in reversed(json.loads(text))]
    except (TypeError, ValueError):
        raise UnreadableRowError(
            f"What is kept of the history of stack '{stack_id}' at version {version} "
            "cannot be read. Repair it, or remove it.",
            stack_id=stack_id,
        ) from None
