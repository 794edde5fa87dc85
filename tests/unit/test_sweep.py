"""The sweep sets right what was lost, and leaves alone what is on its way."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest

from cloudseam.claim import Claim
from cloudseam.errors import StateNotInMachineError
from cloudseam.event import CANCEL_TASKS, TASK_ERROR
from cloudseam.languages.task_life import RESENDS
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.persistence.memory import InMemoryClaimRepository
from cloudseam.stack import Stack
from cloudseam.step import Verdict
from cloudseam.sweep import STACKS_AT_ONCE, TIMER_GRACE_MS, Sweep, Swept
from cloudseam.task_spec import RetryPolicy
from tests.builders import (
    NOW,
    FakeClock,
    a_machine,
    a_stack,
    a_task,
    an_answer_body,
    an_event_body,
    statuses,
)
from tests.fakes import CountingStacks
from tests.world import World

LOST_AFTER = 1_200
GRACE = TIMER_GRACE_MS / 1000


def always() -> float:
    """Time that does not run out."""
    return 60


class CountingClaims(InMemoryClaimRepository):
    """Claims in memory that keep what they were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []

    def find(self, keys: Sequence[str]) -> dict[str, Claim]:
        """See `ClaimRepository.find`."""
        self.asked.append(list(keys))
        return dict(super().find(keys))


class Place(World):
    """A world with a sweep, on whose clock time passes as a test says."""

    def __init__(self, timeout: float | None = None, retry: RetryPolicy | None = None) -> None:
        machine = a_machine()
        tasks = {
            name: replace(task, timeout=timeout, retry=retry)
            for name, task in machine.definition.tasks.items()
        }
        timed = replace(machine, definition=replace(machine.definition, tasks=tasks))
        self.locator = InMemoryMachineLocator([timed])
        self.time = FakeClock()
        super().__init__(machines=self.locator, clock=self.time)
        self.claims = CountingClaims()
        self.sweeper = Sweep(
            self.stacks, self.claims, self.service, self.clock, lost_after=LOST_AFTER
        )

    def sweep(self, time_left: Callable[[], float] = always, after: str = "") -> Swept:
        """One sweep."""
        return self.sweeper.run(time_left, after)

    def claim(self, task: str, lease: float = 600, *, done: bool = False) -> None:
        """Somebody works on the task's latest attempt, for so many seconds from now."""
        now = self.time.draw().now
        token = self.asked(task)["task"]["token"]
        until = now + round(lease * 1000)
        self.claims.take(Claim(token, "owner", since=now, until=until, done=done), now)


def sent_for(place: Place, task: str) -> list[tuple[str, int]]:
    """Token and attempt of each message for the task."""
    return [(m["task"]["token"], m["task"]["attempt"]) for m in place.all_asked(task)]


# ---- what is lost


def test_a_task_that_nobody_works_on_is_sent_again_as_the_same_attempt() -> None:
    place = Place()
    place.launch()

    place.time.move_on(LOST_AFTER)
    swept = place.sweep()

    assert (swept.looked_at, swept.rest_after) == (1, None)
    assert [outcome.verdict for outcome in swept.repairs] == [Verdict.APPLIED]
    for task in ("net", "db"):
        first, again = sent_for(place, task)
        assert first == again


def test_a_task_is_not_lost_before_its_time() -> None:
    place = Place()
    place.launch()

    place.time.move_on(LOST_AFTER - 1)

    assert place.sweep() == Swept(1, ())
    assert place.claims.asked == []


def test_a_task_that_somebody_works_on_is_left_alone() -> None:
    place = Place()
    place.launch()
    place.time.move_on(LOST_AFTER)
    place.claim("net")

    place.sweep()

    assert [len(sent_for(place, task)) for task in ("net", "db")] == [1, 2]


@pytest.mark.parametrize(
    ("lease", "done"), [(0, False), (600, True)], ids=["ran-out", "ended-without-its-answer"]
)
def test_a_claim_that_nobody_works_under_does_not_count(lease: float, done: bool) -> None:
    place = Place()
    place.launch()
    place.time.move_on(LOST_AFTER)
    place.claim("net", lease, done=done)

    place.sweep()

    assert len(sent_for(place, "net")) == 2


def test_after_each_time_that_a_task_was_sent_again_the_sweep_waits_as_long_anew() -> None:
    place = Place()
    place.launch()
    place.time.move_on(LOST_AFTER)
    place.sweep()

    place.time.move_on(LOST_AFTER - 5)
    early = place.sweep()
    place.time.move_on(5)
    late = place.sweep()

    assert (early.repairs, len(late.repairs)) == ((), 1)
    assert len(sent_for(place, "net")) == 3


def test_a_task_that_stays_lost_has_failed_in_the_end_and_is_left_alone_then() -> None:
    place = Place()
    place.launch()

    for _ in range(RESENDS + 1):
        place.time.move_on(LOST_AFTER)
        place.sweep()
    place.time.move_on(LOST_AFTER)

    assert statuses(place.stack()) == {"net": "ERROR", "db": "ERROR"}
    assert len(sent_for(place, "net")) == RESENDS + 1
    assert place.sweep() == Swept(1, (), failed=1)


@pytest.mark.parametrize("task", ["net", "db"])
def test_only_the_task_that_is_lost_is_sent_again(task: str) -> None:
    place = Place()
    place.launch()
    other = {"net": "db", "db": "net"}[task]
    place.complete(other)

    place.time.move_on(LOST_AFTER)
    place.sweep()

    assert [len(sent_for(place, name)) for name in (task, other)] == [2, 1]


def test_a_pending_task_of_the_original_which_has_no_token_is_left_alone() -> None:
    place = Place()
    task = replace(a_task("net"), token="")
    place.stacks.save([replace(a_stack("PROVISION", version=0), tasks=(task,))])

    assert place.sweep() == Swept(1, ())


def test_a_failed_and_a_cancelled_task_are_left_alone() -> None:
    place = Place()
    place.launch()
    place.send(an_answer_body(place.asked("net"), event=TASK_ERROR))
    place.send(an_event_body(CANCEL_TASKS))

    place.time.move_on(10 * LOST_AFTER)

    assert place.sweep() == Swept(1, (), failed=1)


def test_a_task_that_will_be_tried_again_by_itself_has_not_failed() -> None:
    place = Place(retry=RetryPolicy(2))
    place.launch()
    place.send(an_answer_body(place.asked("net"), event=TASK_ERROR))

    assert place.sweep() == Swept(1, ())


# ---- timers that nobody fired


@pytest.mark.parametrize("late", [GRACE - 1, GRACE + 1], ids=["within", "after"])
def test_a_time_out_that_nobody_told_of_is_found_after_some_grace(late: float) -> None:
    place = Place(timeout=60)
    place.launch()

    place.time.move_on(60 + late)
    swept = place.sweep()

    assert bool(swept.repairs) == (late > GRACE)
    assert statuses(place.stack())["net"] == ("ERROR" if late > GRACE else "PENDING")


def test_an_attempt_that_nobody_asked_for_in_its_time_is_asked_for() -> None:
    place = Place(retry=RetryPolicy(2, wait=30, jitter=False))
    place.launch()
    place.send(an_answer_body(place.asked("net"), event=TASK_ERROR))

    place.time.move_on(30 + GRACE + 1)
    place.sweep()

    assert [attempt for _, attempt in sent_for(place, "net")] == [1, 2]
    assert [attempt for _, attempt in sent_for(place, "db")] == [1]


def test_a_time_out_that_the_sweep_found_sets_the_timer_of_the_next_attempt() -> None:
    place = Place(timeout=60, retry=RetryPolicy(2, wait=30, jitter=False))
    place.launch()
    place.source.sent = []

    place.time.move_on(60 + GRACE + 1)
    place.sweep()

    moments = {json.loads(message.body)["at"] for message in place.source.sent}
    assert moments == place.stack().timers
    assert moments


# ---- which stacks, and how far


def test_stacks_that_wait_for_nothing_are_not_looked_at() -> None:
    place = Place()
    for stack_id in ("running", "gone"):
        place.send(an_event_body("START", stack_id, machine="life"))
    place.send(an_event_body("DROP", "gone"))
    place.launch("waiting")

    assert place.sweep().looked_at == 1


def test_a_sweep_ends_when_time_is_over_and_the_next_goes_on_behind() -> None:
    place = Place()
    ids = [f"s{number:04}" for number in range(2 * STACKS_AT_ONCE + 5)]
    place.stacks.save([waiting(stack_id) for stack_id in ids])
    ticks = count()

    first = place.sweep(lambda: 1 - next(ticks))
    second = place.sweep(after=first.rest_after or "")

    assert (first.looked_at, first.rest_after) == (STACKS_AT_ONCE, ids[STACKS_AT_ONCE - 1])
    assert (second.looked_at, second.rest_after) == (STACKS_AT_ONCE + 5, None)
    repaired = [outcome.delivery.message_id for outcome in (*first.repairs, *second.repairs)]
    assert len(set(repaired)) == len(ids)
    assert place.tasks_asked == [(stack_id, "net") for stack_id in ids]


def test_a_sweep_without_any_time_does_nothing_and_is_to_begin_where_it_was() -> None:
    place = Place()
    place.launch()
    place.time.move_on(LOST_AFTER)

    assert place.sweep(lambda: 0, after="a") == Swept(0, (), "a")
    assert len(sent_for(place, "net")) == 1


def test_claims_are_looked_up_once_for_many_stacks() -> None:
    place = Place()
    place.stacks.save([waiting(f"s{number}") for number in range(10)])

    place.sweep()

    assert [len(keys) for keys in place.claims.asked] == [10]


def test_a_stack_that_cannot_be_repaired_does_not_keep_the_others_from_it() -> None:
    place = Place()
    lost = replace(waiting("a"), state="ATTIC")
    place.stacks.save([lost, waiting("b")])

    first, second = place.sweep().repairs

    assert isinstance(first.error, StateNotInMachineError)
    assert (second.error, second.verdict) == (None, Verdict.APPLIED)


def test_an_answer_that_comes_while_the_sweep_looks_wins() -> None:
    class Answered(CountingStacks):
        """A store in which every stack is answered as soon as it was scanned."""

        answer: Callable[[], object]

        def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
            found = list(super().scan_unfinished(after))
            self.answer()
            return iter(found)

    stacks = Answered()
    world = World(stacks, clock=(clock := FakeClock()))
    stacks.answer = lambda: world.complete("net", "db")
    world.launch()
    clock.move_on(LOST_AFTER)

    sweep = Sweep(
        stacks, InMemoryClaimRepository(), world.service, world.clock, lost_after=LOST_AFTER
    )
    [outcome] = sweep.run(always).repairs

    assert outcome.verdict is Verdict.NOTHING_DUE
    assert world.stack().state == "RUN"
    assert len(world.tasks.sent) == 2


def waiting(stack_id: str) -> Stack:
    """A stack with a task that was asked for long ago."""
    task = a_task("net", token=f"token-of-{stack_id}", asked_at=NOW - 10 * LOST_AFTER * 1000)
    return replace(a_stack("UPDATE", id=stack_id, version=0, epoch=1), tasks=(task,))
