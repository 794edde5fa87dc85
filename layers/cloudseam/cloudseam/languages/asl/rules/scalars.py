"""Rules of single values: texts, numbers, booleans and moments."""

from typing import Any

from cloudseam.languages.asl.conditions import timestamp
from cloudseam.languages.asl.diagnostic import NO_PATH, WARNING
from cloudseam.languages.asl.json_text import is_number
from cloudseam.languages.asl.rules.jsonata import check_query, is_queried
from cloudseam.languages.asl.rules.paths import looks_like_path
from cloudseam.languages.asl.rules.value import Rule, Setting, Value

# The most of whatever is told in seconds (developer guide, "Task workflow state").
MAX_SECONDS = 99_999_999


def anything(value: Value, setting: Setting) -> None:
    """Any JSON will do."""


def text(value: Value, setting: Setting) -> None:
    """A text."""
    value.text()


def told(value: Value, setting: Setting) -> None:
    """A text as it is; in JSONata it may be an expression."""
    if is_queried(value, setting):
        check_query(value)
    elif value.text() is not None and looks_like_path(value.json):
        value.add(
            "Field value looks like a path, but field name does not end with 'Path'",
            NO_PATH,
            WARNING,
        )


def boolean(value: Value, setting: Setting) -> None:
    """True or false."""
    if not isinstance(value.json, bool):
        value.add("Expected value of type [BOOLEAN]")


def moment(value: Value, setting: Setting) -> None:
    """A timestamp (spec, "Timestamps")."""
    if is_queried(value, setting):
        check_query(value)
    elif value.text() is not None and timestamp(value.json) is None:
        value.add("String does not match RFC3339 timestamp")


def number(value: Value, setting: Setting) -> None:
    """Any number."""
    if not is_number(value.json):
        value.add("Expected value of type [NUMBER]")


def integer(least: int, most: int | None = None) -> Rule:
    """A whole number between two, or an expression in JSONata."""

    def rule(value: Value, setting: Setting) -> None:
        if is_queried(value, setting):
            check_query(value)
        elif not isinstance(value.json, int) or isinstance(value.json, bool):
            value.add("Expected value of type Integer")
        else:
            _between(value, least, most)

    return rule


def decimal(least: float, most: float | None = None) -> Rule:
    """A number between two, or an expression in JSONata."""

    def rule(value: Value, setting: Setting) -> None:
        if is_queried(value, setting):
            check_query(value)
        elif not is_number(value.json):
            value.add("Expected value of type [NUMBER]")
        else:
            _between(value, least, most)

    return rule


def choice_of(*choices: str) -> Rule:
    """One of some texts."""

    def rule(value: Value, setting: Setting) -> None:
        value.one_of(*choices)

    return rule


def texts(value: Value, setting: Setting) -> None:
    """A list of texts."""
    for element in value.elements() or ():
        element.text()


def _between(value: Value, least: Any, most: Any) -> None:
    if value.json < least:
        value.add(f"Minimum value is {least}")
    elif most is not None and value.json > most:
        value.add(f"Maximum value is {most}")
