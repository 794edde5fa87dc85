"""Each protection of the protocol, and what goes wrong without it.

The tests named `with…` show it at work; those named `without…` take it away and show the damage.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cloudseam import service
from cloudseam.delivery import Delivery
from cloudseam.languages import task_life
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.persistence import StackRepository
from cloudseam.persistence.memory import InMemoryStackRepository
from cloudseam.stack import Stack
from cloudseam.step import Step, Verdict
from tests.builders import a_delivery, a_machine, a_state, an_answer_body, an_event_body, statuses
from tests.fakes import ForgetfulStacks, RacedStacks
from tests.world import World


class Races:
    """Two consumers that act on one stack at the same moment."""

    def __init__(self, store: Callable[[], StackRepository]) -> None:
        self.stacks = RacedStacks(lambda: None, times=0)
        self.stacks.inner = store()  # type: ignore[assignment]
        self.first = World(self.stacks)
        self.second = World(self.stacks.inner)

    def completions_at_once(self) -> Stack:
        """The stack after its two last tasks were completed in two places at once."""
        self.first.launch()
        self.stacks.rival = lambda: self.second.send(an_answer_body(self.first.asked("net")))
        self.stacks.times = 1
        self.first.complete("db")
        return self.first.stack()


def test_with_the_conditional_write_no_completion_is_lost() -> None:
    assert Races(InMemoryStackRepository).completions_at_once().state == "RUN"


def test_without_the_conditional_write_a_completion_is_lost_and_the_stack_hangs() -> None:
    stack = Races(ForgetfulStacks).completions_at_once()

    assert (stack.state, statuses(stack)) == ("PROVISION", {"net": "PENDING", "db": "SATISFIED"})


COUNTER = a_machine(
    a_state("INIT", on={"LAUNCH": "UP"}),
    a_state("UP", tasks=("job",), on={"NEXT": None, "AGAIN": "UP"}),
    name="life",
)


def delivered_twice(event: str) -> World:
    """A world in which an event came a second time after its tasks were done."""
    world = World(machines=InMemoryMachineLocator([COUNTER]))
    world.launch()
    world.complete("job")
    again = a_delivery(an_event_body(event))
    world.deliver(again)
    world.complete("job")
    world.deliver(again)
    return world


def test_with_the_ring_a_duplicate_runs_nothing_again() -> None:
    world = delivered_twice("AGAIN")

    assert statuses(world.stack()) == {"job": "SATISFIED"}
    assert len(world.all_asked("job")) == 2


def test_without_the_ring_a_duplicate_runs_the_tasks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stack, "has_applied", lambda self, event_id: False)

    world = delivered_twice("AGAIN")

    assert statuses(world.stack()) == {"job": "PENDING"}
    assert len(world.all_asked("job")) == 3


def a_late_completion() -> World:
    """A world in which a completion of the first visit comes in the second."""
    world = World(machines=InMemoryMachineLocator([COUNTER]))
    world.launch()
    late = an_answer_body(world.asked("job"))
    world.send(an_event_body("AGAIN"))
    world.send(late)
    return world


def test_with_the_token_fence_a_late_answer_does_not_satisfy_the_new_visit() -> None:
    assert statuses(a_late_completion().stack()) == {"job": "PENDING"}


def test_without_the_token_fence_a_late_answer_satisfies_the_new_visit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(task_life, "_same", lambda token, claimed: True)

    assert statuses(a_late_completion().stack()) == {"job": "SATISFIED"}


def a_send_that_was_lost() -> World:
    """A world in which the tasks could not be sent after the commit, and the event came again."""
    world = World()
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))
    world.tasks.refuses = lambda message: True
    world.deliver(launch)
    world.tasks.refuses = lambda message: False
    world.deliver(launch)
    return world


def test_with_the_outbox_in_the_row_a_redelivery_sends_what_is_owed() -> None:
    assert a_send_that_was_lost().tasks_asked == [("s", "net"), ("s", "db")]


def test_without_the_owed_resend_the_tasks_are_lost_and_the_stack_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Step.__init__

    def forgetful(
        self: Step, stack: Stack, verdict: Verdict, *owed: Any, **transition: Any
    ) -> None:
        made(self, stack, verdict, *(owed if verdict is Verdict.APPLIED else ()), **transition)

    monkeypatch.setattr(Step, "__init__", forgetful)
    world = a_send_that_was_lost()

    assert world.tasks_asked == []
    assert statuses(world.stack()) == {"net": "PENDING", "db": "PENDING"}


def a_removal_and_a_late_duplicate() -> World:
    """A world in which the launch of a removed stack was delivered once more."""
    world = World()
    launch: Delivery = a_delivery(an_event_body("START", machine="life"))
    world.deliver(launch)
    world.send(an_event_body("DROP"))
    world.deliver(launch)
    return world


def test_with_the_tombstone_a_late_duplicate_does_not_bring_a_stack_back() -> None:
    assert a_removal_and_a_late_duplicate().stack().is_removed


def test_without_the_tombstone_a_late_duplicate_brings_the_stack_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        Stack, "removed", lambda self, now: replace(self, applied=(), removed_at=now)
    )

    stack = a_removal_and_a_late_duplicate().stack()

    assert (stack.state, stack.is_removed) == ("RUN", False)


def a_launch_that_lost_its_race() -> World:
    """A world whose launch was computed, but committed by a rival first."""
    stacks = RacedStacks(lambda: World(stacks.inner).launch())
    world = World(stacks)
    world.launch()
    return world


def test_with_the_commit_before_the_send_a_lost_race_asks_for_nothing() -> None:
    assert a_launch_that_lost_its_race().tasks_asked == []


def test_without_the_commit_before_the_send_a_lost_race_runs_tasks_of_no_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "COMMIT_ATTEMPTS", 1)
    monkeypatch.setattr(service, "_undo", lambda *arguments: None)

    world = a_launch_that_lost_its_race()

    token = world.stack().tasks[0].token
    assert world.tasks_asked == [("s", "net"), ("s", "db")]
    assert world.asked("net")["task"]["token"] != token
