"""Which outside events a stack remembers, against a model that remembers all."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloudseam.persistence.row import from_row, to_row
from cloudseam.stack import (
    APPLIED_EVENTS_KEPT,
    APPLIED_EVENTS_MOST,
    REDELIVERY_WINDOW_MS,
    Stack,
    event_mark,
)
from tests.builders import NOW, a_stack

steady = settings(max_examples=60, deadline=None, derandomize=True, database=None)

MINUTE = 60_000
# Bursts of events: how long after the one before, and how many at once.
bursts = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 20, 30, 31, 59, 60, 61, 130]).map(lambda minutes: minutes * MINUTE),
        st.sampled_from([1, 2, 40, 63, 64, 65, 66, 400, 1000, 1001]),
    ),
    max_size=8,
)


@dataclass
class Ring:
    """A stack that is to remember, and all events there ever were: their marks and times."""

    stack: Stack = field(default_factory=lambda: a_stack("RUN"))
    marks: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    now: int = NOW

    def apply(self, after: int = 0, times: int = 1) -> None:
        """So many events at once, so many milliseconds after those before."""
        self.now += after
        for _ in range(times):
            event_id = f"event-{len(self.marks)}"
            self.marks.append(event_mark(event_id))
            self.times.append(self.now)
            self.stack = self.stack.with_applied(event_id, self.now)
            self.check()

    def check(self) -> None:
        """What has to be remembered is, in order; and never more than is allowed."""
        kept = len(self.stack.applied)
        forgotten = len(self.marks) - kept
        assert min(len(self.marks), APPLIED_EVENTS_KEPT) <= kept <= APPLIED_EVENTS_MOST
        assert self.stack.applied == tuple(self.marks[forgotten:])
        if forgotten and kept < APPLIED_EVENTS_MOST:
            assert self.times[forgotten - 1] <= self.now - REDELIVERY_WINDOW_MS


@steady
@example([(0, 65), (30 * MINUTE, 1_000), (31 * MINUTE, 1)])  # all that was old was pushed out
@example([(0, 65), (30 * MINUTE, 64), (30 * MINUTE, 1)])  # all that was old, and no more
@example([(0, 65), (59 * MINUTE, 64), (MINUTE // 2, 1)])  # not quite an hour
@given(bursts)
def test_the_last_64_and_all_of_the_last_hour_are_remembered_up_to_a_thousand(
    bursts: list[tuple[int, int]],
) -> None:
    ring = Ring()
    for after, times in bursts:
        ring.apply(after, times)


@settings(steady, max_examples=15)
@given(bursts)
def test_a_stack_that_is_stored_after_each_burst_remembers_the_same(
    bursts: list[tuple[int, int]],
) -> None:
    held, stored = Ring(), Ring()
    for after, times in bursts:
        held.apply(after, times)
        stored.apply(after, times)
        stored.stack = from_row(to_row(stored.stack))

    assert replace(stored.stack, version=0) == replace(held.stack, version=0)


def test_a_quiet_stack_remembers_64_however_old_they_are() -> None:
    ring = Ring()
    for _ in range(300):
        ring.apply(2 * REDELIVERY_WINDOW_MS)

    assert len(ring.stack.applied) == APPLIED_EVENTS_KEPT


def test_what_is_older_than_two_hours_is_forgotten_beyond_the_64() -> None:
    ring = Ring()
    ring.apply(times=500)
    ring.apply(after=REDELIVERY_WINDOW_MS)
    ring.apply(after=REDELIVERY_WINDOW_MS)

    assert len(ring.stack.applied) == APPLIED_EVENTS_KEPT


@pytest.mark.parametrize("pause", [0, REDELIVERY_WINDOW_MS, 5 * REDELIVERY_WINDOW_MS])
def test_there_are_never_more_than_a_thousand(pause: int) -> None:
    ring = Ring()
    ring.apply(times=2 * APPLIED_EVENTS_MOST)
    ring.apply(after=pause, times=3)

    assert len(ring.stack.applied) <= APPLIED_EVENTS_MOST


def test_a_clock_that_is_behind_forgets_nothing_of_the_last_hour() -> None:
    ring = Ring()
    ring.apply(times=100)
    ring.now -= 10 * MINUTE
    before = ring.stack.applied

    after = ring.stack.with_applied("late", ring.now)

    assert after.applied == (*before, event_mark("late"))
