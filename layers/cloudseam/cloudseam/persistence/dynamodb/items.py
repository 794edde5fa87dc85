"""Rows as DynamoDB's items and back, and what its errors mean.

boto3's own `TypeSerializer` and `TypeDeserializer` do the same for two to four times the CPU (31
and 16 µs for a row with two tasks, against 7.4 and 7.5), and importing them loads boto3.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from cloudseam.aws_error import error_name
from cloudseam.errors import ServiceUnavailableError
from cloudseam.limits import MAX_INTEGER
from cloudseam.persistence.row import unreadable

CONDITION_FAILED = "ConditionalCheckFailedException"
# What a number may be beside zero (developer guide, "Naming rules and data types", Number).
LARGEST, SMALLEST = 9.9999999999999999e125, 1e-130

Attribute = dict[str, Any]  # such as {"S": "text"}


def item_of(row: Mapping[str, Any]) -> dict[str, Attribute]:
    """The item of a row.

    Raises:
        OverflowError: it holds a number beyond those that DynamoDB can keep.
        TypeError: it holds what is not of JSON.
    """
    return {name: attribute_of(value) for name, value in row.items()}


def attribute_of(value: Any) -> Attribute:
    """One value in DynamoDB's notation. Raises as `item_of` does."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": _digits(value)}
    if isinstance(value, dict):
        return {"M": {name: attribute_of(item) for name, item in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [attribute_of(item) for item in value]}
    if value is None:
        return {"NULL": True}
    raise TypeError(f"{type(value).__name__} is no type of JSON")


def row_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """The row of an item.

    Raises:
        UnreadableRowError: it holds what no row of ours does, nor one of the original.
    """
    try:
        return {name: _plain(attribute) for name, attribute in item.items()}
    except TypeError as error:
        raise unreadable(item["id"]["S"], str(error)) from None


def _digits(number: int | float) -> str:
    if isinstance(number, int):
        is_kept = abs(number) < MAX_INTEGER
    else:
        is_kept = number == 0 or (isfinite(number) and SMALLEST <= abs(number) <= LARGEST)
    if not is_kept:
        raise OverflowError("a number beyond those of DynamoDB")
    return repr(number)


def _plain(attribute: Mapping[str, Any]) -> Any:
    """The value as JSON has it. Sets and bytes are not of a row of ours, nor of the original."""
    ((kind, value),) = attribute.items()
    if kind == "S" or kind == "BOOL":
        return value
    if kind == "N":
        return _number(value)
    if kind == "L":
        return [_plain(item) for item in value]
    if kind == "M":
        return {name: _plain(item) for name, item in value.items()}
    if kind == "NULL":
        return None
    raise TypeError("it holds a set or bytes")


def _number(digits: str) -> int | float:
    """DynamoDB has one kind of number. A whole one is an int, unless it came from a float."""
    if len(digits) <= 38 and digits.removeprefix("-").isdigit():
        return int(digits)
    number = Decimal(digits)
    whole = number == number.to_integral_value() and number.copy_abs() < MAX_INTEGER
    return int(number) if whole else float(number)


def unavailable(what: str, error: Exception | None) -> ServiceUnavailableError:
    """Says that a call could not do what it was for, such as `read the stacks`."""
    reason = error_name(error) if error else "keys left unprocessed"
    failed = ServiceUnavailableError(f"DynamoDB did not {what}: {reason}.")
    failed.__cause__ = error
    return failed
