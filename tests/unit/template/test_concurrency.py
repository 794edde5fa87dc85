"""How much runs at once is limited where that is asked for."""

import re
from typing import Any

import pytest

from tests.template import RESOURCES, TEMPLATE

SATISFIER = RESOURCES["TaskSatisfierFunction"]["Properties"]
NOTHING = {"Ref": "AWS::NoValue"}


@pytest.mark.parametrize(
    ("mapping", "condition", "parameter"),
    [
        (RESOURCES["StateMachineFunctionEvents"], "LimitsEvents", "EventConcurrency"),
        (SATISFIER["Events"]["Tasks"], "LimitsTasks", "TaskConcurrency"),
    ],
    ids=["events", "tasks"],
)
def test_a_queue_is_taken_from_by_no_more_functions_than_its_parameter_says(
    mapping: dict[str, Any], condition: str, parameter: str
) -> None:
    scaling = mapping["Properties"]["ScalingConfig"]

    assert scaling == {"Fn::If": [condition, {"MaximumConcurrency": {"Ref": parameter}}, NOTHING]}
    assert is_set(condition, parameter)


@pytest.mark.parametrize(
    ("function", "condition", "parameter"),
    [
        ("StateMachineFunction", "ReservesEvents", "ReservedEventConcurrency"),
        ("TaskSatisfierFunction", "ReservesTasks", "ReservedTaskConcurrency"),
    ],
    ids=["events", "tasks"],
)
def test_concurrency_is_reserved_only_where_a_parameter_says_so(
    function: str, condition: str, parameter: str
) -> None:
    reserved = RESOURCES[function]["Properties"]["ReservedConcurrentExecutions"]

    assert reserved == {"Fn::If": [condition, {"Ref": parameter}, NOTHING]}
    assert is_set(condition, parameter)


def is_set(condition: str, parameter: str) -> bool:
    """Whether the condition holds where the parameter is not empty, as it is by default."""
    asks = {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}
    default: str = TEMPLATE["Parameters"][parameter]["Default"]
    return TEMPLATE["Conditions"][condition] == asks and default == ""


@pytest.mark.parametrize("parameter", ["EventConcurrency", "TaskConcurrency"])
def test_a_mapping_takes_from_2_to_1000_functions(parameter: str) -> None:
    """Lambda API reference, ScalingConfig."""
    allowed = re.compile(TEMPLATE["Parameters"][parameter]["AllowedPattern"])

    taken = [number for number in range(-1, 1100) if allowed.fullmatch(str(number))]

    assert taken == list(range(2, 1001))
    assert allowed.fullmatch("")


@pytest.mark.parametrize("parameter", ["ReservedEventConcurrency", "ReservedTaskConcurrency"])
@pytest.mark.parametrize("text", ["", "0", "1", "5000", "-1", "01", "ten", "1.5"])
def test_any_number_may_be_reserved_and_nothing_else(parameter: str, text: str) -> None:
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, text)) == (text in {"", "0", "1", "5000"})
