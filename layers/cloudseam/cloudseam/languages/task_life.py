"""What happens to the tasks of a stack whatever its machine's language: they fail, are tried again,
are put off, given up, lost. Each function gives the stack after it.
"""

import hmac
from collections.abc import Callable
from dataclasses import replace

from cloudseam.errors import UnknownTaskError
from cloudseam.event import (
    CANCELLED,
    LOST,
    RETRY_FAILED_TASKS,
    TIMEOUT,
    Answer,
    Event,
)
from cloudseam.given import Given
from cloudseam.stack import ERROR_MESSAGE_CHARACTERS, Stack, Task, TaskStatus, event_mark
from cloudseam.task_spec import TaskSpec

# A task that nobody works on is sent again so often, once in each sweep; then it has failed.
RESENDS = 3

SpecOf = Callable[[Stack, str], TaskSpec]


def answered_task(stack: Stack, event: Event, answer: Answer) -> Task | None:
    """The task that an answer is of, or None when its attempt is no longer the current one.

    An answer without a token comes from outside and fits any attempt; so does any answer to an
    attempt that was asked for by the original CloudSeam, which gave no tokens.

    Raises:
        UnknownTaskError: it has no token, and the stack's state has no such task.
    """
    task = stack.task(answer.task)
    if task is not None:
        fits = not answer.token or not task.token
        return task if fits or _same(task.token, answer.token) else None
    if answer.token:
        return None
    raise UnknownTaskError(
        f"Stack '{stack.id}' has no task '{answer.task}' in state '{stack.state}'. "
        f"Its tasks are: {', '.join(t.name for t in stack.tasks) or 'none'}.",
        stack_id=stack.id,
        machine=stack.machine,
        state=stack.state,
        event=event.name,
    )


def _same(token: str, claimed: str) -> bool:
    """Compares as bytes: as texts they would have to be ASCII, and a forged one may not be."""
    return hmac.compare_digest(token.encode(), claimed.encode(errors="replace"))


def told_failed(
    stack: Stack, task: Task, event: Event, answer: Answer, given: Given, spec_of: SpecOf
) -> Stack:
    """After an answer that says that the attempt failed. Told again, it changes nothing."""
    if task.status is TaskStatus.ERROR:
        again = replace(task, error_message=_kept(answer.description))
        if again == task or answer.token:
            return stack  # told before, or of an attempt that has failed already
        return stack.with_metadata(event.metadata).with_task(again)
    stack = stack.with_metadata(event.metadata)
    return failed(stack, task, answer.error, answer.description, event, given, spec_of)


def failed(
    stack: Stack,
    task: Task,
    error: str,
    cause: str | None,
    event: Event,
    given: Given,
    spec_of: SpecOf,
) -> Stack:
    """With a task that failed, and the timer of its next attempt if one follows."""
    policy = spec_of(stack, task.name).retry
    tried = task.attempt - task.first + 1
    retry_at = 0
    if policy is not None and policy.applies(error, tried):
        wait = policy.wait_after(tried, given.fraction(f"wait/{task.token}"))
        retry_at = given.now + wait
    return stack.with_task(
        replace(
            task,
            status=TaskStatus.ERROR,
            error_message=_kept(cause),
            retry_at=retry_at,
            asked_by=event_mark(event.id),
        )
    )


def _kept(cause: str | None) -> str | None:
    """The end of a long cause, where tools say what went wrong."""
    if cause is None or len(cause) <= ERROR_MESSAGE_CHARACTERS:
        return cause
    return "…" + cause[1 - ERROR_MESSAGE_CHARACTERS :]


def retried(stack: Stack, event: Event, given: Given, spec_of: SpecOf) -> Stack:
    """With a new attempt of each task that failed, or of each that is pending."""
    again = TaskStatus.ERROR if event.name == RETRY_FAILED_TASKS else TaskStatus.PENDING
    for task in stack.tasks:
        if task.status is again:
            stack = stack.asking_again(task, spec_of(stack, task.name), event.id, given, anew=True)
    return stack.with_metadata(event.metadata)


def woken(stack: Stack, event: Event, given: Given, spec_of: SpecOf) -> Stack:
    """After all that is due by now; unchanged if nothing is."""
    for task in stack.tasks:
        if task.timer and task.timer <= given.now:
            stack = _due(stack, task, event, given, spec_of)
        elif task.status is TaskStatus.PENDING and task.token in event.lost:
            stack = _lost(stack, task, event, given, spec_of)
    return stack


def _due(stack: Stack, task: Task, event: Event, given: Given, spec_of: SpecOf) -> Stack:
    if task.status is not TaskStatus.PENDING:
        anew = task.status is TaskStatus.WAITING
        return stack.asking_again(task, spec_of(stack, task.name), event.id, given, anew=anew)
    seconds = (task.deadline - task.asked_at) / 1000
    cause = f"No answer within {seconds:g} s."
    return failed(stack, task, TIMEOUT, cause, event, given, spec_of)


def _lost(stack: Stack, task: Task, event: Event, given: Given, spec_of: SpecOf) -> Stack:
    """Has the same attempt sent again, as a duplicate has no effect; in the end it failed."""
    if task.resent < RESENDS:
        mark = event_mark(event.id)
        return stack.with_task(replace(task, resent=task.resent + 1, asked_by=mark))
    cause = f"No answer came, though the task was sent {RESENDS + 1} times."
    return failed(stack, task, LOST, cause, event, given, spec_of)


def cancelled(stack: Stack, given: Given) -> Stack:
    """With every task given up that is pending, waits, or would be tried again.

    A new token makes whoever works on the old attempt stop, and its answer too late.
    """
    for task in stack.tasks:
        if task.status is TaskStatus.PENDING or task.retry_at:
            stack = stack.with_task(
                replace(
                    task,
                    status=TaskStatus.ERROR,
                    error_message=f"{CANCELLED}. RETRY_FAILED_TASKS asks for it again.",
                    token=given.token(f"cancelled/{task.token}"),
                    asked_by="",
                    retry_at=0,
                )
            )
    return stack
