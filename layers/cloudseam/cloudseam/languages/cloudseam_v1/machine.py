"""A CloudSeam v1 machine: the rules by which an event changes a stack."""

import hmac
from dataclasses import dataclass, replace

from cloudseam.errors import (
    EventNotAllowedFromOutsideError,
    StateNotInMachineError,
    TransitionNotAllowedError,
    UnknownTaskError,
)
from cloudseam.event import NEXT, RETRY_FAILED_TASKS, TASK_COMPLETED, Answer, Event
from cloudseam.given import Given
from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.machine import TaskSpec
from cloudseam.stack import Stack, Task, TaskStatus


@dataclass(frozen=True, slots=True)
class StatesMachine:
    """A machine of states and events; see `cloudseam.machine.Machine`."""

    name: str
    digest: str
    definition: Definition

    def react(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after one event that is new to it. A late answer leaves it as it was."""
        self._state(stack)
        if event.answer is not None:
            return self._answered(stack, event, event.answer, given)
        if event.is_retry:
            return _retried(stack, event, given)
        if event.name == NEXT:
            raise EventNotAllowedFromOutsideError(
                f"NEXT was sent to stack '{stack.id}' from outside. It fires by itself when the "
                "last task of a state is satisfied; send one of the machine's own events.",
                **_place(stack, event),
            )
        return self._handled(stack.with_metadata(event.metadata), event.name, event, given)

    def task(self, stack: Stack, name: str) -> TaskSpec:
        """See `cloudseam.machine.Machine.task`."""
        task = self.definition.tasks.get(name)
        if task is None:
            raise StateNotInMachineError(
                f"Stack '{stack.id}' has task '{name}' to run, which machine '{self.name}' no "
                "longer has. Put the task back into the machine's file.",
                **_place(stack),
            )
        return task

    def _state(self, stack: Stack) -> State:
        state = self.definition.states.get(stack.state)
        if state is None:
            raise StateNotInMachineError(
                f"Stack '{stack.id}' is in state '{stack.state}', which machine '{self.name}' no "
                "longer has. Put the state back into the machine's file.",
                **_place(stack),
            )
        return state

    def _handled(self, stack: Stack, name: str, event: Event, given: Given) -> Stack:
        """The stack after its state's handler for `name`: NEXT, or the event's own name."""
        state = self._state(stack)
        handler = state.on.get(name)
        if handler is None:
            raise TransitionNotAllowedError(
                f"Event '{name}' is not available on stack '{stack.id}' while in state "
                f"'{stack.state}'. {_available(state)}",
                **_place(stack, event),
            )
        if handler.advance_to is not None:
            entered = self.definition.states[handler.advance_to]
            stack = stack.entering(entered.name, entered.tasks, event.id, given)
        return self._ended(stack, given)

    def _ended(self, stack: Stack, given: Given) -> Stack:
        """The stack, removed if its state is terminal and has nothing left to do."""
        ended = self._state(stack).terminal and stack.is_satisfied
        return stack.removed(given.now) if ended else stack

    def _answered(self, stack: Stack, event: Event, answer: Answer, given: Given) -> Stack:
        task = _answered_task(stack, event, answer)
        if task is None or task.status is TaskStatus.SATISFIED:
            return stack  # too late: of an earlier attempt or visit, or after the success
        if event.name != TASK_COMPLETED:
            return _failed(stack, task, event, answer)
        done = replace(task, status=TaskStatus.SATISFIED, error_message=None)
        stack = stack.with_metadata(event.metadata).with_task(done)
        stack = stack.with_outputs(task.name, answer.outputs)
        if stack.is_satisfied and NEXT in self._state(stack).on:
            return self._handled(stack, NEXT, event, given)
        return self._ended(stack, given)


def _answered_task(stack: Stack, event: Event, answer: Answer) -> Task | None:
    """The task that an answer is of, or None when its attempt is no longer the current one.

    An answer without a token comes from outside and fits any attempt; so does any answer to an
    attempt that was asked for by the original CloudSeam, which gave no tokens.
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
        **_place(stack, event),
    )


def _same(token: str, claimed: str) -> bool:
    """Compares as bytes: as texts they would have to be ASCII, and a forged one may not be."""
    return hmac.compare_digest(token.encode(), claimed.encode(errors="replace"))


def _failed(stack: Stack, task: Task, event: Event, answer: Answer) -> Stack:
    failed = replace(task, status=TaskStatus.ERROR, error_message=answer.description)
    if failed == task:
        return stack  # told before
    return stack.with_metadata(event.metadata).with_task(failed)


def _retried(stack: Stack, event: Event, given: Given) -> Stack:
    """The stack with a new attempt of each task that failed, or of each that is pending."""
    again = TaskStatus.ERROR if event.name == RETRY_FAILED_TASKS else TaskStatus.PENDING
    for task in stack.tasks:
        if task.status is again:
            stack = stack.asking_again(task, event.id, given)
    return stack.with_metadata(event.metadata)


def _available(state: State) -> str:
    """What could be sent instead, for a message."""
    events = [name for name in state.on if name != NEXT]
    return f"Available there: {', '.join(events)}." if events else "No event is available there."


def _place(stack: Stack, event: Event | None = None) -> dict[str, str | None]:
    return {
        "stack_id": stack.id,
        "machine": stack.machine,
        "state": stack.state,
        "event": event.name if event else None,
    }
