"""A CloudSeam v1 machine: the rules by which an event changes a stack."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace

from cloudseam.errors import (
    EventNotAllowedFromOutsideError,
    MigrationRefusedError,
    StateNotInMachineError,
    TransitionNotAllowedError,
    UnknownTaskError,
)
from cloudseam.event import (
    CANCEL_TASKS,
    CANCELLED,
    LOST,
    MIGRATE_MACHINE,
    NEXT,
    RETRY_FAILED_TASKS,
    TASK_COMPLETED,
    TIMEOUT,
    Answer,
    Event,
)
from cloudseam.given import Given
from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.stack import Stack, Task, TaskStatus, event_mark
from cloudseam.task_spec import TaskSpec

# A task that nobody works on is sent again so often, once in each sweep; then it has failed.
RESENDS = 3


@dataclass(frozen=True, slots=True)
class StatesMachine:
    """A machine of states and events; see `cloudseam.machine.Machine`."""

    name: str
    digest: str
    definition: Definition
    source: str = ""

    def react(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after one event that is new to it. A late answer leaves it as it was."""
        if event.name == MIGRATE_MACHINE:
            return self.adopt(stack, event.states).with_metadata(event.metadata)
        self._state(stack)
        if event.answer is not None:
            return self._answered(stack, event, event.answer, given)
        if event.is_retry:
            return self._retried(stack, event, given)
        if event.name == CANCEL_TASKS:
            return _cancelled(stack, given).with_metadata(event.metadata)
        if event.is_timer:
            return self._woken(stack, event, given)
        if event.name == NEXT:
            raise EventNotAllowedFromOutsideError(
                f"NEXT was sent to stack '{stack.id}' from outside. It fires by itself when the "
                "last task of a state is satisfied; send one of the machine's own events.",
                **_place(stack, event),
            )
        return self._handled(stack.with_metadata(event.metadata), event.name, event, given)

    def adopt(self, stack: Stack, states: Mapping[str, str]) -> Stack:
        """See `cloudseam.machine.Machine.adopt`. What a stack still has to do must be the same."""
        name = states.get(stack.state, stack.state)
        state = self.definition.states.get(name)
        if state is None:
            raise _refused(stack, f"machine '{self.name}' has no state '{name}' now")
        tasks = [task.name for task in stack.tasks]
        if set(tasks) != set(state.tasks):
            raise _refused(
                stack,
                f"it has the tasks {', '.join(tasks) or 'none'}, and state '{name}' now has "
                f"{', '.join(state.tasks) or 'none'}",
            )
        if tasks and stack.is_satisfied and (state.terminal or NEXT in state.on):
            raise _refused(stack, f"its tasks are done, and state '{name}' now goes on after them")
        return replace(stack, state=name)

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
            specs = [self.definition.tasks[task] for task in entered.tasks]
            stack = stack.entering(entered.name, specs, event.id, given)
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
            return self._told_failed(stack, task, event, answer, given)
        done = replace(task, status=TaskStatus.SATISFIED, error_message=None, retry_at=0)
        stack = stack.with_metadata(event.metadata).with_task(done)
        stack = stack.with_outputs(task.name, answer.outputs)
        if stack.is_satisfied and NEXT in self._state(stack).on:
            return self._handled(stack, NEXT, event, given)
        return self._ended(stack, given)

    def _told_failed(
        self, stack: Stack, task: Task, event: Event, answer: Answer, given: Given
    ) -> Stack:
        if task.status is TaskStatus.ERROR:
            again = replace(task, error_message=answer.description)
            if again == task or answer.token:
                return stack  # told before, or of an attempt that has failed already
            return stack.with_metadata(event.metadata).with_task(again)
        stack = stack.with_metadata(event.metadata)
        return self._failed(stack, task, answer.error, answer.description, event, given)

    def _failed(
        self, stack: Stack, task: Task, error: str, cause: str | None, event: Event, given: Given
    ) -> Stack:
        """The stack with a task that failed, and the timer of its next attempt if one follows."""
        policy = self.task(stack, task.name).retry
        tried = task.attempt - task.first + 1
        retry_at = 0
        if policy is not None and policy.applies(error, tried):
            wait = policy.wait_after(tried, given.fraction(f"wait/{task.token}"))
            retry_at = given.now + wait
        return stack.with_task(
            replace(
                task,
                status=TaskStatus.ERROR,
                error_message=cause,
                retry_at=retry_at,
                asked_by=event_mark(event.id),
            )
        )

    def _retried(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack with a new attempt of each task that failed, or of each that is pending."""
        again = TaskStatus.ERROR if event.name == RETRY_FAILED_TASKS else TaskStatus.PENDING
        for task in stack.tasks:
            if task.status is again:
                spec = self.task(stack, task.name)
                stack = stack.asking_again(task, spec, event.id, given, anew=True)
        return stack.with_metadata(event.metadata)

    def _woken(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after all that is due by now; unchanged if nothing is."""
        for task in stack.tasks:
            if task.timer and task.timer <= given.now:
                stack = self._due(stack, task, event, given)
            elif task.status is TaskStatus.PENDING and task.token in event.lost:
                stack = self._lost(stack, task, event, given)
        return stack

    def _due(self, stack: Stack, task: Task, event: Event, given: Given) -> Stack:
        spec = self.task(stack, task.name)
        if task.status is TaskStatus.ERROR:
            return stack.asking_again(task, spec, event.id, given)
        seconds = (task.deadline - task.asked_at) / 1000
        return self._failed(stack, task, TIMEOUT, f"No answer within {seconds:g} s.", event, given)

    def _lost(self, stack: Stack, task: Task, event: Event, given: Given) -> Stack:
        """Has the same attempt sent again, as a duplicate has no effect; in the end it failed."""
        if task.resent < RESENDS:
            mark = event_mark(event.id)
            return stack.with_task(replace(task, resent=task.resent + 1, asked_by=mark))
        cause = f"No answer came, though the task was sent {RESENDS + 1} times."
        return self._failed(stack, task, LOST, cause, event, given)


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


def _cancelled(stack: Stack, given: Given) -> Stack:
    """The stack with every task given up that is pending, or would be tried again.

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


def _refused(stack: Stack, why: str) -> MigrationRefusedError:
    return MigrationRefusedError(
        f"Stack '{stack.id}' in state '{stack.state}' cannot be moved: {why}.", **_place(stack)
    )


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
