"""Timers on the event queue: when they are set, for how long they are held, and what they do."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cloudseam.event import TASK_ERROR, TIMER_DUE
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.outcome import Fate
from cloudseam.step import Verdict
from cloudseam.task_spec import RetryPolicy
from cloudseam.timers import NoTimers, Timer
from cloudseam.timers.queue import LONGEST_DELAY, QueueTimers, delay
from tests.builders import NOW, FakeClock, a_delivery, a_machine, an_answer_body, an_event_body
from tests.fakes import CountingQueue
from tests.world import World


def timed_world(timeout: float | None = None, wait: float | None = None) -> World:
    """A world whose every task has a time-out, or is tried again once after so many seconds."""
    retry = None
    if wait is not None:
        retry = RetryPolicy(2, wait=wait, longest=max(wait, 900), jitter=False)
    machine = a_machine()
    tasks = {
        name: replace(task, timeout=timeout, retry=retry)
        for name, task in machine.definition.tasks.items()
    }
    timed = replace(machine, definition=replace(machine.definition, tasks=tasks))
    return World(machines=InMemoryMachineLocator([timed]), clock=FakeClock())


def clock_of(world: World) -> FakeClock:
    """The clock that a test moves on."""
    assert isinstance(world.clock, FakeClock)
    return world.clock


def set_timers(world: World) -> list[tuple[dict[str, Any], int]]:
    """Body and delay of each timer that was set, in order."""
    return [(json.loads(message.body), message.delay) for message in world.source.sent]


def failed(world: World, task: str = "net") -> dict[str, Any]:
    """The body that says that the task's latest attempt failed."""
    return an_answer_body(world.asked(task), event=TASK_ERROR, description="no disk")


# ---- how long a message is held


@pytest.mark.parametrize(
    ("away", "seconds"),
    [
        (-5_000, 0),
        (0, 0),
        (1, 1),
        (999, 1),
        (1_000, 1),
        (1_001, 2),
        (899_001, 900),
        (900_000, 900),
        (900_001, 900),
        (31_536_000_000, 900),
    ],
)
def test_a_message_is_held_to_the_second_after_its_moment_as_far_as_a_queue_can(
    away: int, seconds: int
) -> None:
    assert delay(NOW + away, NOW) == seconds <= LONGEST_DELAY


def test_what_the_queue_does_not_take_is_told_by_its_position() -> None:
    queue = CountingQueue()
    queue.refuses = lambda message: '"b"' in message.body
    timers = [Timer(stack_id, NOW + 5_000) for stack_id in "abc"]

    failures = QueueTimers(queue, FakeClock(0)).set(timers)

    assert list(failures) == [1]
    assert [json.loads(message.body) for message in queue.sent] == [
        {"event": TIMER_DUE, "stackId": stack_id, "at": NOW + 5_000} for stack_id in "ac"
    ]


def test_without_an_event_queue_nothing_is_set_and_nothing_fails() -> None:
    assert NoTimers().set([Timer("s", NOW)]) == {}


# ---- through the service


def test_a_launch_sets_one_timer_for_all_tasks_that_end_together() -> None:
    world = timed_world(timeout=60)

    world.launch()

    [(body, held)] = set_timers(world)
    [deadline] = world.stack().timers
    assert body == {"event": TIMER_DUE, "stackId": "s", "at": deadline}
    assert held == 60


def test_a_machine_without_timing_sets_no_timers() -> None:
    world = timed_world()

    world.launch()
    world.send(failed(world))

    assert world.source.calls == []


def test_the_timer_that_a_failure_sets_asks_for_the_next_attempt() -> None:
    world = timed_world(wait=30)
    world.launch()
    world.send(failed(world))
    [(body, held)] = set_timers(world)

    clock_of(world).move_on(held)
    [outcome] = world.send(body)

    assert (held, outcome.verdict) == (30, Verdict.APPLIED)
    assert [asked["task"]["attempt"] for asked in world.all_asked("net")] == [1, 2]


def test_a_timer_that_is_further_than_a_queue_holds_comes_from_leg_to_leg() -> None:
    world = timed_world(timeout=2_000)
    world.launch()

    held = []
    while (found := world.source.sent) and world.stack().task("net"):
        [message] = found
        held.append(message.delay)
        world.source.sent = []
        clock_of(world).move_on(message.delay)
        world.send(message.body)

    assert held == [900, 900, 200]
    assert {task.status.value for task in world.stack().tasks} == {"ERROR"}


def test_a_timer_of_a_task_that_is_settled_in_the_same_batch_is_not_set() -> None:
    world = timed_world(wait=30)
    world.launch()
    done = an_answer_body(world.asked("net"))

    world.send(failed(world), done)

    assert set_timers(world) == []
    assert world.stack().timers == frozenset()


def test_an_event_whose_timer_cannot_be_set_goes_back_and_sets_it_when_it_comes_again() -> None:
    world = timed_world(wait=30)
    world.launch()
    told = a_delivery(failed(world))
    world.source.refuses = lambda message: True

    [returned] = world.deliver(told)
    world.source.refuses = lambda message: False
    clock_of(world).move_on(10)
    [taken] = world.deliver(replace(told, receive_count=2))

    assert (returned.fate, taken.fate) == (Fate.RETURNED, Fate.DONE)
    assert [held for _, held in set_timers(world)] == [20]


def test_a_stack_whose_timer_cannot_be_set_does_not_keep_others_from_theirs() -> None:
    world = timed_world(timeout=60)
    world.source.refuses = lambda message: '"a"' in message.body
    launches = [an_event_body("LAUNCH", stack_id, machine="life") for stack_id in "ab"]

    outcomes = world.send(*launches)

    assert [outcome.fate for outcome in outcomes] == [Fate.RETURNED, Fate.DONE]
    assert [body["stackId"] for body, _ in set_timers(world)] == ["b"]
