"""One event, one step: whom it is for, whether it is new, and what is owed because of it.

Pure: all it needs is given as values, and what should happen next is returned as values.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from cloudseam.errors import MachineMismatchError, StackNotFoundError
from cloudseam.event import Event
from cloudseam.given import Given
from cloudseam.machine import Machine, TaskSpec
from cloudseam.stack import Stack, TaskStatus, event_mark


class Verdict(StrEnum):
    """What became of an event that was taken."""

    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    LATE = "LATE"


@dataclass(frozen=True, slots=True)
class RunTask:
    """An effect: have this attempt of a task run."""

    task: TaskSpec
    token: str
    epoch: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Step:
    """Outcome of one event: the stack, and the task messages owed to this event's delivery."""

    stack: Stack
    verdict: Verdict
    effects: tuple[RunTask, ...] = ()


def admit(stored: Stack | None, event: Event, now: int) -> Stack | Verdict:
    """The stack an event is for, new if need be; or a verdict when there is nothing to step.

    An answer never creates a stack, nor does a retry; a late duplicate never brings one back.

    Raises:
        StackNotFoundError: the event needs a stack that exists, or names no machine for a new one.
    """
    if stored is not None and not stored.is_removed:
        return stored
    if stored is not None and stored.has_applied(event.id):
        return Verdict.DUPLICATE
    if event.is_answer:
        return Verdict.LATE
    if event.is_retry or event.machine is None:
        fix = "" if event.is_retry else " Name a `machine` to start a new one."
        raise StackNotFoundError(
            f"There is no stack '{event.stack_id}' for event '{event.name}'.{fix}",
            stack_id=event.stack_id,
            event=event.name,
        )
    return Stack.new(event.stack_id, event.machine, now, after=stored)


def step(machine: Machine, stack: Stack, event: Event, given: Given) -> Step:
    """What one event makes of a stack.

    Raises:
        CloudSeamError: the event cannot be applied; nothing has changed.
    """
    if stack.has_applied(event.id):
        return Step(stack, Verdict.DUPLICATE, _owed(machine, stack, event))
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
    if after is stack and event.is_answer:
        late = stack if _is_fenced(event) else stack.with_applied(event.id)
        return Step(late, Verdict.LATE, _owed(machine, stack, event))
    after = replace(after, updated_at=given.now, machine_digest=machine.digest)
    if not _is_fenced(event):
        after = after.with_applied(event.id)
    return Step(after, Verdict.APPLIED, _owed(machine, after, event))


def _is_fenced(event: Event) -> bool:
    """Whether a duplicate is known by its token, so that its id need not be remembered."""
    return event.answer is not None and bool(event.answer.token)


def _owed(machine: Machine, stack: Stack, event: Event) -> tuple[RunTask, ...]:
    """The attempts that this event asked for and that have not been answered yet."""
    mark = event_mark(event.id)
    return tuple(
        RunTask(machine.task(stack, task.name), task.token, stack.epoch, task.attempt)
        for task in stack.tasks
        if task.status is TaskStatus.PENDING and task.asked_by == mark
    )
