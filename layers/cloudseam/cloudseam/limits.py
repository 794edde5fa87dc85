"""What values from outside may be, so that every store and queue can take them.

Whatever is refused is refused without showing it, since it may be a metadata value.
"""

import json
import math
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator

from cloudseam.errors import StackTooLargeError
from cloudseam.event import Json, Scalar
from cloudseam.json_levels import is_deeper_than
from cloudseam.stack import Stack

MAX_STACK_ID_CHARACTERS = 255
MAX_NAME_CHARACTERS = 1_000
MAX_METADATA_BYTES = 100_000
MAX_OUTPUTS_BYTES = 32_000
# Of a cause on its way (API reference of Step Functions, ExecutionFailedEventDetails).
MAX_CAUSE_CHARACTERS = 32_768
# How long anything may be put off: a year, as Step Functions lets an execution live.
MAX_DELAY_SECONDS = 31_536_000
# Far below where Python's own recursion limit would make parsing a matter of luck.
MAX_LEVELS = 100
# DynamoDB keeps values nested up to 32 levels deep (developer guide, "Service quotas"); outputs
# lie two levels down in the row.
MAX_OUTPUTS_LEVELS = 30
# Auxiliary rows of the store live under ids with this prefix.
RESERVED_ID_PREFIX = "cloudseam#"
# DynamoDB: numbers have at most 38 digits and magnitudes up to 9.99e+125 (developer guide,
# "Supported data types"). Refused at the door rather than by the store.
MAX_INTEGER = 10**38
MAX_FLOAT = 9.9e125
MIN_FLOAT = 1e-130
HALF = "holds half of a surrogate pair"


def _text(value: Any) -> str:
    """A name that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text that is not empty")
    return _name(value)


def _name(value: Any) -> str:
    """A text short enough for a line of a log and for the reason of a dead letter."""
    text = _whole_text(value)
    if len(text) > MAX_NAME_CHARACTERS:
        raise ValueError(f"must have at most {MAX_NAME_CHARACTERS} characters")
    return text


def _whole_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if has_half(value):
        raise ValueError(HALF)
    return value


def refuse_large_metadata(stack: Stack) -> None:
    """Refuses an event that would let a stack's metadata grow beyond what a message can carry.

    Raises:
        StackTooLargeError: merged, it is over `MAX_METADATA_BYTES`.
    """
    size = len(json.dumps(dict(stack.metadata)))
    if size > MAX_METADATA_BYTES:
        raise StackTooLargeError(
            f"The metadata of stack '{stack.id}' would be {size} bytes; at most "
            f"{MAX_METADATA_BYTES} can be kept. Keep large values elsewhere, and references here.",
            stack_id=stack.id,
            machine=stack.machine,
            state=stack.state,
        )


def has_half(text: str) -> bool:
    """Whether it holds half of a surrogate pair, which no store and no log can take."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


def _stack_id(value: Any) -> str:
    text = _text(value)
    if len(text) > MAX_STACK_ID_CHARACTERS:
        raise ValueError(f"must have at most {MAX_STACK_ID_CHARACTERS} characters")
    if not text.isprintable():
        raise ValueError("must not hold control characters")
    if text.startswith(RESERVED_ID_PREFIX):
        raise ValueError(f"must not start with '{RESERVED_ID_PREFIX}', which is reserved")
    return text


def _key(key: str) -> str:
    if not key:
        raise ValueError("must not hold an empty key")
    return _whole_text(key)


def _flat(value: Any) -> dict[str, Scalar]:
    if not isinstance(value, dict):
        raise ValueError("must be a flat object")
    for key, item in value.items():
        _key(key)
        problem = _scalar_problem(item)
        if problem:
            raise ValueError(f"must be a flat object of plain values; key '{key[:80]}' {problem}")
    if len(json.dumps(value)) > MAX_METADATA_BYTES:
        raise ValueError(f"must be at most {MAX_METADATA_BYTES} bytes as JSON")
    return value


def _scalar_problem(item: Any) -> str | None:
    if item is None or isinstance(item, bool):
        return None
    if isinstance(item, str):
        return HALF if has_half(item) else None
    if isinstance(item, int):
        return "holds a number of more than 38 digits" if abs(item) >= MAX_INTEGER else None
    if isinstance(item, float):
        kept = math.isfinite(item) and (item == 0 or MIN_FLOAT <= abs(item) <= MAX_FLOAT)
        return None if kept else "holds a number that is out of range"
    return "holds an object or a list"


def _outputs(value: Any) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise ValueError("must be an object")
    if is_deeper_than(MAX_OUTPUTS_LEVELS, value):
        raise ValueError(f"must be nested at most {MAX_OUTPUTS_LEVELS} levels deep")
    if len(json.dumps(value)) > MAX_OUTPUTS_BYTES:
        raise ValueError(f"must be at most {MAX_OUTPUTS_BYTES} bytes as JSON")
    for item in _scalars(value):
        problem = _scalar_problem(item)
        if problem:
            raise ValueError(problem)
    return value


def _scalars(value: Json) -> Iterator[Scalar]:
    """Every plain value inside, and every key, which has to be a text that is not empty."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield _key(key)
            yield from _scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    else:
        yield value


Text = Annotated[str, BeforeValidator(_text)]
Name = Annotated[str, BeforeValidator(_name)]
StackId = Annotated[str, BeforeValidator(_stack_id)]
Metadata = Annotated[dict[str, Any], BeforeValidator(_flat)]
Outputs = Annotated[dict[str, Any], BeforeValidator(_outputs)]
