"""A CloudSeam v1 machine: the rules by which an event changes a stack."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cloudseam.errors import (
    EventNotAllowedFromOutsideError,
    MigrationRefusedError,
    StackTooLargeError,
    StateNotInMachineError,
    TransitionNotAllowedError,
)
from cloudseam.event import (
    ANSWERS,
    CANCEL_TASKS,
    MIGRATE_MACHINE,
    NEXT,
    TASK_COMPLETED,
    Answer,
    Event,
)
from cloudseam.given import Given
from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.languages.task_life import answered_task, cancelled, retried, told_failed, woken
from cloudseam.stack import Stack, TaskStatus
from cloudseam.task_spec import TaskSpec


@dataclass(frozen=True, slots=True)
class StatesMachine:
    """A machine of states and events; see `cloudseam.machine.Machine`."""

    name: str
    digest: str
    definition: Definition
    source: str = ""

    @property
    def dead_letters_failures(self) -> bool:
        """A failed task is seen in its stack only, as in the original."""
        return False

    @property
    def keeps_its_stacks(self) -> bool:
        """It can be moved, in any state that both versions have."""
        return False

    def react(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after one event that is new to it. A late answer leaves it as it was."""
        if event.name == MIGRATE_MACHINE:
            return self.adopt(stack, event.states).with_metadata(event.metadata)
        self._state(stack)
        if event.name in ANSWERS and event.answer is not None:
            return self._answered(stack, event, event.answer, given)
        if event.is_retry:
            return retried(stack, event, given, self.task)
        if event.name == CANCEL_TASKS:
            return cancelled(stack, given).with_metadata(event.metadata)
        if event.is_timer:
            return woken(stack, event, given, self.task)
        if event.name == NEXT:
            raise EventNotAllowedFromOutsideError(
                f"NEXT was sent to stack '{stack.id}' from outside. It fires by itself when the "
                "last task of a state is satisfied; send one of the machine's own events.",
                **_place(stack, event),
            )
        return self._handled(stack.with_metadata(event.metadata), event.name, event, given)

    def outgrown(
        self, stack: Stack, after: Stack, event: Event, given: Given, refusal: StackTooLargeError
    ) -> Stack:
        """See `cloudseam.machine.Machine.outgrown`. A stack is never made smaller by itself."""
        raise refusal

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
        task = answered_task(stack, event, answer)
        if task is None or task.status is TaskStatus.SATISFIED:
            return stack  # too late: of an earlier attempt or visit, or after the success
        if event.name != TASK_COMPLETED:
            return told_failed(stack, task, event, answer, given, self.task)
        done = replace(task, status=TaskStatus.SATISFIED, error_message=None, retry_at=0)
        stack = stack.with_metadata(event.metadata).with_task(done)
        stack = stack.with_outputs(task.name, answer.outputs)
        if stack.is_satisfied and NEXT in self._state(stack).on:
            return self._handled(stack, NEXT, event, given)
        return self._ended(stack, given)


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
