"""What an operator looks at first."""

import json
import re
from functools import cache
from itertools import combinations
from typing import Any

import pytest

from tests.docs.metrics_table import metrics
from tests.template import RESOURCES, TEMPLATE
from tests.unit.aws_calls import modules_of

TEXT, PARTS = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]


def body(*, asks_containers: bool) -> str:
    """The dashboard's text with the parts that are there only with container tasks, or without."""
    text: str = TEXT
    for name, part in PARTS.items():
        condition, if_so, if_not = part["Fn::If"]
        assert condition == "AsksContainers"
        text = text.replace(f"${{{name}}}", if_so["Fn::Sub"] if asks_containers else if_not)
    return text


NAMED = body(asks_containers=True)
WIDGETS: list[dict[str, Any]] = json.loads(NAMED)["widgets"]
ALARMS = [name for name, part in RESOURCES.items() if part["Type"] == "AWS::CloudWatch::Alarm"]
COLUMNS = 24  # CloudWatch API reference, "Dashboard Body Structure and Syntax"


def shown() -> list[tuple[str, str, str]]:
    """Namespace and name of each metric, and what it is of."""
    return [
        (metric[0], metric[1], metric[3])
        for widget in WIDGETS
        if widget["type"] == "metric"
        for metric in widget["properties"]["metrics"]
        if isinstance(metric[0], str)
    ]


def test_it_shows_every_metric_that_the_functions_tell() -> None:
    own = [name for namespace, name, _ in shown() if namespace == "CloudSeam"]

    assert sorted(own) == sorted(metrics())
    assert {of for namespace, _, of in shown() if namespace == "CloudSeam"} == {"${AWS::StackName}"}


@cache
def code_of_functions() -> str:
    """The text of all modules that a function imports."""
    functions = ("state_machine", "task_satisfier")
    paths = {path for function in functions for path in modules_of(f"{function}.app")}
    return "\n".join(path.read_text() for path in sorted(paths))


@pytest.mark.parametrize("name", metrics())
def test_every_metric_of_the_page_is_told_by_a_function(name: str) -> None:
    assert f'"{name}"' in code_of_functions()


@pytest.mark.parametrize(
    ("namespace", "metric", "parts"),
    [
        (
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            [
                *("Event", "Task", "EventDeadLetter", "TaskDeadLetter"),
                *("ContainerTask", "ContainerTaskDeadLetter"),
            ],
        ),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", ["Event", "Task", "ContainerTask"]),
        ("AWS/Lambda", "Errors", ["StateMachine", "TaskSatisfier"]),
        ("AWS/Lambda", "Throttles", ["StateMachine", "TaskSatisfier"]),
        ("AWS/Lambda", "Duration", ["StateMachine", "TaskSatisfier"]),
        ("AWS/Lambda", "ConcurrentExecutions", ["StateMachine", "TaskSatisfier"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_shows_all_queues_and_functions(namespace: str, metric: str, parts: list[str]) -> None:
    name = {"AWS/SQS": "${%sQueue.QueueName}", "AWS/Lambda": "${%sFunction}"}[namespace]

    found = [of for *known, of in shown() if known == [namespace, metric]]

    assert found == [name % part for part in parts]


def test_it_shows_every_alarm() -> None:
    (widget,) = (each for each in WIDGETS if each["type"] == "alarm")

    assert sorted(widget["properties"]["alarms"]) == sorted(f"${{{name}.Arn}}" for name in ALARMS)


def test_without_container_tasks_it_names_nothing_of_them() -> None:
    without = body(asks_containers=False)

    assert "Container" not in without
    assert len(json.loads(without)["widgets"]) == len(WIDGETS)


def test_what_it_names_is_there() -> None:
    named = {each.partition(".")[0] for each in re.findall(r"\$\{([^}]+)\}", NAMED)}

    assert named <= set(RESOURCES) | {"AWS::StackName", "AWS::Region"}


def test_no_widget_lies_on_another() -> None:
    places = [
        {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        for widget in WIDGETS
    ]

    assert all(one.isdisjoint(other) for one, other in combinations(places, 2))
    assert all(x < COLUMNS for place in places for x, _ in place)


def test_its_address_is_told() -> None:
    address = TEMPLATE["Outputs"]["DashboardUrl"]["Value"]["Fn::Sub"]

    assert address.endswith("/${Dashboard}")
