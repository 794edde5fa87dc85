"""One event, one step: whom it is for, whether it is new, and what is owed because of it.

Pure: all it needs is given as values, and what should happen next is returned as values.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from cloudseam.errors import (
    MachineMismatchError,
    StackNotFoundError,
    StackTooLargeError,
    TaskTokenMissingError,
)
from cloudseam.event import Event
from cloudseam.given import Given
from cloudseam.history import Entry
from cloudseam.machine import Machine
from cloudseam.stack import REMOVED, Stack, Task, TaskStatus, event_mark
from cloudseam.start import Start
from cloudseam.task_spec import TaskSpec
from cloudseam.transition import Transition


class Verdict(StrEnum):
    """What became of an event that was taken."""

    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    LATE = "LATE"
    NOTHING_DUE = "NOTHING_DUE"


@dataclass(frozen=True, slots=True)
class RunTask:
    """An effect: have this attempt of a task run."""

    task: TaskSpec
    token: str
    epoch: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Step:
    """Outcome of one event: the stack, and what is owed to this event's delivery.

    That is the messages of task attempts, TIMER_DUE at the moments `wakes` (epoch ms), STARTs of
    other stacks, which go before the tasks, and a dead letter for each task that was `given_up`.
    `transition` is the one that this event made, if any.
    """

    stack: Stack
    verdict: Verdict
    effects: tuple[RunTask, ...] = ()
    wakes: tuple[int, ...] = ()
    starts: tuple[Start, ...] = ()
    given_up: tuple[Task, ...] = ()
    transition: Transition | None = None


def admit(stored: Stack | None, event: Event, now: int) -> Stack | Verdict | Step:
    """The stack an event is for, new if need be; or what becomes of it when nothing is to step.

    An answer never creates a stack, nor does a repair; a late duplicate never brings one back.

    Raises:
        StackNotFoundError: the event needs a stack that exists, or names no machine for a new one.
    """
    if stored is not None and not stored.is_removed:
        return stored
    if stored is not None and stored.has_applied(event.id):
        return Verdict.DUPLICATE
    if event.is_answer:
        return _too_late(stored, event, now)
    if event.is_timer:
        return Verdict.NOTHING_DUE
    if event.is_repair or event.machine is None:
        fix = "" if event.is_repair else " Name a `machine` to start a new one."
        raise StackNotFoundError(
            f"There is no stack '{event.stack_id}' for event '{event.name}'.{fix}",
            stack_id=event.stack_id,
            event=event.name,
        )
    return Stack.new(event.stack_id, event.machine, now, after=stored)


def _too_late(gone: Stack | None, event: Event, now: int) -> Verdict | Step:
    """An answer for a stack that is gone. One without a token is remembered: a duplicate of it may
    come in the next life, where nothing else would tell that it is of this one."""
    if gone is None:
        return Verdict.LATE
    if _is_fenced(event):
        return Step(gone, Verdict.LATE, starts=_owed_to(gone, event))
    marks = gone.marks_after(event.id, now)
    return Step(_noted(gone, event, Verdict.LATE, now, marks), Verdict.LATE)


def step(
    machine: Machine,
    stack: Stack,
    event: Event,
    given: Given,
    *,
    remembers: bool = False,
    refusal: StackTooLargeError | None = None,
) -> Step:
    """What one event makes of a stack.

    `remembers`: the stack remembers its transition, so that others are told of it at least once.
    `refusal`: why the store could not keep what this event made of the stack before.

    Raises:
        CloudSeamError: the event cannot be applied; nothing has changed.
    """
    if stack.has_applied(event.id):
        return _settled(machine, stack, Verdict.DUPLICATE, event, given.now)
    if event.machine is not None and event.machine != stack.machine:
        raise MachineMismatchError(
            f"Event '{event.name}' names machine '{event.machine}', but stack '{stack.id}' runs "
            f"on '{stack.machine}'. Leave `machine` out, or use another stack id.",
            stack_id=stack.id,
            machine=stack.machine,
            state=stack.state,
            event=event.name,
        )
    after = machine.react(stack, event, given)
    if refusal is not None:
        after = machine.outgrown(stack, after, event, given, refusal)
    if after is stack and event.is_timer:
        return _settled(machine, stack, Verdict.NOTHING_DUE, event, given.now)
    verdict = Verdict.LATE if after is stack and event.is_answer else Verdict.APPLIED
    transition = _transition(stack, after, event, given.now)
    changes: dict[str, Any] = {}
    if transition and remembers:
        changes["transitions"] = stack.transitions_after(transition)
    if verdict is Verdict.APPLIED:
        changes |= {"updated_at": given.now, "machine_digest": machine.digest}
    if not _is_fenced(event):
        changes |= after.marks_after(event.id, given.now)
    after = _noted(after, event, verdict, given.now, changes)
    settled = _settled(machine, after, verdict, event, given.now)
    return replace(settled, transition=transition) if transition else settled


def _transition(before: Stack, after: Stack, event: Event, now: int) -> Transition | None:
    """The transition from one to the other. An entry into the same state is one, too."""
    is_same = after.epoch == before.epoch and after.state == before.state
    if is_same and not after.is_removed:
        return None
    return Transition(
        by=event_mark(event.id),
        at=now,
        event=event.name,
        machine=after.machine,
        origin=before.state,
        target=REMOVED if after.is_removed else after.state,
        epoch=after.epoch,
    )


def refuse_without_token(event: Event) -> None:
    """Refuses an answer that does not say which attempt it is of.

    Raises:
        TaskTokenMissingError: it has no token.
    """
    if event.answer is not None and not event.answer.token:
        raise TaskTokenMissingError(
            f"The answer for task '{event.answer.task}' of stack '{event.stack_id}' has no token. "
            "Echo `task` whole, as the task message has it.",
            stack_id=event.stack_id,
            event=event.name,
        )


def _noted(
    stack: Stack, event: Event, verdict: Verdict, now: int, changes: dict[str, Any]
) -> Stack:
    """The stack with the changes made, and the event in its history: one copy for both."""
    entry = _entry(stack, event, verdict, now)
    if entry is not None:
        changes = changes | {"history": (*stack.history, entry)}
    return replace(stack, **changes) if changes else stack


def _entry(stack: Stack, event: Event, verdict: Verdict, now: int) -> Entry | None:
    """What there is to note; an answer that is told again adds nothing."""
    told = "" if verdict is Verdict.APPLIED else verdict.value
    task = event.answer.task if event.answer else ""
    if told and event.answer and _is_known(stack, event, event.answer.token):
        return None
    state = REMOVED if stack.is_removed else stack.state
    entry = Entry(now, event.name, state, task, told, stack.version + 1)
    last = stack.history[-1] if told and stack.history else None
    return None if last and replace(last, at=now, version=entry.version) == entry else entry


def _is_known(stack: Stack, event: Event, token: str) -> bool:
    """Whether the answer is of a current attempt, or is what led to the current ones."""
    mark = event_mark(event.id)
    return any(task.token == token or task.asked_by == mark for task in stack.tasks)


def _is_fenced(event: Event) -> bool:
    """Whether a duplicate is known without its id: by its token, or by there being nothing due."""
    return event.is_timer or (event.answer is not None and bool(event.answer.token))


def _settled(machine: Machine, stack: Stack, verdict: Verdict, event: Event, now: int) -> Step:
    """The step, with the attempts and timers that this event asked for and that still stand.

    A timer that came before its moment is owed once more: a queue delays for 15 minutes at most.
    """
    asked = [task for task in stack.tasks if task.asked_by == event_mark(event.id)]
    runs = tuple(
        RunTask(machine.task(stack, task.name), task.token, stack.epoch, task.attempt)
        for task in asked
        if task.status is TaskStatus.PENDING
    )
    wakes = {task.timer for task in asked if task.timer}
    if event.at is not None and now < event.at:
        wakes |= {event.at} & stack.timers
    # An answer to a task tells that the STARTs before it were sent; they are forgotten with it.
    starts = stack.starts and (stack.starts if runs else _owed_to(stack, event))
    given_up = [task for task in asked if task.is_given_up] if machine.dead_letters_failures else ()
    return Step(stack, verdict, runs, tuple(sorted(wakes)), starts, tuple(given_up))


def _owed_to(stack: Stack, event: Event) -> tuple[Start, ...]:
    """The STARTs that came of this event."""
    return tuple(start for start in stack.starts if start.owed_to == event_mark(event.id))
