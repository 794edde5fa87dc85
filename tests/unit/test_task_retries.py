"""Time-outs, further attempts, lost attempts and cancelling: what time makes of a stack's tasks."""

from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from cloudseam.event import (
    CANCEL_TASKS,
    CANCELLED,
    FAILED,
    RETRY_FAILED_TASKS,
    RETRY_PENDING_TASKS,
    TIMER_DUE,
    Event,
)
from cloudseam.given import Given
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.languages.task_life import RESENDS
from cloudseam.stack import Stack, Task, event_mark
from cloudseam.step import Step, Verdict, step
from cloudseam.task_spec import RetryPolicy
from tests.builders import NOW, a_completion, a_failure, a_machine, a_stack, an_event, statuses

SECOND = 1_000
STEADY = RetryPolicy(3, wait=10, factor=2, longest=900, jitter=False)

_numbers = count(1)


def timed(retry: RetryPolicy | None = None, timeout: float | None = None) -> StatesMachine:
    """A machine whose every task has this timing."""
    machine = a_machine()
    tasks = {
        name: replace(task, retry=retry, timeout=timeout)
        for name, task in machine.definition.tasks.items()
    }
    return replace(machine, definition=replace(machine.definition, tasks=tasks))


def at(seconds: float) -> Given:
    """What a step is given so many seconds after NOW; never the same randomness."""
    return Given(NOW + round(seconds * SECOND), next(_numbers).to_bytes(32, "big"))


def play(machine: StatesMachine, stack: Stack, *events: tuple[float, Event]) -> Step:
    """The last step of these events, each at its second."""
    for seconds, event in events:
        taken = step(machine, stack, event, at(seconds))
        stack = taken.stack
    return taken


def launched(machine: StatesMachine) -> Stack:
    """A stack in PROVISION, whose tasks `net` and `db` were asked for at second 0."""
    return play(machine, a_stack("INIT"), (0, an_event("LAUNCH"))).stack


def the(stack: Stack, name: str = "net") -> Task:
    """The task of that name."""
    task = stack.task(name)
    assert task is not None
    return task


def failure(stack: Stack, error: str = FAILED, **fields: Any) -> Event:
    """TASK_ERROR of the current attempt of `net`."""
    told = a_failure("net", the(stack).token, **fields)
    assert told.answer is not None
    return replace(told, answer=replace(told.answer, error=error))


def timer(seconds: float | None = None, lost: tuple[str, ...] = ()) -> Event:
    """TIMER_DUE that was set for that second; None: it looks at all timers."""
    moment = None if seconds is None else NOW + round(seconds * SECOND)
    return replace(an_event(TIMER_DUE), at=moment, lost=lost)


def asked(taken: Step) -> list[tuple[str, int]]:
    """Task and attempt of each message that is owed."""
    return [(effect.task.name, effect.attempt) for effect in taken.effects]


# ---- a failure that is tried again


@pytest.mark.parametrize("again", [False, True])
def test_the_end_of_a_long_cause_is_kept_with_the_task(again: bool) -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    told = failure(stack, description="x" * 4_000 + "the end")
    if again:
        stack = play(machine, stack, (5, failure(stack, description="no disk"))).stack
        assert told.answer is not None
        told = replace(told, answer=replace(told.answer, token=""))

    kept = the(play(machine, stack, (5, told)).stack).error_message

    assert kept == "…" + "x" * 3_992 + "the end"


def test_a_failed_task_waits_for_its_next_attempt_and_a_timer_is_owed() -> None:
    machine = timed(STEADY)
    stack = launched(machine)

    taken = play(machine, stack, (5, failure(stack, description="no disk")))

    task = the(taken.stack)
    assert (task.status.value, task.error_message, task.attempt) == ("ERROR", "no disk", 1)
    assert task.retry_at == NOW + 15 * SECOND
    assert (taken.effects, taken.wakes) == ((), (task.retry_at,))


@pytest.mark.parametrize(
    ("failures", "wait"), [(1, 10), (2, 20), (3, 40), (4, 60), (5, 60)], ids=lambda n: str(n)
)
def test_each_wait_is_longer_by_the_factor_up_to_the_longest(failures: int, wait: float) -> None:
    machine = timed(replace(STEADY, attempts=10, longest=60))
    stack = launched(machine)

    for number in range(failures):
        failed = play(machine, stack, (number * 100, failure(stack))).stack
        stack = play(machine, failed, (number * 100 + 70, timer())).stack

    assert the(failed).retry_at == NOW + ((failures - 1) * 100 + wait) * SECOND


def test_with_jitter_a_wait_is_anything_from_half_of_it_to_the_whole() -> None:
    machine = timed(replace(STEADY, jitter=True))
    stack = launched(machine)

    waits = [
        the(play(machine, stack, (0, failure(stack))).stack).retry_at - NOW for _ in range(200)
    ]

    assert all(5 * SECOND <= wait <= 10 * SECOND for wait in waits)
    assert min(waits) < 5.5 * SECOND
    assert max(waits) > 9.5 * SECOND


def test_tasks_that_fail_together_are_not_tried_again_together() -> None:
    machine = timed(replace(STEADY, jitter=True))
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack

    both = play(machine, failed, (0, a_failure("db", the(failed, "db").token))).stack

    assert the(both, "net").retry_at != the(both, "db").retry_at


@pytest.mark.parametrize(
    ("seconds", "verdict", "attempts"),
    [
        pytest.param(14.999, Verdict.NOTHING_DUE, [], id="before"),
        pytest.param(15, Verdict.APPLIED, [("net", 2)], id="at-its-moment"),
        pytest.param(4_000, Verdict.APPLIED, [("net", 2)], id="long-after"),
    ],
)
def test_a_task_is_asked_for_again_when_it_is_due_and_not_before(
    seconds: float, verdict: Verdict, attempts: list[tuple[str, int]]
) -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    failed = play(machine, stack, (5, failure(stack))).stack

    taken = play(machine, failed, (seconds, timer(15)))

    assert (taken.verdict, asked(taken)) == (verdict, attempts)
    assert (taken.stack is failed) == (not attempts)


def test_a_timer_that_comes_early_is_owed_once_more() -> None:
    """A queue holds a message for 15 minutes at most."""
    machine = timed(replace(STEADY, wait=3_600, longest=3_600))
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack

    early = play(machine, failed, (900, timer(3_600)))
    of_another_time = play(machine, failed, (900, timer(3_000)))

    assert early.wakes == (NOW + 3_600 * SECOND,)
    assert of_another_time.wakes == ()


def test_the_next_attempt_has_a_token_of_its_own_and_no_error() -> None:
    machine = timed(STEADY)
    stack = launched(machine)

    again = play(machine, stack, (0, failure(stack)), (10, timer(10))).stack

    task = the(again)
    assert (task.status.value, task.error_message, task.retry_at) == ("PENDING", None, 0)
    assert task.token != the(stack).token
    assert task.asked_at == NOW + 10 * SECOND


def test_only_the_task_that_is_due_is_asked_for_again() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack
    failed = play(machine, failed, (3, a_failure("db", the(failed, "db").token))).stack

    taken = play(machine, failed, (10, timer(10)))

    assert asked(taken) == [("net", 2)]
    assert statuses(taken.stack) == {"net": "PENDING", "db": "ERROR"}


def test_one_timer_asks_for_all_that_is_due() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack
    failed = play(machine, failed, (3, a_failure("db", the(failed, "db").token))).stack

    assert asked(play(machine, failed, (60, timer()))) == [("net", 2), ("db", 2)]


def test_a_timer_that_comes_twice_asks_once() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack
    first = play(machine, failed, (10, timer(10)))

    again = play(machine, first.stack, (11, timer(10)))

    assert (again.verdict, again.effects) == (Verdict.NOTHING_DUE, ())
    assert again.stack is first.stack


def test_a_timer_that_is_delivered_again_is_owed_the_message_that_it_asked_for() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    due = timer(10)
    first = play(machine, stack, (0, failure(stack)), (10, due))

    again = play(machine, first.stack, (12, due))

    assert [effect.token for effect in again.effects] == [e.token for e in first.effects]
    assert again.stack is first.stack


def test_attempts_run_out() -> None:
    machine = timed(STEADY)
    stack = launched(machine)

    for number in range(STEADY.attempts):
        failed = play(machine, stack, (number * 100, failure(stack)))
        stack = play(machine, failed.stack, (number * 100 + 50, timer())).stack

    assert (the(stack).status.value, the(stack).attempt) == ("ERROR", 3)
    assert (the(stack).retry_at, failed.wakes) == (0, ())


def test_without_a_policy_a_failed_task_stays_so() -> None:
    machine = timed()
    stack = launched(machine)

    failed = play(machine, stack, (0, failure(stack)))

    assert (the(failed.stack).retry_at, failed.wakes) == (0, ())


@pytest.mark.parametrize(
    ("on", "error", "is_tried_again"),
    [
        pytest.param(("*",), "Anything", True, id="all"),
        pytest.param(("Timeout", "MyError"), "MyError", True, id="named"),
        pytest.param(("Timeout", "MyError"), "OtherError", False, id="not-named"),
        pytest.param(("Failed",), FAILED, True, id="the-general-kind"),
        pytest.param(("MyError",), "myerror", False, id="other-letters"),
    ],
)
def test_only_the_kinds_of_failure_that_are_named_are_tried_again(
    on: tuple[str, ...], error: str, is_tried_again: bool
) -> None:
    machine = timed(replace(STEADY, on=on))
    stack = launched(machine)

    failed = play(machine, stack, (0, failure(stack, error))).stack

    assert bool(the(failed).retry_at) == is_tried_again


def test_a_retry_by_hand_starts_the_count_anew() -> None:
    machine = timed(replace(STEADY, attempts=2))
    stack = launched(machine)
    stack = play(machine, stack, (0, failure(stack)), (10, timer(10))).stack
    spent = play(machine, stack, (20, failure(stack))).stack
    assert the(spent).retry_at == 0

    again = play(machine, spent, (30, an_event(RETRY_FAILED_TASKS))).stack
    failed = play(machine, again, (40, failure(again))).stack
    last = play(machine, failed, (50, timer(50))).stack
    spent_again = play(machine, last, (60, failure(last))).stack

    assert [the(found).attempt for found in (again, last)] == [3, 4]
    assert the(failed).retry_at == NOW + 50 * SECOND
    assert the(spent_again).retry_at == 0


def test_a_retry_by_hand_does_not_wait_for_the_timer_which_has_no_effect_then() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack

    by_hand = play(machine, failed, (1, an_event(RETRY_FAILED_TASKS)))
    after_it = play(machine, by_hand.stack, (10, timer(10)))

    assert asked(by_hand) == [("net", 2)]
    assert (after_it.verdict, after_it.stack) == (Verdict.NOTHING_DUE, by_hand.stack)


def test_a_pending_task_that_is_asked_for_again_by_hand_starts_the_count_anew() -> None:
    machine = timed(replace(STEADY, attempts=2))
    stack = launched(machine)

    again = play(machine, stack, (5, an_event(RETRY_PENDING_TASKS))).stack
    failed = play(machine, again, (6, failure(again))).stack

    assert the(failed).retry_at == NOW + 16 * SECOND


def test_entering_the_state_again_starts_the_count_anew() -> None:
    machine = timed(replace(STEADY, attempts=2))
    stack = launched(machine)
    stack = play(machine, stack, (0, failure(stack)), (10, timer(10))).stack

    entered = play(machine, stack, (20, an_event("RESTART"))).stack
    failed = play(machine, entered, (21, failure(entered))).stack

    assert the(failed).retry_at == NOW + 31 * SECOND


def test_a_failure_told_again_keeps_the_moment_of_the_next_attempt_and_owes_its_timer() -> None:
    machine = timed(replace(STEADY, jitter=True))
    stack = launched(machine)
    told = failure(stack)
    first = play(machine, stack, (0, told))

    again = play(machine, first.stack, (3, told))

    assert (again.verdict, again.stack) == (Verdict.LATE, first.stack)
    assert again.wakes == first.wakes == (the(first.stack).retry_at,)


def test_a_persons_word_on_the_same_failure_changes_its_cause_and_nothing_else() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack
    by_hand = a_failure("net", description="in other words")

    told = play(machine, failed, (3, by_hand)).stack

    assert the(told) == replace(the(failed), error_message="in other words")


@pytest.mark.parametrize("answer", [a_completion, a_failure], ids=["completed", "failed"])
def test_the_old_answer_of_an_attempt_that_was_tried_again_is_late(answer: Any) -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    again = play(machine, stack, (0, failure(stack)), (10, timer(10))).stack

    taken = play(machine, again, (11, answer("net", the(stack).token)))

    assert taken.verdict is Verdict.LATE
    assert taken.stack.tasks == again.tasks


def test_a_success_while_the_next_attempt_is_waited_for_ends_the_waiting() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack

    done = play(machine, failed, (5, a_completion("net", the(stack).token))).stack
    later = play(machine, done, (10, timer(10)))

    assert (statuses(done)["net"], the(done).retry_at) == ("SATISFIED", 0)
    assert later.verdict is Verdict.NOTHING_DUE


def test_a_timer_of_a_state_that_was_left_has_no_effect() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack
    left = play(machine, failed, (5, an_event("DESTROY"))).stack

    assert play(machine, left, (10, timer(10))).verdict is Verdict.NOTHING_DUE


# ---- time-outs


def test_a_task_with_a_timeout_has_a_deadline_whose_timer_is_owed_once() -> None:
    machine = timed(timeout=90)

    taken = play(machine, a_stack("INIT"), (0, an_event("LAUNCH")))

    assert {task.deadline for task in taken.stack.tasks} == {NOW + 90 * SECOND}
    assert taken.wakes == (NOW + 90 * SECOND,)
    assert {effect.task.timeout for effect in taken.effects} == {90}


@pytest.mark.parametrize(
    ("seconds", "status"), [(89.999, "PENDING"), (90, "ERROR")], ids=["before", "at-its-end"]
)
def test_a_task_without_an_answer_fails_at_its_deadline(seconds: float, status: str) -> None:
    machine = timed(timeout=90)

    taken = play(machine, launched(machine), (seconds, timer(90)))

    assert statuses(taken.stack)["net"] == status
    told = the(taken.stack).error_message
    assert told == (None if status == "PENDING" else "No answer within 90 s.")


@pytest.mark.parametrize(
    ("on", "is_tried_again"),
    [(("*",), True), (("Timeout",), True), (("Failed", "OutOfTime"), False)],
    ids=["all", "named", "not-named"],
)
def test_a_timeout_is_tried_again_if_the_policy_says_so(
    on: tuple[str, ...], is_tried_again: bool
) -> None:
    machine = timed(replace(STEADY, on=on), timeout=90)

    timed_out = play(machine, launched(machine), (91, timer(90)))

    expected = NOW + 101 * SECOND if is_tried_again else 0
    assert the(timed_out.stack).retry_at == expected
    assert timed_out.wakes == ((expected,) if is_tried_again else ())


def test_the_next_attempt_has_the_whole_time_again() -> None:
    machine = timed(STEADY, timeout=90)

    taken = play(machine, launched(machine), (90, timer(90)), (100, timer(100)))

    assert asked(taken) == [("net", 2), ("db", 2)]
    assert the(taken.stack).deadline == NOW + 190 * SECOND
    assert taken.wakes == (NOW + 190 * SECOND,)


def test_a_task_that_was_answered_does_not_time_out() -> None:
    machine = timed(timeout=90)
    stack = launched(machine)
    done = play(machine, stack, (5, a_completion("net", the(stack).token))).stack

    taken = play(machine, done, (90, timer(90)))

    assert statuses(taken.stack) == {"net": "SATISFIED", "db": "ERROR"}


def test_a_task_that_failed_does_not_time_out_as_well() -> None:
    machine = timed(timeout=90)
    stack = launched(machine)
    failed = play(machine, stack, (5, failure(stack, description="no disk"))).stack

    taken = play(machine, failed, (90, timer(90)))

    assert the(taken.stack) == the(failed)


@pytest.mark.parametrize("policy", [None, STEADY], ids=["for-good", "tried-again"])
def test_a_late_completion_of_the_attempt_that_timed_out_satisfies_it(
    policy: RetryPolicy | None,
) -> None:
    machine = timed(policy, timeout=90)
    stack = launched(machine)
    timed_out = play(machine, stack, (90, timer(90))).stack

    done = play(
        machine,
        timed_out,
        (95, a_completion("net", the(stack).token)),
        (96, a_completion("db", the(stack, "db").token)),
    ).stack

    assert (done.state, done.previous_state) == ("RUN", "PROVISION")


def test_an_attempt_that_timed_out_is_no_longer_worked_on() -> None:
    machine = timed(timeout=90)
    stack = launched(machine)

    timed_out = play(machine, stack, (90, timer(90))).stack

    assert stack.is_attempt_current("net", the(stack).token)
    assert not timed_out.is_attempt_current("net", the(stack).token)


# ---- attempts that nobody works on


def lost(stack: Stack) -> Event:
    """What the sweep says of an attempt of `net` that nobody works on."""
    return timer(lost=(the(stack).token,))


def test_a_lost_attempt_is_sent_again_with_its_token_and_in_the_end_has_failed() -> None:
    machine = timed()
    stack = launched(machine)

    for number in range(RESENDS):
        taken = play(machine, stack, (1_000 * number, lost(stack)))
        assert asked(taken) == [("net", 1)]
        assert taken.effects[0].token == the(stack).token
        assert the(taken.stack).resent == number + 1
        stack = taken.stack
    ended = play(machine, stack, (9_000, lost(stack)))

    assert (statuses(ended.stack)["net"], ended.effects) == ("ERROR", ())
    assert the(ended.stack).error_message == "No answer came, though the task was sent 4 times."


@pytest.mark.parametrize(
    ("on", "is_tried_again"), [(("Lost",), True), (("Timeout",), False)], ids=["named", "not-named"]
)
def test_an_attempt_that_stays_lost_is_tried_again_if_the_policy_says_so(
    on: tuple[str, ...], is_tried_again: bool
) -> None:
    machine = timed(replace(STEADY, on=on))
    stack = launched(machine)

    events = [(float(number), lost(stack)) for number in range(RESENDS + 1)]
    ended = play(machine, stack, *events).stack

    assert bool(the(ended).retry_at) == is_tried_again


def test_the_next_attempt_of_a_lost_one_may_get_lost_as_often() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    events = [(float(number), lost(stack)) for number in range(RESENDS + 1)]

    again = play(machine, stack, *events, (60, timer())).stack

    assert (the(again).attempt, the(again).resent) == (2, 0)
    assert asked(play(machine, again, (99, lost(again)))) == [("net", 2)]


def test_an_answer_of_an_attempt_that_was_sent_again_counts() -> None:
    machine = timed()
    stack = launched(machine)

    taken = play(machine, stack, (1, lost(stack)), (2, a_completion("net", the(stack).token)))

    assert (taken.verdict, statuses(taken.stack)["net"]) == (Verdict.APPLIED, "SATISFIED")


@pytest.mark.parametrize("token", ["of-nobody", "of-an-earlier-attempt"])
def test_an_attempt_that_is_not_the_current_one_is_not_lost(token: str) -> None:
    machine = timed()
    first = launched(machine)
    stack = play(machine, first, (1, an_event(RETRY_PENDING_TASKS))).stack
    said = the(first).token if token == "of-an-earlier-attempt" else token

    taken = play(machine, stack, (2, timer(lost=(said,))))

    assert (taken.verdict, taken.effects) == (Verdict.NOTHING_DUE, ())


def test_an_attempt_that_is_lost_when_its_time_is_over_has_timed_out() -> None:
    machine = timed(timeout=90)
    stack = launched(machine)

    taken = play(machine, stack, (90, lost(stack)))

    assert the(taken.stack).error_message == "No answer within 90 s."
    assert taken.effects == ()


# ---- cancelling


def test_cancelling_gives_up_what_is_pending_and_what_waits_for_another_attempt() -> None:
    machine = timed(STEADY, timeout=90)
    stack = launched(machine)
    failed = play(machine, stack, (0, failure(stack))).stack

    taken = play(machine, failed, (1, an_event(CANCEL_TASKS, metadata={"by": "me"})))

    assert statuses(taken.stack) == {"net": "ERROR", "db": "ERROR"}
    assert all(str(task.error_message).startswith(CANCELLED) for task in taken.stack.tasks)
    assert (taken.stack.state, taken.stack.metadata) == ("PROVISION", {"by": "me"})
    assert (taken.effects, taken.wakes, taken.stack.timers) == ((), (), frozenset())


def test_cancelling_leaves_alone_what_was_done_or_had_failed_for_good() -> None:
    machine = timed()
    stack = launched(machine)
    stack = play(machine, stack, (0, failure(stack, description="no disk"))).stack
    stack = play(machine, stack, (1, a_completion("db", the(stack, "db").token))).stack

    cancelled = play(machine, stack, (2, an_event(CANCEL_TASKS))).stack

    assert cancelled.tasks == stack.tasks


def test_a_cancelled_task_is_not_tried_again_by_itself() -> None:
    machine = timed(STEADY, timeout=90)
    stack = launched(machine)
    cancelled = play(machine, stack, (1, an_event(CANCEL_TASKS))).stack

    later = play(machine, cancelled, (90, timer(90)))

    assert (later.verdict, later.stack) == (Verdict.NOTHING_DUE, cancelled)


@pytest.mark.parametrize("answer", [a_completion, a_failure], ids=["completed", "failed"])
@pytest.mark.parametrize("before", ["pending", "failed"])
def test_an_answer_of_a_cancelled_attempt_is_late(answer: Any, before: str) -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    found = play(machine, stack, (0, failure(stack))).stack if before == "failed" else stack
    cancelled = play(machine, found, (1, an_event(CANCEL_TASKS))).stack

    taken = play(machine, cancelled, (2, answer("net", the(stack).token)))

    assert taken.verdict is Verdict.LATE
    assert taken.stack.tasks == cancelled.tasks


def test_a_cancelled_attempt_is_no_longer_worked_on() -> None:
    machine = timed()
    stack = launched(machine)

    cancelled = play(machine, stack, (1, an_event(CANCEL_TASKS))).stack

    assert not cancelled.is_attempt_current("net", the(stack).token)
    assert not cancelled.is_attempt_current("net", the(cancelled).token)


def test_a_cancelled_task_is_asked_for_again_by_hand() -> None:
    machine = timed(STEADY)
    stack = launched(machine)
    cancelled = play(machine, stack, (1, an_event(CANCEL_TASKS))).stack

    again = play(machine, cancelled, (2, an_event(RETRY_FAILED_TASKS)))

    assert asked(again) == [("net", 2), ("db", 2)]
    tokens = {task.token for found in (stack, cancelled, again.stack) for task in found.tasks}
    assert len(tokens) == 6


def test_a_redelivered_launch_is_not_owed_the_attempts_that_were_cancelled() -> None:
    machine = timed(timeout=90)
    launch = an_event("LAUNCH")
    stack = play(machine, a_stack("INIT"), (0, launch)).stack
    cancelled = play(machine, stack, (1, an_event(CANCEL_TASKS))).stack

    again = play(machine, cancelled, (2, launch))

    assert (again.verdict, again.effects, again.wakes) == (Verdict.DUPLICATE, (), ())
    assert event_mark(launch.id) not in {task.asked_by for task in cancelled.tasks}


def test_with_nothing_to_cancel_the_event_is_taken_and_does_nothing() -> None:
    machine = timed()

    taken = play(machine, a_stack("RUN"), (0, an_event(CANCEL_TASKS)))

    assert (taken.verdict, taken.stack.tasks) == (Verdict.APPLIED, ())
