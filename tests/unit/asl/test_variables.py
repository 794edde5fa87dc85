"""Variables: when they are assigned, and who sees them."""

from typing import Any

import pytest

from tests.asl_player import one_state, play


def machine(*states: dict[str, Any], **fields: Any) -> dict[str, Any]:
    names = [f"S{number}" for number in range(len(states))]
    after = [{"Next": name} for name in names[1:]] + [{"End": True}]
    return {
        "StartAt": names[0],
        "States": {
            name: {"Type": "Pass", **state, **way}
            for name, state, way in zip(names, states, after, strict=True)
        },
        **fields,
    }


def test_variables_are_seen_from_the_next_state_on() -> None:
    definition = machine(
        {"Assign": {"x": 1}},
        {"Assign": {"x": 2, "before.$": "$x"}},
        {"Parameters": {"x.$": "$x", "before.$": "$before"}},
    )

    assert play(definition).output == {"x": 2, "before": 1}


def test_all_assignments_of_a_state_see_what_was_before_it() -> None:
    definition = machine(
        {"Assign": {"a": 1, "b": 2}},
        {"Assign": {"a.$": "$b", "b.$": "$a"}},
        {"Parameters": {"a.$": "$a", "b.$": "$b"}},
    )

    assert play(definition).output == {"a": 2, "b": 1}


def test_assign_sees_the_result_and_not_the_output() -> None:
    definition = machine(
        {"Result": {"r": 1}, "ResultPath": "$.at", "Assign": {"r.$": "$.r"}},
        {"Parameters": {"r.$": "$r", "in.$": "$.at.r"}},
    )

    assert play(definition, {"in": 0}).output == {"r": 1, "in": 1}


def test_jsonata_assigns_from_its_own_expressions() -> None:
    definition = machine(
        {"Assign": {"x": "{% $states.input.n + 1 %}"}},
        {"Assign": {"x": "{% $x * 10 %}"}, "Output": {"before": "{% $x %}"}},
        {"Output": {"after": "{% $x %}", "input": "{% $states.input %}"}},
        QueryLanguage="JSONata",
    )

    assert play(definition, {"n": 1}).output == {"after": 20, "input": {"before": 2}}


def test_both_languages_see_the_same_variables() -> None:
    definition = machine(
        {"Assign": {"x.$": "$.n"}},
        {"QueryLanguage": "JSONata", "Assign": {"x": "{% $x + 1 %}"}},
        {"Parameters": {"x.$": "$x"}},
    )

    assert play(definition, {"n": 1}).output == {"x": 2}


def test_iterations_do_not_see_each_others_variables() -> None:
    processor = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x.$": "$"}, "Next": "B"},
            "B": {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}, "End": True},
        },
    }
    definition = machine(
        {"Assign": {"x": "outer", "y": "outer"}},
        {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 1, "ResultPath": "$"},
        {"Parameters": {"inside.$": "$", "after.$": "$x"}},
    )

    assert play(definition, [1, 2]).output == {
        "inside": [{"x": 1, "y": "outer"}, {"x": 2, "y": "outer"}],
        "after": "outer",
    }


def test_a_rule_of_a_choice_assigns_its_own() -> None:
    rules = [
        {"Variable": "$", "NumericEquals": n, "Assign": {"x": n}, "Next": "Show"} for n in (1, 2)
    ]
    states = {
        "C": {"Type": "Choice", "Choices": rules, "Assign": {"x": 0}, "Default": "Show"},
        "Show": {"Type": "Pass", "Parameters": {"x.$": "$x"}, "End": True},
    }
    definition = {"StartAt": "C", "States": states}

    assert [play(definition, n).output["x"] for n in (1, 2, 3)] == [1, 2, 0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("$x", {"a": [1, 2]}), ("$x.a", [1, 2]), ("$x.a[1]", 2), ("$x.a[*]", [1, 2])],
)
def test_paths_lead_into_variables(path: str, expected: Any) -> None:
    definition = machine({"Assign": {"x": {"a": [1, 2]}}}, {"Parameters": {"r.$": path}})

    assert play(definition).output == {"r": expected}


def test_a_variable_that_is_not_there_fails() -> None:
    player = play(one_state({"Type": "Pass", "Parameters": {"r.$": "$x"}}))

    assert player.failure[0] == "States.Runtime"
