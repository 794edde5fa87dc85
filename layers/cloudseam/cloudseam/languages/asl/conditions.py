"""The conditions of a Choice state (spec, "Choice State")."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cloudseam.languages.asl.failure import RUNTIME, StateFailure
from cloudseam.languages.asl.json_text import is_number
from cloudseam.languages.asl.scope import Scope

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)", re.ASCII)


def timestamp(text: Any) -> datetime | None:
    """The moment that a text of RFC 3339 names; None for any other value."""
    if not isinstance(text, str) or not TIMESTAMP.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None


def holds(rule: Mapping[str, Any], scope: Scope) -> bool:
    """Whether a rule of JSONPath holds.

    Raises:
        StateFailure: it looks at what is not there.
    """
    if "And" in rule:
        return all(holds(each, scope) for each in rule["And"])
    if "Or" in rule:
        return any(holds(each, scope) for each in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], scope)
    path = rule["Variable"]
    (name,) = [key for key in rule if key in OPERATORS or key.removesuffix("Path") in COMPARISONS]
    if name == "IsPresent":
        return scope.has(path) is rule[name]
    value = _looked_up(path, scope)
    if name in TYPE_TESTS:
        return TYPE_TESTS[name](value) is rule[name]
    operator = name if name in COMPARISONS else name.removesuffix("Path")
    operand = rule[name] if name == operator else _looked_up(rule[name], scope)
    return COMPARISONS[operator](value, operand)


def _looked_up(path: str, scope: Scope) -> Any:
    try:
        return scope.look_up(path, "Variable")
    except StateFailure:
        raise StateFailure(
            RUNTIME,
            f"Invalid path '{path}': The choice state's condition path references an "
            "invalid value.",
        ) from None


def _compared(kind: Callable[[Any], Any]) -> Callable[[Callable[[Any, Any], bool]], Any]:
    """Compares two values of one kind; of another kind no comparison holds."""

    def taking(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
        def compared(value: Any, operand: Any) -> bool:
            one, other = kind(value), kind(operand)
            return one is not None and other is not None and compare(one, other)

        return compared

    return taking


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _numeric(value: Any) -> Any:
    return value if is_number(value) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _matches(value: str, pattern: str) -> bool:
    """`*` stands for anything; `\\*` and `\\\\` for themselves."""
    parts = re.findall(r"\\.|\*|[^\\*]+|\\", pattern, re.DOTALL)
    regex = "".join(
        ".*" if part == "*" else re.escape(part.removeprefix("\\") or part) for part in parts
    )
    return re.fullmatch(regex, value, re.DOTALL) is not None


KINDS: dict[str, Callable[[Any], Any]] = {
    "String": _string,
    "Numeric": _numeric,
    "Timestamp": timestamp,
}
RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda one, other: bool(one == other),
    "LessThan": lambda one, other: bool(one < other),
    "GreaterThan": lambda one, other: bool(one > other),
    "LessThanEquals": lambda one, other: bool(one <= other),
    "GreaterThanEquals": lambda one, other: bool(one >= other),
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    f"{kind}{relation}": _compared(of_kind)(compare)
    for kind, of_kind in KINDS.items()
    for relation, compare in RELATIONS.items()
} | {
    "BooleanEquals": _compared(_boolean)(RELATIONS["Equals"]),
    "StringMatches": _compared(_string)(_matches),
}
TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": is_number,
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: timestamp(value) is not None,
}
OPERATORS = frozenset(COMPARISONS) | frozenset(TYPE_TESTS) | {"IsPresent"}
