"""Map: its items, how many run at once, and what becomes of it when one fails."""

from typing import Any

import pytest

from cloudseam.languages.asl.execution import Status
from tests.asl_player import Failure, Player, play

RESOURCE = "arn:aws:states:::lambda:invoke"
TASK = {"Type": "Task", "Resource": RESOURCE, "End": True}
PASS = {"Type": "Pass", "End": True}


def mapped(state: dict[str, Any], *, distributed: bool = False, **fields: Any) -> dict[str, Any]:
    processor: dict[str, Any] = {"StartAt": "I", "States": {"I": state}}
    if distributed:
        processor["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    state = {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}
    return {"StartAt": "M", "States": {"M": state, "Caught": {"Type": "Pass", "End": True}}}


@pytest.mark.parametrize(
    ("items", "fields", "expected"),
    [
        pytest.param([], {}, 0, id="none"),
        pytest.param([1, 2, 3], {"MaxConcurrency": 2}, 2, id="as many as may"),
        pytest.param([1, 2, 3], {"MaxConcurrency": 0}, 3, id="0 is no limit"),
        pytest.param(list(range(50)), {}, 40, id="40 of an inline one"),
    ],
)
def test_only_so_many_iterations_run_at_once(
    items: list[int], fields: dict[str, Any], expected: int
) -> None:
    player = Player(mapped(TASK, **fields), items)
    assert len(player.open_tasks) == expected

    most = 0
    while player.execution.status is Status.RUNNING:
        most = max(most, len(player.open_tasks))
        player.succeed(player.open_tasks[0].arguments)

    assert most == expected
    assert player.output == items


def test_a_distributed_map_has_no_limit_of_its_own() -> None:
    assert len(Player(mapped(TASK, distributed=True), list(range(50))).open_tasks) == 50


def test_the_selector_sees_the_item_its_number_and_the_input() -> None:
    selector = {
        "item.$": "$$.Map.Item.Value",
        "number.$": "$$.Map.Item.Index",
        "name.$": "$.name",
    }
    told = {"name": "n", "items": ["a", "b"]}

    assert play(mapped(PASS, ItemsPath="$.items", ItemSelector=selector), told).output == [
        {"item": "a", "number": 0, "name": "n"},
        {"item": "b", "number": 1, "name": "n"},
    ]


def test_the_selector_of_jsonata_does_so_too() -> None:
    selector = {"item": "{% $states.context.Map.Item.Value %}", "name": "{% $states.input.name %}"}
    definition = mapped(PASS, Items="{% $states.input.items %}", ItemSelector=selector)

    output = play({**definition, "QueryLanguage": "JSONata"}, {"name": "n", "items": [1]}).output

    assert output == [{"item": 1, "name": "n"}]


@pytest.mark.parametrize(
    ("fields", "told", "error"),
    [
        pytest.param({"ItemsPath": "$.x"}, {}, "States.Runtime", id="nothing there"),
        pytest.param({}, {"a": 1}, "States.Runtime", id="no array"),
        pytest.param(
            {"MaxConcurrencyPath": "$[0]"}, ["x"], "States.Runtime", id="no number at once"
        ),
        pytest.param(
            {"MaxConcurrencyPath": "$[0]"}, [-1], "States.Runtime", id="fewer than none at once"
        ),
    ],
)
def test_a_map_without_an_array_fails(fields: dict[str, Any], told: Any, error: str) -> None:
    assert play(mapped(PASS, **fields), told).failure[0] == error


def test_an_iteration_that_fails_ends_the_others() -> None:
    player = Player(mapped(TASK, MaxConcurrency=2), [1, 2, 3])
    player.fail("E", "why")

    assert player.failure == ("E", "why")
    assert player.execution.threads == {}
    assert player.types[-7:] == [
        "TaskFailed",
        "MapIterationFailed",
        "TaskStateAborted",
        "MapIterationAborted",
        "TaskStateAborted",
        "MapStateFailed",
        "ExecutionFailed",
    ]


def test_a_map_catches_what_its_iterations_do_not() -> None:
    catcher = {"ErrorEquals": ["E"], "Next": "Caught"}
    player = Player(mapped(TASK, Catch=[catcher]), [1])
    player.fail("E", "why")

    assert player.output == {"Error": "E", "Cause": "why"}


def test_a_map_that_is_tried_again_begins_with_all_items() -> None:
    player = Player(mapped(TASK, Retry=[{"ErrorEquals": ["E"]}]), [1, 2])
    player.succeed("first")
    player.fail("E")
    player.wake()
    player.succeed("a")
    player.succeed("b")

    assert player.output == ["a", "b"]


def failing_at(*bad: int, **fields: Any) -> Player:
    def work(item: int) -> int:
        if item in bad:
            raise Failure("E", "why")
        return item * 10

    definition = mapped(TASK, distributed=True, **fields)
    return Player(definition, [1, 2, 3, 4], worker_of=lambda resource: work).play()


@pytest.mark.parametrize(
    ("fields", "most"),
    [
        pytest.param({}, 0, id="none"),
        pytest.param({"ToleratedFailureCount": 2}, 2, id="number"),
        pytest.param({"ToleratedFailurePercentage": 50}, 2, id="percentage"),
        pytest.param(
            {"ToleratedFailureCount": 3, "ToleratedFailurePercentage": 25}, 1, id="the lower"
        ),
    ],
)
def test_a_distributed_map_fails_once_more_have_failed_than_it_tolerates(
    fields: dict[str, Any], most: int
) -> None:
    bad = [1, 2, 3, 4]
    assert failing_at(*bad[:most], **fields).output == [item * 10 for item in bad[most:]]

    player = failing_at(*bad[: most + 1], **fields)
    assert player.failure == (
        "States.ExceedToleratedFailureThreshold",
        "The specified tolerated failure threshold was exceeded",
    )
    assert player.types[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_what_happens_inside_a_distributed_map_is_not_in_the_history() -> None:
    player = play(mapped(PASS, distributed=True), [1, 2])

    assert player.output == [1, 2]
    assert player.types == [
        "ExecutionStarted",
        "MapStateEntered",
        "MapStateStarted",
        "MapRunStarted",
        "MapRunSucceeded",
        "MapStateSucceeded",
        "MapStateExited",
        "ExecutionSucceeded",
    ]
    assert [event["id"] for event in player.events] == list(range(1, 9))
