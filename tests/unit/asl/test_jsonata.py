"""JSONata as Step Functions has it: what it adds, and what it refuses."""

import re
from typing import Any

import pytest

from tests.asl_player import one_state, play

TOLD = {"a": 1, "list": [3, 1, 2], "nothing": None, "text": '{"x": 1}'}


def output(expression: str) -> Any:
    state = {"Type": "Pass", "Output": {"r": f"{{% {expression} %}}"}, "QueryLanguage": "JSONata"}
    return play(one_state(state), TOLD).output["r"]


def failure(expression: str, **fields: Any) -> tuple[str | None, str | None]:
    state = {"Type": "Pass", "Output": f"{{% {expression} %}}", "QueryLanguage": "JSONata"}
    return play(one_state({**state, **fields}), TOLD).failure


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("$states.input.a + 1", 2),
        ("$states.input.nothing", None),
        ("$states.context.Execution.Name", "e"),
        ("$states.input.list[0]", 3),
        ("[$states.input.a]", [1]),
        ("[]", []),
        ("$sort($states.input.list)", [1, 2, 3]),
        ("$partition([1, 2, 3, 4, 5], 2)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 10, 5)", [0, 5, 10]),
        ("$range(3, 1, -1)", [3, 2, 1]),
        ("$parse($states.input.text)", {"x": 1}),
        ("$hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"),
        ("$hash('input data', 'MD5')", "812f45842bc6d66ee14572ce20db8e86"),
        ("$random(7) = $random(7)", True),
        ("$random() < 1", True),
        ("5 / 2", 2.5),
        ("4 / 2", 2),
        ("/* a comment */ 'é'", "é"),
    ],
)
def test_an_expression_gives(expression: str, expected: Any) -> None:
    assert output(expression) == expected


def test_an_id_is_random() -> None:
    one, other = output("$uuid()"), output("$uuid()")

    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one)
    assert one != other


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("$states.input.missing", "returned nothing (undefined)."),
        ("$missing", "returned nothing (undefined)."),
        ("$states.result", "returned nothing (undefined)."),
        ("$eval('1')", "threw an error during evaluation."),
        ("$", "returned nothing (undefined)."),
        ("$$", "returned nothing (undefined)."),
        ("$$.a", "returned nothing (undefined)."),
        ("1 +", "threw an error during evaluation."),
        ("'a' + 1", "threw an error during evaluation."),
        ("$error('mine')", "threw an error during evaluation."),
        ("function($x) { $x }", "returned an unsupported result type."),
        ("1 / 0", "threw an error during evaluation."),
        ("$parse('{')", "threw an error during evaluation."),
        ("$hash('x', 'SHA-0')", "threw an error during evaluation."),
        ("($f := function() { $f() }; $f())", "threw an error during evaluation."),
    ],
)
def test_an_expression_fails(expression: str, told: str) -> None:
    error, cause = failure(expression)

    assert error == "States.QueryEvaluationError"
    assert str(cause).startswith(
        "An error occurred while executing the state 'S' (entered at the event id #2). The "
        f"JSONata expression '{expression}' specified for the field 'Output' {told}"
    )


def test_a_failed_expression_is_noted_with_its_place() -> None:
    state = {"Type": "Pass", "Output": {"a": [{"b": "{% $x %}"}]}, "QueryLanguage": "JSONata"}
    player = play(one_state(state))

    (noted,) = [event for event in player.events if event["type"] == "EvaluationFailed"]
    assert noted["evaluationFailedEventDetails"]["location"] == "Output/a[0]/b"
    assert noted["evaluationFailedEventDetails"]["state"] == "S"
    assert noted["previousEventId"] == 2


def test_only_a_whole_text_is_an_expression() -> None:
    state = {"Type": "Pass", "Output": ["{%1%}", " {% 1 %}", "x{% 1 %}"]}

    played = play(one_state({**state, "QueryLanguage": "JSONata"}))

    assert played.output == [1, " {% 1 %}", "x{% 1 %}"]


@pytest.mark.parametrize(
    ("condition", "expected"), [("$states.input.a = 1", "Yes"), ("$states.input.a = 2", "No")]
)
def test_a_condition_decides(condition: str, expected: str) -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": f"{{% {condition} %}}", "Next": "Yes"}],
        "Default": "No",
    }
    ends = {name: {"Type": "Pass", "Output": name, "End": True} for name in ("Yes", "No")}
    states = {"C": choice, **ends}

    played = play({"StartAt": "C", "QueryLanguage": "JSONata", "States": states}, TOLD)

    assert played.output == expected


def test_a_condition_has_to_be_true_or_false() -> None:
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "C"}]}
    played = play({"StartAt": "C", "QueryLanguage": "JSONata", "States": {"C": choice}})

    error, cause = played.failure
    assert error == "States.QueryEvaluationError"
    assert "Expected 'boolean', but was 'number' for value: 1" in str(cause)


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_state_may_have_a_language_of_its_own(language: str) -> None:
    jsonata = {"Type": "Pass", "Output": "{% 1 + 1 %}", "QueryLanguage": "JSONata"}
    path = {"Type": "Pass", "Parameters": {"two.$": "$"}, "End": True}
    states = {"A": {**jsonata, "Next": "B"}, "B": {**path, "QueryLanguage": "JSONPath"}}

    played = play({"StartAt": "A", "QueryLanguage": language, "States": states})

    assert played.output == {"two": 2}
