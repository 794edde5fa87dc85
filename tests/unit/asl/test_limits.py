"""Sizes and numbers that an execution may not exceed."""

from typing import Any

import pytest

from cloudseam.languages.asl import history, interpreter
from cloudseam.languages.asl.execution import Status
from cloudseam.languages.asl.json_text import MAX_PAYLOAD_BYTES, MAX_PAYLOAD_LEVELS
from tests.asl_player import Player, one_state, play

EXCEEDED = "returned a result with a size exceeding the maximum number of bytes service limit."
# A text whose JSON has as many bytes as may be.
LARGEST = "x" * (MAX_PAYLOAD_BYTES - 2)
RESOURCE = "arn:aws:states:::lambda:invoke"


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        pytest.param(LARGEST, True, id="as large as may be"),
        pytest.param(f"{LARGEST}x", False, id="one byte more"),
        pytest.param("é" * (MAX_PAYLOAD_BYTES // 2), False, id="bytes count, not characters"),
    ],
)
def test_an_output_has_at_most_262144_bytes(text: str, is_taken: bool) -> None:
    player = play(one_state({"Type": "Pass", "Result": text}))

    if is_taken:
        assert player.output == text
    else:
        assert player.failure == ("States.DataLimitExceeded", f"The state/task 'S' {EXCEEDED}")


@pytest.mark.parametrize(
    ("names", "is_caught"), [(["States.ALL"], False), (["States.DataLimitExceeded"], True)]
)
def test_only_its_own_name_catches_a_result_that_is_too_large(
    names: list[str], is_caught: bool
) -> None:
    catcher = {"ErrorEquals": names, "Next": "Caught"}
    state = {"Type": "Task", "Resource": RESOURCE, "Catch": [catcher], "End": True}
    definition = {"StartAt": "T", "States": {"T": state, "Caught": {"Type": "Pass", "End": True}}}
    player = Player(definition)
    player.succeed(f"{LARGEST}x")

    told = ("States.DataLimitExceeded", f"The state/task '{RESOURCE}' {EXCEEDED}")
    assert "TaskFailed" in player.types
    if is_caught:
        assert player.output == {"Error": told[0], "Cause": told[1]}
    else:
        assert player.failure == told


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("levels", "status"),
    [(MAX_PAYLOAD_LEVELS, Status.SUCCEEDED), (MAX_PAYLOAD_LEVELS + 1, Status.FAILED)],
)
def test_an_output_is_nested_no_deeper_than_a_message_may_be(levels: int, status: Status) -> None:
    player = play(one_state({"Type": "Pass", "Result": nested(levels)}))

    assert player.execution.status is status


@pytest.mark.parametrize(
    "built",
    [
        pytest.param({"a.$": "$.big", "b.$": "$.big"}, id="too large"),
        pytest.param({"a": {"b": {"c": {"d.$": "$.deep"}}}}, id="too deep"),
    ],
)
def test_arguments_are_held_to_the_same_limits(built: dict[str, Any]) -> None:
    state = {"Type": "Task", "Resource": RESOURCE, "Parameters": built, "End": True}
    given = {"big": "x" * (MAX_PAYLOAD_BYTES // 2), "deep": nested(MAX_PAYLOAD_LEVELS - 3)}

    player = Player(one_state(state), given)

    assert player.failure[0] == "States.DataLimitExceeded"
    assert player.open_tasks == []


def test_branches_may_be_too_large_together() -> None:
    half = {
        "StartAt": "H",
        "States": {"H": {"Type": "Pass", "Result": "x" * (MAX_PAYLOAD_BYTES // 2), "End": True}},
    }

    player = play(one_state({"Type": "Parallel", "Branches": [half, half]}))

    assert player.failure[0] == "States.DataLimitExceeded"


LOOP: dict[str, Any] = {
    "StartAt": "A",
    "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}},
}


@pytest.fixture
def few_events(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many events a history has room for: fewer than it has, as they take a while."""
    assert history.MAX_EVENTS == 25_000
    for module in (history, interpreter):
        monkeypatch.setattr(module, "MAX_EVENTS", 100)
    return 100


def test_an_execution_fails_when_its_history_is_full(few_events: int) -> None:
    player = play(LOOP)

    assert player.failure == (
        "States.Runtime",
        "The execution reached the maximum number of history events (25000).",
    )
    assert len(player.events) == few_events
    assert player.types[-1] == "ExecutionFailed"
    assert player.events[-1]["id"] == few_events


def test_success_may_be_the_last_event_that_there_is_room_for(few_events: int) -> None:
    # Its start, 49 states of two events, and its end: a Choice breaks the loop in time.
    states: dict[str, Any] = {
        "Add": {
            "Type": "Pass",
            "Parameters": {"n.$": "States.MathAdd($.n, 1)"},
            "Next": "Enough",
        },
        "Enough": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": 24, "Next": "Add"}],
            "Default": "End",
        },
        "End": {"Type": "Succeed"},
    }
    player = play({"StartAt": "Add", "States": states}, {"n": 0})

    assert player.execution.status is Status.SUCCEEDED
    assert len(player.events) == 2 * (2 * 24 + 1) + 2 == few_events


def test_a_loop_inside_a_distributed_map_ends_too(few_events: int) -> None:
    processor = {**LOOP, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}

    player = play(one_state({"Type": "Map", "ItemProcessor": processor}), [1])

    assert player.failure[0] == "States.ExceedToleratedFailureThreshold"
