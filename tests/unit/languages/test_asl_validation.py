"""What is said of definitions in Amazon States Language, and that nothing is too odd for it."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudseam.languages.asl.diagnostic import ERROR, WARNING, Diagnostic, refusal
from cloudseam.languages.asl.rules.choices import OPERATORS
from cloudseam.languages.asl.rules.states import FIELDS
from cloudseam.languages.asl.rules.value import MAX_DIAGNOSTICS
from cloudseam.languages.asl.validation import MAX_BYTES, MAX_LEVELS, diagnose, judge
from tests.unit.languages.asl_cases import CASES
from tests.unit.languages.asl_cases.case import PART, PASS, Case, of

SOUND = json.dumps(of("Pass"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_all_that_is_wrong_is_said_where_it_is(case: Case) -> None:
    assert [str(each) for each in diagnose(json.dumps(case.definition), case.kind)] == case.said


def test_each_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.id for case in CASES).items() if count > 1] == []


def test_there_are_all_comparisons_and_types() -> None:
    assert len(OPERATORS) == 39
    assert len(FIELDS) == 8


def test_a_diagnostic_has_the_form_of_the_api() -> None:
    (said,) = diagnose(json.dumps({"States": {"A": PASS}}))

    assert said.as_json() == {
        "code": "SCHEMA_VALIDATION_FAILED",
        "location": "/",
        "message": "These fields are required: [StartAt]",
        "severity": "ERROR",
    }


def test_a_diagnostic_of_no_place_has_no_location() -> None:
    (said,) = diagnose(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}))

    assert said.as_json() == {
        "code": "MISSING_END_STATE",
        "message": "Workflow has no terminal state",
        "severity": "ERROR",
    }


def test_a_refusal_has_all_errors_and_no_warning() -> None:
    said = [
        Diagnostic("A", "one", "/x"),
        Diagnostic("W", "mind", "/y", WARNING),
        Diagnostic("B", "two", None),
    ]

    assert refusal(said) == "Invalid State Machine Definition: 'A: one at /x, B: two at null'"
    assert refusal(said[1:2]) is None
    assert refusal([]) is None


def test_warnings_are_no_errors() -> None:
    said = diagnose(json.dumps(of("Pass", Parameters={"a": "$.b"})))

    assert [each.severity for each in said] == [WARNING]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("", "MISSING_DESCRIPTION", id="nothing"),
        pytest.param(" \n", "MISSING_DESCRIPTION", id="white space"),
        pytest.param("{not json", "INVALID_JSON_DESCRIPTION", id="no JSON"),
        pytest.param("{'StartAt': 'A'}", "INVALID_JSON_DESCRIPTION", id="other quotes"),
        pytest.param(SOUND + "x", "INVALID_JSON_DESCRIPTION", id="more behind it"),
        pytest.param(SOUND.replace("true", "NaN"), "INVALID_JSON_DESCRIPTION", id="NaN"),
        pytest.param(SOUND.replace("true", "-Infinity"), "INVALID_JSON_DESCRIPTION", id="infinity"),
        pytest.param(SOUND.replace("true", "1e999"), "INVALID_JSON_DESCRIPTION", id="out of range"),
        pytest.param('{"a": ' + "9" * 5000 + "}", "INVALID_JSON_DESCRIPTION", id="a huge number"),
        pytest.param('{"StartAt": "\ud800"', "INVALID_JSON_DESCRIPTION", id="half a character"),
        pytest.param("[" * 100_000, "TOO_DEEPLY_NESTED", id="deeper than Python reads"),
    ],
)
def test_what_is_no_json_is_said_to_be_none(text: str, code: str) -> None:
    (said,) = diagnose(text)

    assert (said.code, said.location, said.severity) == (code, None, ERROR)


def test_a_key_that_is_there_twice_is_named() -> None:
    said = diagnose('{"StartAt": "A", "States": {"A": {}, "A": {}, "B": {}, "B": {}, "B": {}}}')

    assert [str(each) for each in said] == [
        "INVALID_JSON_DESCRIPTION: Duplicate field 'A' at null",
        "INVALID_JSON_DESCRIPTION: Duplicate field 'B' at null",
    ]


def test_a_definition_is_a_megabyte_at_most() -> None:
    frame = json.dumps(of("Pass", Comment="{}"))
    largest = frame.replace("{}", "a" * (MAX_BYTES - len(frame) + 2))

    assert diagnose(largest) == []
    assert [each.message for each in diagnose(largest.replace("aa", "aaa", 1))] == [
        "The definition is larger than 1048576 bytes"
    ]


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_values_are_nested_as_deep_as_allowed() -> None:
    beside = 3  # the machine, `States` and the state itself

    assert judge(of("Pass", Result=nested(MAX_LEVELS - beside))) == []
    assert [each.code for each in judge(of("Pass", Result=nested(MAX_LEVELS - beside + 1)))] == [
        "TOO_DEEPLY_NESTED"
    ]


def test_machines_are_nested_as_deep_as_allowed() -> None:
    machine: dict[str, Any] = PART
    for number in range(15):
        state = {"Type": "Parallel", "Branches": [machine], "End": True}
        machine = {"StartAt": f"S{number}", "States": {f"S{number}": state}}

    assert judge(machine) == []


def test_a_hostile_definition_makes_no_endless_report() -> None:
    states = {str(number): {"Type": "Pass"} for number in range(MAX_DIAGNOSTICS + 1)}

    assert len(judge({"StartAt": "0", "States": states})) == MAX_DIAGNOSTICS


@pytest.mark.parametrize(
    "text",
    ["(" * 5000, "-" * 20_000 + "1", "a." * 2000, "[" * 20_000 + "1" + "]" * 20_000],
    ids=["brackets", "signs", "a path", "lists"],
)
def test_a_hostile_expression_is_refused(text: str) -> None:
    definition = of("Pass", {"QueryLanguage": "JSONata"}, Output="{% " + text + " %}")

    assert {each.severity for each in judge(definition)} == {ERROR}


@pytest.mark.parametrize(
    "text",
    [
        "States.Array(" * 3000,
        "States.Format('" + "\\" * 9999,
        "$" + "[?(@.a" * 3000,
        "$" + ".." * 999,
        "States.Array(" + "9" * 5000 + ")",
    ],
    ids=["calls", "escapes", "filters", "descents", "a number"],
)
def test_a_hostile_path_is_refused(text: str) -> None:
    assert [each.severity for each in judge(of("Pass", Parameters={"a.$": text}))] == [ERROR]


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    1e308,
    10**400,
    "",
    "\ud800",
    "$",
    "{% %}",
    [],
    [None],
    {},
    {"": []},
]
NAMES = sorted({name for fields in FIELDS.values() for name in fields} | {"Type", "QueryLanguage"})
JSON = st.recursive(
    st.sampled_from([each for each in ODD if not isinstance(each, (list, dict))]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*NAMES, "Next", "Mode", "And", "a.$"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", FIELDS)
def test_no_value_of_a_field_is_too_odd(kind: str, name: str) -> None:
    for value in ODD:
        for language in ("JSONPath", "JSONata"):
            for each in judge(of(kind, {"QueryLanguage": language}, **{name: value})):
                json.dumps(each.as_json())


@settings(max_examples=300, deadline=None)
@given(
    definition=JSON,
    states=st.dictionaries(st.sampled_from(["A", "B"]), JSON, max_size=2),
    kind=st.sampled_from(list(FIELDS)),
    fields=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5),
)
def test_no_definition_is_too_odd(
    definition: Any, states: dict[str, Any], kind: str, fields: dict[str, Any]
) -> None:
    judge(definition)
    judge({"StartAt": "A", "States": states})
    judge(of(kind, **fields))
