"""Retry: which retrier takes a failure, how often, and after how long."""

from itertools import pairwise
from typing import Any

import pytest

from cloudseam.languages.asl.execution import Status
from tests.asl_player import BEGINNING, Failure, Player

RESOURCE = "arn:aws:states:::lambda:invoke"


def task(*retriers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": RESOURCE, "Retry": list(retriers), "End": True, **fields}
    return {"StartAt": "T", "States": {"T": state, "Caught": {"Type": "Pass", "End": True}}}


def failing(error: str | None, definition: dict[str, Any], chance: float = 0.5) -> Player:
    def fail(arguments: Any) -> Any:
        raise Failure(error, "why")

    return Player(definition, chance=chance, worker_of=lambda resource: fail).play()


def waits(player: Player) -> list[float]:
    """The seconds before each attempt after the first."""
    times = [time - BEGINNING for time in player.times]
    return [(after - before) / 1000 for before, after in pairwise(times)]


@pytest.mark.parametrize(
    ("retrier", "expected"),
    [
        pytest.param({}, [1, 2, 4], id="defaults"),
        pytest.param({"MaxAttempts": 0}, [], id="none"),
        pytest.param({"IntervalSeconds": 3, "MaxAttempts": 2}, [3, 6], id="interval"),
        pytest.param({"BackoffRate": 1.5, "MaxAttempts": 4}, [1, 1.5, 2.25, 3.375], id="rate"),
        pytest.param(
            {"IntervalSeconds": 2, "MaxDelaySeconds": 5, "MaxAttempts": 4},
            [2, 4, 5, 5],
            id="longest",
        ),
        pytest.param(
            {"IntervalSeconds": 4, "MaxAttempts": 2, "JitterStrategy": "FULL"}, [1, 2], id="jitter"
        ),
        pytest.param(
            {"IntervalSeconds": 4, "MaxAttempts": 2, "JitterStrategy": "NONE"},
            [4, 8],
            id="no jitter",
        ),
    ],
)
def test_a_retrier_says_how_often_and_after_how_long(
    retrier: dict[str, Any], expected: list[float]
) -> None:
    player = failing("E", task({"ErrorEquals": ["States.ALL"], **retrier}), chance=0.25)

    assert waits(player) == expected
    assert player.failure == ("E", "why")
    assert player.types.count("TaskFailed") == len(expected) + 1


def test_a_rate_that_grows_beyond_all_numbers_waits_for_the_longest_delay() -> None:
    retrier = {"ErrorEquals": ["E"], "BackoffRate": 1e300, "MaxAttempts": 3, "MaxDelaySeconds": 7}

    assert waits(failing("E", task(retrier))) == [1, 7, 7]


@pytest.mark.parametrize(
    ("names", "error", "is_retried"),
    [
        pytest.param(["E"], "E", True, id="by its name"),
        pytest.param(["E"], "F", False, id="another name"),
        pytest.param(["States.ALL"], "E", True, id="all"),
        pytest.param(["States.ALL"], None, True, id="all take one without a name"),
        pytest.param(["States.ALL"], "States.Runtime", False, id="never runtime"),
        pytest.param(["States.Runtime"], "States.Runtime", False, id="nor by its name"),
        pytest.param(["States.ALL"], "States.DataLimitExceeded", False, id="nor too much data"),
        pytest.param(["States.DataLimitExceeded"], "States.DataLimitExceeded", True, id="named"),
        pytest.param(["States.TaskFailed"], "E", True, id="a task's failure"),
        pytest.param(["States.TaskFailed"], "States.Timeout", False, id="which no time-out is"),
        pytest.param(["States.Timeout"], "States.Timeout", True, id="time-out"),
    ],
)
def test_a_retrier_takes_the_errors_that_it_names(
    names: list[str], error: str | None, is_retried: bool
) -> None:
    player = failing(error, task({"ErrorEquals": names, "MaxAttempts": 1}))

    assert len(player.times) == (2 if is_retried else 1)


def test_each_retrier_counts_for_itself() -> None:
    errors = iter(["A", "B", "A", "B", "A"])

    def fail(arguments: Any) -> Any:
        raise Failure(next(errors))

    first = {"ErrorEquals": ["A"], "MaxAttempts": 2, "IntervalSeconds": 1}
    second = {"ErrorEquals": ["B"], "MaxAttempts": 2, "IntervalSeconds": 10}
    player = Player(task(first, second), worker_of=lambda resource: fail).play()

    assert waits(player) == [1, 10, 2, 20]
    assert player.failure == ("A", None)


def test_a_retrier_that_has_tried_enough_leaves_the_error_to_the_catcher() -> None:
    catcher = {"ErrorEquals": ["E"], "Next": "Caught", "ResultPath": "$.error"}
    player = failing("E", task({"ErrorEquals": ["E"], "MaxAttempts": 1}, Catch=[catcher]))

    assert player.output == {"error": {"Error": "E", "Cause": "why"}}
    assert len(player.times) == 2


def test_the_count_begins_anew_when_the_state_is_entered_again() -> None:
    outcomes = iter([False, True, False, True])

    def work(arguments: Any) -> Any:
        if next(outcomes):
            return "done"
        raise Failure("E")

    state = {"Type": "Task", "Resource": RESOURCE, "Retry": [{"ErrorEquals": ["E"]}]}
    definition = {
        "StartAt": "A",
        "States": {"A": {**state, "Next": "B"}, "B": {**state, "End": True}},
    }
    player = Player(definition, worker_of=lambda resource: work).play()

    assert player.execution.status is Status.SUCCEEDED
    assert waits(player) == [1, 0, 1]


def test_the_context_tells_the_number_of_retries() -> None:
    seen = []

    def work(arguments: Any) -> Any:
        seen.append(arguments["count"])
        raise Failure("E")

    definition = task(
        {"ErrorEquals": ["E"], "MaxAttempts": 2}, Parameters={"count.$": "$$.State.RetryCount"}
    )
    Player(definition, worker_of=lambda resource: work).play()

    assert seen == [0, 1, 2]


def test_a_parallel_is_tried_again_as_a_whole() -> None:
    outcomes = iter([Failure("E"), "second"])

    def work(arguments: Any) -> Any:
        found = next(outcomes)
        if isinstance(found, Failure):
            raise found
        return found

    branch = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": RESOURCE, "End": True}}}
    state = {
        "Type": "Parallel",
        "Branches": [branch],
        "Retry": [{"ErrorEquals": ["E"]}],
        "End": True,
    }
    definition = {"StartAt": "P", "States": {"P": state}}
    player = Player(definition, worker_of=lambda resource: work).play()

    assert player.output == ["second"]
    assert player.types.count("ParallelStateStarted") == 2
    assert player.types.count("ParallelStateEntered") == 1
