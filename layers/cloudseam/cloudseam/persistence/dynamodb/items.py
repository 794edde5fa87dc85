"""Rows as DynamoDB's items and back, and what its errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from cloudseam.aws_error import error_name
from cloudseam.errors import ServiceUnavailableError
from cloudseam.limits import MAX_INTEGER
from cloudseam.persistence.row import unreadable

CONDITION_FAILED = "ConditionalCheckFailedException"

_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def item_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serializer.serialize(_decimals(value)) for name, value in row.items()}


def row_of(item: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {name: _plain(_deserializer.deserialize(value)) for name, value in item.items()}
    except TypeError as error:
        raise unreadable(item["id"]["S"], str(error)) from None


def _decimals(value: Any) -> Any:
    """The value with floats as DynamoDB takes them: as the decimal they are written as."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _decimals(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_decimals(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    """The value as JSON has it. Sets and bytes are not of a row of ours, nor of the original."""
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    raise TypeError("it holds a set or bytes")


def _number(value: Decimal) -> int | float:
    """DynamoDB has one kind of number. A whole one is an int, unless it came from a float."""
    whole = value == value.to_integral_value() and value.copy_abs() < MAX_INTEGER
    return int(value) if whole else float(value)


def unavailable(what: str, error: Exception | None) -> ServiceUnavailableError:
    """Says that a call could not do what it was for, such as `read the stacks`."""
    reason = error_name(error) if error else "keys left unprocessed"
    failed = ServiceUnavailableError(f"DynamoDB did not {what}: {reason}.")
    failed.__cause__ = error
    return failed
