"""What the context of a machine may hold: JSON, and nothing that would come back as something else.

Whatever is refused is refused with its path and its type, and never with a value.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from cloudseam.errors import CloudSeamError
from cloudseam.limits import MAX_INTEGER, MAX_LEVELS, has_half

# Bytes of JSON that are carried in messages and rows; what is larger lies in a bucket.
MAX_INLINE_BYTES = 100_000
# What carries it, such as the starts of an answer, adds five levels to it.
MAX_CONTEXT_LEVELS = MAX_LEVELS - 10
MAX_SHOWN_CHARACTERS = 80
MAX_SHOWN_LEVELS = 4
# What to use in place of types that are taken for JSON often.
INSTEAD = {"tuple": "use a list", "set": "use a list", "frozenset": "use a list"}


class NotSerializableError(CloudSeamError):
    """A context holds what is not JSON. `path` is where, as Python writes it."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path} {problem}.")
        self.path = path


def ensure_json(value: Any, name: str = "context") -> None:
    """Makes sure that a value comes back from JSON as what it is; `name` is what it is called.

    Only text, numbers, booleans, None, lists and dicts do, and of these no subclasses. Numbers are
    finite and have at most 38 digits, and lists and dicts lie in each other at most
    `MAX_CONTEXT_LEVELS` deep, since messages have to carry them.

    Raises:
        NotSerializableError: the first place that does not fit.
    """
    for path, item, level in _everything(value, name):
        problem = _problem(item)
        if level > MAX_CONTEXT_LEVELS and type(item) in (list, dict):
            problem = "is nested too deeply"
        if problem:
            raise NotSerializableError(path, problem)


def context_text(context: Mapping[str, Any]) -> str:
    """The context as JSON, in ASCII: its length is its bytes."""
    return json.dumps(context, separators=(",", ":"), allow_nan=False)


def _everything(value: Any, path: str, level: int = 1) -> Iterator[tuple[str, Any, int]]:
    """Each value in there with its path and how deep it lies; keys are looked at on the way."""
    yield path, value, level
    if type(value) is list:
        for position, item in enumerate(value):
            yield from _everything(item, _step(path, level, position), level + 1)
    elif type(value) is dict:
        for key, item in value.items():
            _ensure_key(key, path)
            yield from _everything(item, _step(path, level, key), level + 1)


def _step(path: str, level: int, key: str | int) -> str:
    """The path of what lies under a key, with its first steps only where it is long."""
    if level > MAX_SHOWN_LEVELS:
        return path if path.endswith("…") else f"{path}…"
    shown = key if isinstance(key, int) or len(key) <= MAX_SHOWN_CHARACTERS else _cut(key)
    return f"{path}[{shown!r}]"


def _cut(key: str) -> str:
    return key[:MAX_SHOWN_CHARACTERS] + "…"


def _ensure_key(key: Any, path: str) -> None:
    if type(key) is not str:
        raise NotSerializableError(path, f"has a key of type {_type(key)}; use text")
    if has_half(key):
        raise NotSerializableError(path, "has a key with half of a surrogate pair")


def _problem(value: Any) -> str | None:
    kind = type(value)
    if value is None or kind in (bool, list, dict):
        return None
    if kind is str:
        return "holds half of a surrogate pair" if has_half(value) else None
    if kind is int:
        return "is a number of more than 38 digits" if abs(value) >= MAX_INTEGER else None
    if kind is float:
        return None if math.isfinite(value) else "is not a finite number"
    instead = INSTEAD.get(kind.__name__)
    return f"is of type {_type(value)}, which is not JSON" + (f"; {instead}" if instead else "")


def _type(value: Any) -> str:
    """The name of its type. Names are the author's own, and may be shown."""
    return type(value).__name__[:MAX_SHOWN_CHARACTERS]
