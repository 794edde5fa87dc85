"""A stack's row as it is found, whoever wrote it last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudseam.stack import Stack


@dataclass(frozen=True, slots=True)
class FoundRow:
    """`stack` is None where the row is none of a stack, which `problem` explains.

    `text` is the whole row as it was read: two looks at one that nobody has written are equal.
    `nameless` counts tasks without a name, which nothing can satisfy; `stack` is without them.
    """

    id: str
    text: str
    stack: Stack | None
    problem: str = ""
    nameless: int = 0

    @property
    def is_ours(self) -> bool:
        """Whether CloudSeam wrote it last, or has taken it over: the original keeps no version."""
        return self.stack is not None and self.stack.version > 0

    @property
    def digest(self) -> str:
        """Equal for equal rows only; short, as many are held."""
        return hashlib.sha256(self.text.encode(errors="surrogatepass")).hexdigest()


def nameless_tasks(row: Mapping[str, Any]) -> int:
    """How many tasks of a row have no name."""
    tasks = row.get("tasks")
    listed = tasks if isinstance(tasks, list) else []
    return sum(isinstance(task, dict) and not task.get("name") for task in listed)


def row_text(row: Mapping[str, Any]) -> str:
    """A row as a text, the same whatever the order of its fields."""
    return json.dumps(row, sort_keys=True, default=str)
