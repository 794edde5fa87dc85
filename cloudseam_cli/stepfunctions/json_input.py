"""JSON texts in calls: inputs, outputs and definitions."""

import json
import re
from typing import Any

from cloudseam.json_number import finite, refuse_constant
from cloudseam.languages.asl.json_text import MAX_PAYLOAD_BYTES, MAX_PAYLOAD_LEVELS
from cloudseam.limits import is_deeper_than

WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


class NoJsonError(ValueError):
    """The text is not JSON; says why, as AWS's parser does where that is known."""


def parsed(text: str) -> Any:
    """The value that a text holds.

    Raises:
        NoJsonError: it holds none.
    """
    try:
        value = json.loads(text, parse_constant=refuse_constant, parse_float=finite)
    except json.JSONDecodeError as error:
        raise NoJsonError(_why(text, error)) from None
    except (ValueError, RecursionError):
        raise NoJsonError("Invalid JSON.") from None
    if is_deeper_than(MAX_PAYLOAD_LEVELS, value):
        raise NoJsonError(f"JSON nested more than {MAX_PAYLOAD_LEVELS} levels deep.")
    return value


def is_too_long(text: str) -> bool:
    """Whether it has more bytes than an input or output may have."""
    return len(text.encode(errors="surrogatepass")) > MAX_PAYLOAD_BYTES


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
