"""Choice: each operator, on values of its own kind and of others."""

from typing import Any

import pytest

from cloudseam.languages.asl.conditions import OPERATORS
from tests.asl_player import play

EARLY, LATE = "2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"
# By kind: a smaller and a greater value.
PAIRS: dict[str, tuple[Any, Any]] = {
    "String": ("a", "b"),
    "Numeric": (1, 2.5),
    "Timestamp": (EARLY, LATE),
}
# By relation: whether it holds of less, equal, greater.
RELATIONS = {
    "Equals": (False, True, False),
    "LessThan": (True, False, False),
    "GreaterThan": (False, False, True),
    "LessThanEquals": (True, True, False),
    "GreaterThanEquals": (False, True, True),
}
ORDERED = [
    pytest.param(f"{kind}{relation}", value, other, expected, id=f"{kind}{relation}-{how}")
    for kind, (low, high) in PAIRS.items()
    for relation, holds in RELATIONS.items()
    for how, value, other, expected in (
        ("less", low, high, holds[0]),
        ("equal", low, low, holds[1]),
        ("greater", high, low, holds[2]),
    )
]
# Values of no kind that has an order, or of another kind than the operand's.
STRANGERS: list[Any] = [None, True, [], {}, "text"]
TESTS = [
    ("IsNull", None, ["", 0, False, [], {}]),
    ("IsString", "x", [None, 0, False, [], {}]),
    ("IsNumeric", 1.5, [None, "1", True, [], {}]),
    ("IsBoolean", False, [None, "true", 0, [], {}]),
    ("IsTimestamp", EARLY, [None, "2020-01-01", 0, "2020-13-01T00:00:00Z", {}]),
]


def chosen(rule: dict[str, Any], told: Any) -> bool:
    states = {
        "C": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": True, "End": True},
        "No": {"Type": "Pass", "Result": False, "End": True},
    }
    found = play({"StartAt": "C", "States": states}, told).output
    assert isinstance(found, bool)
    return found


def test_there_are_39_operators() -> None:
    # Those with a Path form have one for each of the 15 ordered ones, BooleanEquals besides.
    with_path = {name for name in OPERATORS if not name.startswith("Is")} - {"StringMatches"}

    assert len(OPERATORS) + len(with_path) == 39
    assert with_path == {f"{kind}{relation}" for kind in PAIRS for relation in RELATIONS} | {
        "BooleanEquals"
    }


@pytest.mark.parametrize("form", ["", "Path"])
@pytest.mark.parametrize(("operator", "value", "other", "expected"), ORDERED)
def test_values_of_a_kind_are_compared(
    operator: str, value: Any, other: Any, expected: bool, form: str
) -> None:
    rule = {"Variable": "$.value", f"{operator}{form}": "$.other" if form else other}

    assert chosen(rule, {"value": value, "other": other}) is expected


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("relation", RELATIONS)
def test_nothing_holds_of_a_value_of_another_kind(kind: str, relation: str) -> None:
    operand = PAIRS[kind][0]
    strangers = [value for value in STRANGERS if not (kind == "String" and value == "text")]

    assert [
        value
        for value in strangers
        if chosen({"Variable": "$.v", f"{kind}{relation}": operand}, {"v": value})
    ] == []


@pytest.mark.parametrize("form", ["", "Path"])
@pytest.mark.parametrize(
    ("value", "operand", "expected"),
    [(True, True, True), (False, True, False), (1, True, False), ("true", True, False)],
)
def test_booleans_are_compared(value: Any, operand: bool, expected: bool, form: str) -> None:
    rule = {"Variable": "$.v", f"BooleanEquals{form}": "$.o" if form else operand}

    assert chosen(rule, {"v": value, "o": operand}) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("log-*.txt", "log-1.txt", True),
        ("log-*.txt", "log-1.text", False),
        ("*", "", True),
        ("a*b*c", "a-b-c", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        (r"a\\*", r"a\b", True),
        ("a.c", "abc", False),
        ("a*", "a\nb", True),
        ("*", 1, False),
    ],
)
def test_a_star_stands_for_anything(pattern: str, text: Any, expected: bool) -> None:
    assert chosen({"Variable": "$.v", "StringMatches": pattern}, {"v": text}) is expected


@pytest.mark.parametrize(("operator", "fitting", "others"), TESTS)
def test_a_kind_is_told(operator: str, fitting: Any, others: list[Any]) -> None:
    for wanted in (True, False):
        rule = {"Variable": "$.v", operator: wanted}
        assert chosen(rule, {"v": fitting}) is wanted
        assert {chosen(rule, {"v": other}) for other in others} == {not wanted}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("$.v", True), ("$.x", False), ("$.list[0]", True), ("$.list[9]", False), ("$.x.y", False)],
)
def test_null_is_present(path: str, expected: bool) -> None:
    told = {"v": None, "list": [1]}

    assert chosen({"Variable": path, "IsPresent": True}, told) is expected
    assert chosen({"Variable": path, "IsPresent": False}, told) is not expected


def test_a_value_that_is_not_there_fails() -> None:
    rule = {"Variable": "$.x", "StringEquals": "a", "Next": "C"}
    states = {"C": {"Type": "Choice", "Choices": [rule]}}

    assert play({"StartAt": "C", "States": states}).failure == (
        "States.Runtime",
        "An error occurred while executing the state 'C' (entered at the event id #2). Invalid "
        "path '$.x': The choice state's condition path references an invalid value.",
    )


@pytest.mark.parametrize(
    ("a", "b", "conjunction", "disjunction"),
    [(1, 1, True, True), (1, 0, False, True), (0, 0, False, False)],
)
def test_rules_are_put_together(a: int, b: int, conjunction: bool, disjunction: bool) -> None:
    told = {"a": a, "b": b}
    rules = [{"Variable": f"$.{name}", "NumericEquals": 1} for name in "ab"]

    assert chosen({"And": rules}, told) is conjunction
    assert chosen({"Or": rules}, told) is disjunction
    assert chosen({"Not": {"Or": rules}}, told) is not disjunction


def test_the_first_rule_that_holds_is_taken() -> None:
    rules = [{"Variable": "$", "IsNumeric": True, "Next": name} for name in "AB"]
    ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in "AB"}
    states = {"C": {"Type": "Choice", "Choices": rules}, **ends}

    assert play({"StartAt": "C", "States": states}, 1).output == "A"


def test_without_a_rule_and_a_default_it_fails() -> None:
    rule = {"Variable": "$", "IsString": True, "Next": "C"}
    player = play({"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [rule]}}}, 1)

    assert player.failure[0] == "States.NoChoiceMatched"
