"""What who may write to a queue, but is none of us, can do and cannot. SECURITY.md links here."""

import json
from typing import Any

import pytest

from cloudseam.queues.memory import InMemoryQueue
from tests.builders import an_answer_body, an_event_body, statuses
from tests.task_builders import FakeExecutor, a_task_body, a_task_delivery
from tests.unit.task_satisfier.test_satisfier import bodies, satisfy
from tests.world import World, errors

GUESSED = {"name": "net", "token": "f" * 32}


def a_world(*, requires_token: bool = False) -> World:
    """Stack `s` waits for its tasks `net` and `db`."""
    world = World(requires_token=requires_token)
    world.launch()
    return world


# ---- the event queue: what can be done


def test_any_event_that_the_machine_allows_moves_any_stack() -> None:
    world = a_world()
    world.complete("net", "db")

    world.send(an_event_body("UPDATE"))

    assert world.stack().state == "UPDATE"


def test_metadata_of_an_event_reaches_the_tasks_that_come_after_it() -> None:
    world = a_world()

    world.send(an_event_body("RETRY_PENDING_TASKS", metadata={"image": "forged"}))

    assert world.asked("net")["stack"]["metadata"] == {"image": "forged"}


def test_without_its_token_an_answer_counts_unless_tokens_are_required() -> None:
    bare = an_event_body("TASK_COMPLETED", task={"name": "net"})
    lenient, strict = a_world(), a_world(requires_token=True)

    assert errors(lenient.send(bare)) == [None]
    assert errors(strict.send(bare)) == ["TaskTokenMissingError"]

    assert statuses(lenient.stack())["net"] == "SATISFIED"
    assert statuses(strict.stack())["net"] == "PENDING"


# ---- the event queue: what cannot


@pytest.mark.parametrize("requires_token", [False, True])
@pytest.mark.parametrize("event", ["TASK_COMPLETED", "TASK_ERROR"])
def test_an_answer_with_a_guessed_token_counts_for_nothing(
    event: str, requires_token: bool
) -> None:
    world = a_world(requires_token=requires_token)

    assert errors(world.send(an_event_body(event, task=GUESSED))) == [None]

    assert statuses(world.stack()) == {"net": "PENDING", "db": "PENDING"}


def test_the_token_of_one_stack_is_worth_nothing_for_another() -> None:
    world = a_world(requires_token=True)
    world.launch("other")

    world.send(an_answer_body(world.asked("net", "other"), stackId="s"))

    assert statuses(world.stack("s"))["net"] == "PENDING"


def test_no_event_but_the_last_answer_fires_next() -> None:
    assert errors(a_world().send(an_event_body("NEXT"))) == ["EventNotAllowedFromOutsideError"]


# Fields that only this system's own events have, or that name what is its own.
FIELDS: dict[str, dict[str, Any]] = {
    "lost": {"event": "TIMER_DUE", "lost": ["token"]},
    "a-time-long-ago": {"event": "TIMER_DUE", "at": 1},
    "state": {"_state": "RUN"},
    "tasks": {"tasks": [{"name": "net", "status": "SATISFIED"}]},
    "version": {"version": 99, "epoch": 99},
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_a_field_of_a_row_or_of_a_timer_changes_no_state_and_no_task(
    fields: dict[str, Any],
) -> None:
    world = a_world()
    before = world.stack()

    world.send(an_event_body(**fields))

    after = world.stack()
    assert (after.state, after.epoch, after.tasks) == (before.state, before.epoch, before.tasks)


@pytest.mark.parametrize("stack_id", ["cloudseam#claim#x", "cloudseam#machine#x"])
def test_a_row_of_this_systems_own_is_no_stack(stack_id: str) -> None:
    world = a_world()

    outcomes = world.send(an_event_body("LAUNCH", stack_id, machine="life"))

    assert errors(outcomes) == ["InvalidMessageError"]


def test_a_stack_is_not_put_on_another_machine() -> None:
    assert errors(a_world().send(an_event_body(machine="other"))) == ["MachineMismatchError"]


# ---- the task queue


def test_whatever_is_asked_for_on_the_task_queue_is_run() -> None:
    """Who may write there may have run what the satisfier's role allows."""
    executor = FakeExecutor()

    [outcome] = satisfy(executor, a_task_delivery(token="forged"), answers=InMemoryQueue())

    assert outcome.error is None
    assert len(executor.runs) == 1


def test_the_answer_of_a_forged_task_counts_for_nothing() -> None:
    world, answers = a_world(), InMemoryQueue()
    forged = a_task_delivery(stack_id="s", name="net", token="forged")

    satisfy(FakeExecutor(), forged, answers=answers)
    world.send(*map(json.dumps, bodies(answers)))

    assert statuses(world.stack()) == {"net": "PENDING", "db": "PENDING"}


def test_a_task_message_with_the_token_of_another_task_has_its_answer_refused() -> None:
    world = a_world(requires_token=True)
    asked = world.asked("net")
    other = a_task_body() | {"task": asked["task"] | {"name": "db"}, "stack": asked["stack"]}

    world.send(an_answer_body(other))

    assert statuses(world.stack()) == {"net": "PENDING", "db": "PENDING"}
