"""What a plain YAML scalar means, by the core schema of YAML 1.2 (section 10.3.2).

PyYAML's own rules are of YAML 1.1, where `on` and `NO` are booleans, `010` is 8, `1:30` is 90 and
`2024-01-02` is a date.
"""

import math
import re

from cloudseam.event import Scalar

NULL = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEAN = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"[-+]?[0-9]+")
OCTAL = re.compile(r"0o[0-7]+")
HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# What DynamoDB and JSON readers keep without loss.
MAX_DIGITS = 38


def core_value(text: str) -> Scalar:
    """The value of a plain scalar.

    Raises:
        ValueError: a number that is not finite, or has more than 38 digits.
    """
    if text in NULL:
        return None
    if text in BOOLEAN:
        return BOOLEAN[text]
    if text[0] not in "-+.0123456789":
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    for pattern, base in ((INTEGER, 10), (OCTAL, 8), (HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            return _integer(text, base)
    if NOT_FINITE.fullmatch(text):
        raise ValueError("not finite")
    if not FLOAT.fullmatch(text):
        return text
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("out of range")
    return number


def _integer(text: str, base: int) -> int:
    if base == 10 and len(text.lstrip("+-0")) > MAX_DIGITS:
        raise ValueError("too many digits")
    number = int(text, base)
    if abs(number) >= 10**MAX_DIGITS:
        raise ValueError("too many digits")
    return number
