"""A lock that somebody has on a state, as Terraform prints it, and whether it is of a dead task."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Self

from cloudseam.claim import Holder

# What Terraform and OpenTofu print when they do not get the lock, and before what they know of it.
NOT_GOT = "Error acquiring the state lock"
INFO = "Lock Info:"
# `apply` and `destroy` both take the lock as this (Terraform, backend.OperationType).
CHANGE = "OperationTypeApply"
# Clocks of the satisfier and of Terraform, and a lock that was written slowly, in milliseconds.
CLOCKS_DIFFER_MS = 10_000

# With colours a line starts with the edge of a box.
_FIELD = re.compile(r"[\s│|]*([A-Z]\w*):\s*(.*?)\s*")
_EDGES = "╷│╵| \t"
# Nothing that could be taken for an option.
_ID = re.compile(r"[0-9A-Za-z][\w.:/=+-]*", re.ASCII)
# Go's `time.Time.String`, which Terraform gives a time of UTC.
_TIME = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))? ([+-]\d{4})\b.*")


@dataclass(frozen=True, slots=True)
class StateLock:
    """`who` has the lock, as `user@host`, since `created` (epoch milliseconds, None if unknown)."""

    id: str
    who: str = ""
    operation: str = ""
    created: int | None = None
    since: str = ""

    @classmethod
    def told_by(cls, lines: Iterable[str]) -> Self | None:
        """The lock that a command did not get, by what it printed; None if it failed otherwise."""
        rest = iter(lines)
        if not any(line.strip(_EDGES).endswith(f"Error: {NOT_GOT}") for line in rest):
            return None
        if not any(line.strip(_EDGES) == INFO for line in rest):
            return None
        block = takewhile(bool, map(_FIELD.fullmatch, rest))
        fields = {field[1]: field[2] for field in block if field}
        if not _ID.fullmatch(fields.get("ID", "")):
            return None
        since = fields.get("Created", "")
        return cls(
            fields["ID"],
            fields.get("Who", ""),
            fields.get("Operation", ""),
            _milliseconds(since),
            since,
        )

    def is_left_by(self, past: Sequence[Holder]) -> bool:
        """Whether one of those who held the state before, and are dead, left it.

        It does if the lock is for a change, and was made where the holder worked while it held
        the state.
        """
        created = self.created
        if created is None or not self.who or self.operation != CHANGE:
            return False
        return any(
            gone.place == self.who
            and gone.since - CLOCKS_DIFFER_MS <= created <= gone.until + CLOCKS_DIFFER_MS
            for gone in past
        )


def _milliseconds(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    if not found:
        return None
    try:
        whole = datetime.strptime(f"{found[1]} {found[3]}", "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None
    return int(whole.timestamp()) * 1000 + int((found[2] or "").ljust(3, "0")[:3])
