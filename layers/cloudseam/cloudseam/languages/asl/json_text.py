"""JSON as Step Functions writes it: compact, in the order of the keys, in Unicode."""

import json
from typing import Any

# Of a state's input or output, in bytes of UTF-8 (developer guide, "Service quotas").
MAX_PAYLOAD_BYTES = 262_144
# `json.dumps` makes one for each text that is not written its own way.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def text_of(value: Any) -> str:
    """The value as JSON text."""
    return _ENCODER.encode(value)


def size_of(value: Any) -> int:
    """The bytes of that."""
    return bytes_of(text_of(value))


def bytes_of(text: str) -> int:
    """The bytes of a text."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def is_number(value: Any) -> bool:
    """Whether it is a number; a boolean is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, booleans apart from numbers."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)
