"""A context or input as it is typed, or in a file."""

import json
import sys
from pathlib import Path
from typing import Any

from cloudseam.errors import InvalidMessageError


def read_context(given: str) -> dict[str, Any]:
    """The context. What was typed, or is in the file, may be a secret: it is not told.

    Raises:
        InvalidMessageError: it cannot be read, or is no JSON object.
    """
    try:
        value = json.loads(_text(given))
    except OSError as error:
        raise InvalidMessageError(f"--context cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidMessageError("--context is not a JSON object, nor a file with one.")
    return value


def read_input(given: str) -> Any:
    """The input, any JSON; what is none by itself names a file that has it.

    Raises:
        InvalidMessageError: it cannot be read, or is no JSON.
    """
    if given == "-":
        return _input(sys.stdin.read())
    try:
        return _input(given)
    except InvalidMessageError:
        if given.lstrip()[:1] in _BEGINNINGS:
            raise
    try:
        return _input(Path(given).read_text())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InvalidMessageError(f"--input cannot be read: {reason}.") from None


# Of JSON that nobody would name a file.
_BEGINNINGS = ("{", "[", '"')


def _input(text: str) -> Any:
    from cloudseam.languages.asl.json_text import MAX_PAYLOAD_BYTES, read_json, size_of

    try:
        value = read_json(text)
    except ValueError:
        raise InvalidMessageError("--input is not JSON, nor a file with it.") from None
    if size_of(value) > MAX_PAYLOAD_BYTES:
        raise InvalidMessageError(f"--input has more than {MAX_PAYLOAD_BYTES:,} bytes.")
    return value


def _text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    return given if given.lstrip().startswith("{") else Path(given).read_text()
