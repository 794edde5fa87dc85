"""`cloudseam graph` draws machines in Amazon States Language: states by type, and each way on."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from cloudseam.languages import load_machine
from cloudseam_cli.graphs.dot import dot
from cloudseam_cli.graphs.graph import Graph, GraphState, Transition, graph_of
from cloudseam_cli.graphs.mermaid import mermaid
from cloudseam_cli.graphs.svg import svg
from cloudseam_cli.main import main

PASS = {"Type": "Pass", "End": True}
DICE = {
    "StartAt": "Roll",
    "States": {
        "Roll": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Next": "Choose",
            "Catch": [
                {"ErrorEquals": ["Cheated", "Lost"], "Next": "Failed"},
                {"ErrorEquals": ["States.ALL"], "Next": "Choose"},
            ],
        },
        "Choose": {
            "Type": "Choice",
            "Choices": [
                {"Not": {"Variable": "$.roll", "NumericGreaterThan": 3}, "Next": "Wait"},
                {"Variable": "$.roll", "NumericEqualsPath": "$.six", "Next": "Wait"},
            ],
            "Default": "Prizes",
        },
        "Wait": {"Type": "Wait", "Seconds": 3, "Next": "Roll"},
        "Prizes": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Cup", "States": {"Cup": PASS}},
                {"StartAt": "Each", "States": {"Each": {}}},
            ],
            "End": True,
        },
        "Failed": {"Type": "Fail"},
    },
}
DICE["States"]["Prizes"]["Branches"][1]["States"]["Each"] = {  # type: ignore[index]  # a machine
    "Type": "Map",
    "ItemProcessor": {"StartAt": "Coin", "States": {"Coin": PASS}},
    "End": True,
}


def a_graph(definition: Any = DICE) -> Graph:
    return graph_of(load_machine("dice", json.dumps(definition), "dice.asl.json"))


def test_a_graph_has_states_by_type_and_inner_machines_behind_the_state_they_are_in() -> None:
    assert a_graph().states == (
        GraphState("Roll", actions=("Task / lambda:invoke",), is_initial=True),
        GraphState("Choose", actions=("Choice",)),
        GraphState("Wait", actions=("Wait / 3 s",)),
        GraphState("Prizes", actions=("Parallel",), is_terminal=True),
        GraphState("Cup", actions=("Pass",)),
        GraphState("Each", actions=("Map",)),
        GraphState("Coin", actions=("Pass",)),
        GraphState("Failed", actions=("Fail",), is_terminal=True),
    )


def test_a_graph_has_each_way_on_with_what_leads_there() -> None:
    assert a_graph().transitions == (
        Transition("Roll", "Choose", ("Next",)),
        Transition("Roll", "Failed", ("Cheated", "Lost"), is_caught=True),
        Transition("Roll", "Choose", ("States.ALL",), is_caught=True),
        Transition(
            "Choose",
            "Wait",
            ("not ($.roll NumericGreaterThan 3)", "$.roll NumericEqualsPath $.six"),
        ),
        Transition("Choose", "Prizes", ("Default",)),
        Transition("Wait", "Roll", ("Next",)),
        Transition("Prizes", "Cup", ("branch 1",)),
        Transition("Prizes", "Each", ("branch 2",)),
        Transition("Each", "Coin", ("each item",)),
    )


@pytest.mark.parametrize(
    ("rule", "label"),
    [
        pytest.param({"Variable": "$.a", "StringEquals": "b"}, '$.a StringEquals "b"', id="text"),
        pytest.param({"Variable": "$.a", "IsNull": True}, "$.a IsNull true", id="type"),
        pytest.param(
            {
                "And": [
                    {"Variable": "$.a", "IsNull": True},
                    {"Or": [{"Variable": "$.b", "BooleanEquals": False}]},
                ]
            },
            "($.a IsNull true) and (($.b BooleanEqua…",
            id="rules in rules, cut short",
        ),
    ],
)
def test_a_rule_is_told_in_short(rule: dict[str, Any], label: str) -> None:
    choose = {"Type": "Choice", "Choices": [{**rule, "Next": "End"}]}
    graph = a_graph({"StartAt": "C", "States": {"C": choose, "End": PASS}})

    assert graph.transitions == (Transition("C", "End", (label,)),)


@pytest.mark.parametrize(
    ("condition", "label"), [("{% $states.input.a > 3 %}", "$states.input.a > 3"), (True, "true")]
)
def test_a_condition_in_jsonata_is_told_without_its_marks(condition: Any, label: str) -> None:
    choose = {"Type": "Choice", "Choices": [{"Condition": condition, "Next": "End"}]}
    definition = {"StartAt": "C", "States": {"C": choose, "End": PASS}, "QueryLanguage": "JSONata"}

    assert a_graph(definition).transitions == (Transition("C", "End", (label,)),)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({"Type": "Wait", "Timestamp": "2030-01-01T00:00:00Z"}, "Wait / 2030-01-01T00:00:00Z"),
        ({"Type": "Wait", "SecondsPath": "$.s"}, "Wait / $.s"),
        (
            {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f"},
            "Task / arn:aws:lambda:us-east-1:123456789012:f…",
        ),
    ],
)
def test_a_state_says_what_it_calls_or_waits_for(state: dict[str, Any], kind: str) -> None:
    graph = a_graph({"StartAt": "S", "States": {"S": {**state, "End": True}}})

    assert graph.states[0].actions == (kind,)


def test_errors_are_dashed_in_each_format_that_has_dashes() -> None:
    graph = a_graph()

    assert '"Roll" -> "Failed" [label="Cheated\\nLost", style=dashed]' in dot(graph)
    assert '"Roll" -> "Choose" [label="Next"]' in dot(graph)
    assert "t_Roll --> t_Failed : Cheated, Lost" in mermaid(graph)
    drawn = ElementTree.fromstring(svg(graph))
    assert "dashed: on an error that is caught" in "".join(drawn.itertext())


def test_the_command_names_the_machine_without_the_ending_of_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dice.asl.json"
    file.write_text(json.dumps(DICE))

    assert main(["graph", str(file)]) == 0
    assert 'title: "dice"' in capsys.readouterr().out


def test_a_machine_with_errors_is_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dice.asl.json"
    file.write_text(json.dumps({**DICE, "StartAt": "Rol"}))

    assert main(["graph", str(file)]) == 1
    assert "Did you mean 'Roll'?" in capsys.readouterr().err
