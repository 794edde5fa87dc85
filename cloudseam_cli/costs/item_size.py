"""How large an item is for DynamoDB (developer guide, "DynamoDB item sizes and formats")."""

from collections.abc import Mapping
from math import ceil
from typing import Any

LIST_OR_MAP_BYTES = 3
ELEMENT_BYTES = 1
WRITE_UNIT_KB = 1
READ_UNIT_KB = 4


def item_bytes(row: Mapping[str, Any]) -> int:
    """Bytes of the item that a row of plain JSON values becomes, names included."""
    return sum(_text(name) + _value(value) for name, value in row.items())


def write_units(kb: float) -> int:
    """Write request units of one write: one for each KB that is begun, and at least one."""
    return max(1, ceil(kb / WRITE_UNIT_KB))


def read_units(kb: float) -> int:
    """Read request units of one consistent read, one for each 4 KB that are begun."""
    return max(1, ceil(kb / READ_UNIT_KB))


def _value(value: Any) -> int:
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Mapping):
        inside = [_text(name) + _value(each) for name, each in value.items()]
    else:
        inside = [_value(each) for each in value]
    return LIST_OR_MAP_BYTES + sum(inside) + ELEMENT_BYTES * len(inside)


def _text(text: str) -> int:
    return len(text.encode())


def _number(value: float) -> int:
    """A byte for each two significant digits, and one; AWS calls that approximate."""
    digits = repr(value).partition("e")[0].replace("-", "").replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1
