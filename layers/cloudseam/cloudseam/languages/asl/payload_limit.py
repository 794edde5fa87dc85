"""How large a payload may be: the input of a state, its arguments, result or output."""

from typing import Any

from cloudseam.json_levels import is_deeper_than
from cloudseam.languages.asl.failure import DATA_LIMIT_EXCEEDED, StateFailure
from cloudseam.languages.asl.json_text import (
    MAX_PAYLOAD_BYTES,
    MAX_PAYLOAD_LEVELS,
    bytes_of,
    text_of,
)


def limit(name: str, value: Any) -> str:
    """The text of a state's or resource's arguments, result or output, unless it is too large.

    Raises:
        StateFailure: it is.
    """
    if is_deeper_than(MAX_PAYLOAD_LEVELS, value):
        raise StateFailure(
            DATA_LIMIT_EXCEEDED,
            f"The state/task '{name}' returned a result that is nested more than "
            f"{MAX_PAYLOAD_LEVELS} levels deep.",
            is_placed=True,
        )
    text = text_of(value)
    if bytes_of(text) > MAX_PAYLOAD_BYTES:
        raise StateFailure(
            DATA_LIMIT_EXCEEDED,
            f"The state/task '{name}' returned a result with a size exceeding the "
            "maximum number of bytes service limit.",
            is_placed=True,
        )
    return text
