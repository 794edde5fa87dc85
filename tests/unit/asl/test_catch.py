"""Catch: where a failure goes, and what the state after it gets."""

from typing import Any

import pytest

from tests.asl_player import Failure, Player, play

RESOURCE = "arn:aws:states:::lambda:invoke"
TOLD = {"Error": "E", "Cause": "why"}


def caught(catcher: dict[str, Any], error: str | None = "E", **fields: Any) -> Player:
    def fail(arguments: Any) -> Any:
        raise Failure(error, "why" if error else None)

    state = {"Type": "Task", "Resource": RESOURCE, "End": True, **fields}
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Caught", **catcher}
    definition = {
        "StartAt": "T",
        "States": {"T": {**state, "Catch": [catcher]}, "Caught": {"Type": "Pass", "End": True}},
    }
    return Player(definition, {"a": 1}, worker_of=lambda resource: fail).play()


@pytest.mark.parametrize(
    ("catcher", "expected"),
    [
        pytest.param({}, TOLD, id="the whole input is replaced"),
        pytest.param({"ResultPath": "$.error"}, {"a": 1, "error": TOLD}, id="a place"),
        pytest.param({"ResultPath": "$.a.b"}, None, id="a place that cannot be"),
        pytest.param({"ResultPath": None}, {"a": 1}, id="dropped"),
    ],
)
def test_the_error_goes_where_the_result_path_says(catcher: dict[str, Any], expected: Any) -> None:
    player = caught(catcher)

    if expected is None:
        assert player.failure[0] == "States.ResultPathMatchFailure"
    else:
        assert player.output == expected


def test_a_failure_that_says_nothing_is_null_twice() -> None:
    assert caught({}, error=None).output == {"Error": None, "Cause": None}


def test_a_catcher_assigns_variables_from_the_error() -> None:
    player = caught({"Assign": {"kind.$": "$.Error"}, "ResultPath": None})

    (left,) = [event for event in player.events if event["type"] == "TaskStateExited"]
    assert left["stateExitedEventDetails"]["assignedVariables"] == {"kind": '"E"'}


def test_a_catcher_of_jsonata_has_the_error_and_the_input() -> None:
    output = {
        "error": "{% $states.errorOutput.Error %}",
        "cause": "{% $states.errorOutput.Cause %}",
        "input": "{% $states.input %}",
    }
    player = caught({"Output": output}, QueryLanguage="JSONata")

    assert player.output == {"error": "E", "cause": "why", "input": {"a": 1}}


def test_a_catcher_whose_own_expression_fails_fails_the_state() -> None:
    player = caught({"Output": "{% $states.result %}"}, QueryLanguage="JSONata")

    assert player.failure[0] == "States.QueryEvaluationError"
    assert "Catch[0]/Output" in str(player.failure[1])


def test_the_first_catcher_that_names_the_error_has_it() -> None:
    def fail(arguments: Any) -> Any:
        raise Failure("E")

    catchers = [
        {"ErrorEquals": ["F"], "Next": "F"},
        {"ErrorEquals": ["E"], "Next": "E"},
        {"ErrorEquals": ["States.ALL"], "Next": "F"},
    ]
    ends = {name: {"Type": "Pass", "Result": name, "End": True} for name in "EF"}
    task = {"Type": "Task", "Resource": RESOURCE, "Catch": catchers, "End": True}
    definition = {"StartAt": "T", "States": {"T": task, **ends}}

    assert Player(definition, worker_of=lambda resource: fail).play().output == "E"


def test_nothing_catches_a_failure_of_the_machine_itself() -> None:
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Caught"}
    by_name = {"ErrorEquals": ["States.Runtime"], "Next": "Caught"}
    state = {
        "Type": "Task",
        "Resource": RESOURCE,
        "InputPath": "$.missing",
        "Catch": [by_name, catcher],
        "End": True,
    }
    definition = {"StartAt": "T", "States": {"T": state, "Caught": {"Type": "Pass", "End": True}}}

    assert play(definition).failure == (
        "States.Runtime",
        "An error occurred while executing the state 'T' (entered at the event id #2). "
        "Invalid path '$.missing' : No results for path: $['missing']",
    )
