"""JSON texts in calls: inputs, outputs and definitions."""

import json
import re
from typing import Any

from cloudseam.languages.asl.json_text import MAX_PAYLOAD_BYTES, bytes_of, read_json

WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


class NoJsonError(ValueError):
    """The text is not JSON; says why, as AWS's parser does where that is known."""


def parsed(text: str) -> Any:
    """The value that a text holds.

    Raises:
        NoJsonError: it holds none.
    """
    try:
        return read_json(text)
    except json.JSONDecodeError as error:
        raise NoJsonError(_why(text, error)) from None
    except ValueError:
        raise NoJsonError("Invalid JSON.") from None


def is_too_long(text: str) -> bool:
    """Whether it has more bytes than an input or output may have."""
    return bytes_of(text) > MAX_PAYLOAD_BYTES


def _why(text: str, error: json.JSONDecodeError) -> str:
    rest = text[error.pos :]
    word = WORD.match(rest)
    if error.msg == "Expecting value" and word:
        return (
            f"Unrecognized token '{word[0]}': was expecting (JSON String, Number, Array, Object or "
            "token 'null', 'true' or 'false')"
        )
    if error.msg.startswith("Expecting property name") and rest:
        return (
            f"Unexpected character ('{rest[0]}' (code {ord(rest[0])})): was expecting "
            "double-quote to start field name"
        )
    return f"{error.msg} at line {error.lineno}, column {error.colno}"
