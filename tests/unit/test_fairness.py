"""Whose a message is, as a fair queue is told."""

import pytest

from cloudseam.event import TASK_ERROR
from cloudseam.queues import OutgoingMessage
from cloudseam.queues.fairness import GROUP, Tenant, group_of
from task_satisfier.satisfier import TaskSatisfier
from tests.builders import an_answer_body
from tests.fakes import CountingQueue
from tests.task_builders import (
    FakeExecutor,
    FakeExecutors,
    a_task_delivery,
    attempts_in_memory,
    failing,
)
from tests.unit.test_queue_timers import timed_world

MESSAGE = OutgoingMessage("{}", stack_id="feature-42", machine="preview")


@pytest.mark.parametrize(
    ("tenant", "group"), [("none", ""), ("stack", "feature-42"), ("machine", "preview")]
)
def test_a_message_is_in_the_group_of_its_tenant(tenant: Tenant, group: str) -> None:
    assert group_of(MESSAGE, tenant) == group


@pytest.mark.parametrize("tenant", ["none", "stack", "machine"])
def test_a_message_of_nobody_is_in_no_group(tenant: Tenant) -> None:
    assert group_of(OutgoingMessage("{}"), tenant) == ""


@pytest.mark.parametrize(
    "stack_id", ["x" * 129, "zażółć", "with space"], ids=["long", "not ascii", "a space"]
)
def test_a_name_that_sqs_does_not_take_is_replaced_by_one_that_it_takes(stack_id: str) -> None:
    group = group_of(OutgoingMessage("{}", stack_id=stack_id), "stack")

    assert GROUP.fullmatch(group)
    assert group != group_of(OutgoingMessage("{}", stack_id=stack_id + "2"), "stack")


def test_the_longest_name_that_sqs_takes_is_the_group() -> None:
    assert group_of(OutgoingMessage("{}", stack_id="~" * 128), "stack") == "~" * 128


def owners(queue: CountingQueue) -> set[tuple[str, str]]:
    """Whose the messages on a queue are."""
    return {(message.stack_id, message.machine) for message in queue.sent}


def test_tasks_and_timers_are_their_stacks() -> None:
    world = timed_world(timeout=60)

    world.launch("s")

    assert owners(world.tasks) == owners(world.source) == {("s", "life")}


def test_the_timer_of_an_attempt_is_its_stacks() -> None:
    world = timed_world(wait=30)
    world.launch("s")

    world.send(an_answer_body(world.asked("net"), event=TASK_ERROR))

    assert owners(world.source) == {("s", "life")}


@pytest.mark.parametrize("fails", [False, True], ids=["completed", "failed"])
def test_answers_are_their_stacks(fails: bool) -> None:
    answers = CountingQueue()
    executor = failing("no disk") if fails else FakeExecutor()
    attempts = attempts_in_memory()
    satisfier = TaskSatisfier(FakeExecutors(executor), answers, attempts, margin=15)

    satisfier.handle_batch([a_task_delivery(machine="life", token="t")], lambda: 60)

    assert owners(answers) == {("s", "life")}
