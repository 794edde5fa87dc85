"""JSON as Step Functions writes it: compact, in the order of the keys, in Unicode."""

import json
from typing import Any

from cloudseam.json_levels import is_deeper_than
from cloudseam.json_number import finite, refuse_constant

# Of a state's input or output, in bytes of UTF-8 (developer guide, "Service quotas").
MAX_PAYLOAD_BYTES = 262_144
# How deep it may be nested: messages carry it, which have ten levels more.
MAX_PAYLOAD_LEVELS = 90
# `json.dumps` makes one for each text that is not written its own way.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def read_json(text: str) -> Any:
    """The value of a text.

    Raises:
        ValueError: it is no JSON, or none that a message could carry.
    """
    try:
        value = json.loads(text, parse_constant=refuse_constant, parse_float=finite)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if is_deeper_than(MAX_PAYLOAD_LEVELS, value):
        raise ValueError("it is nested too deeply")
    return value


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
