"""A context as it is typed, or in a file: one JSON object."""

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


def _text(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    return given if given.lstrip().startswith("{") else Path(given).read_text()
