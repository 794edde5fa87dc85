"""A Python-action machine: the rules by which an event changes a stack.

The actions themselves are run by the task satisfier: one task, one invocation, one transition.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from cloudseam.errors import (
    InvalidMessageError,
    MigrationRefusedError,
    StackTooLargeError,
    StateNotInMachineError,
    TransitionNotAllowedError,
)
from cloudseam.event import (
    ANSWERS,
    CANCEL_TASKS,
    MIGRATE_MACHINE,
    START,
    TASK_COMPLETED,
    Answer,
    Event,
    Json,
)
from cloudseam.given import Given
from cloudseam.languages.python_actions.definition import (
    PSEUDO_FINAL,
    PSEUDO_INIT,
    Definition,
    State,
    Transition,
)
from cloudseam.languages.python_actions.invocation import invocation
from cloudseam.languages.task_life import (
    answered_task,
    cancelled,
    failed,
    retried,
    told_failed,
    woken,
)
from cloudseam.stack import Stack, Task, TaskStatus, event_mark
from cloudseam.start import Start
from cloudseam.task_spec import RetryPolicy, TaskSpec

# The one task that a stack on such a machine has: an invocation.
TASK = "actions"
EXECUTOR = "python"
# Before the n-th retry anything up to 2ⁿ seconds, and up to a minute, as aws-lambda-fsm waits.
FIRST_WAIT, LONGEST_WAIT = 2, 60
# As many bytes of JSON as an invocation carries of what an event brings.
MAX_CONTEXT_BYTES = 100_000
# Kinds of failure of an invocation that ended well by itself.
UNKNOWN_EVENT = "UnknownEvent"
INVALID_RESULT = "InvalidResult"


@dataclass(frozen=True, slots=True)
class ActionsMachine:
    """A machine of states with actions; see `cloudseam.machine.Machine`.

    What it keeps in `Stack.memory`: the `context`, or where it is `stored`; the transition that it
    is in, as `from`; `steps` made; `startedAt`; `delay` of each transition in seconds; what an
    event from outside has `given`; a stored context to `drop`; and whether it is `ending`.
    """

    name: str
    digest: str
    definition: Definition
    source: str = ""

    @property
    def dead_letters_failures(self) -> bool:
        """A machine whose retries are used up is never silent."""
        return True

    @property
    def keeps_its_stacks(self) -> bool:
        """It can be moved, in any state that both versions have."""
        return False

    def react(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after one event that is new to it. A late answer leaves it as it was."""
        if event.name == START:
            return stack if stack.memory else self._started(stack, event, given)
        if not stack.memory:
            raise TransitionNotAllowedError(
                f"Stack '{stack.id}' has not been started. Send START first.",
                **_place(stack, event),
            )
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
        return self._told(stack, event, given)

    def outgrown(
        self, stack: Stack, after: Stack, event: Event, given: Given, refusal: StackTooLargeError
    ) -> Stack:
        """See `cloudseam.machine.Machine.outgrown`. A stack is never made smaller by itself."""
        raise refusal

    def adopt(self, stack: Stack, states: Mapping[str, str]) -> Stack:
        """See `cloudseam.machine.Machine.adopt`. The states that it still needs must be there."""
        memory = dict(stack.memory)
        came_from = dict(_object(memory.get("from")))
        names = {stack.state, *([came_from["state"]] if "state" in came_from else [])}
        for name in names - {PSEUDO_INIT}:
            if states.get(name, name) not in self.definition.states:
                raise MigrationRefusedError(
                    f"Stack '{stack.id}' in state '{stack.state}' cannot be moved: machine "
                    f"'{self.name}' has no state '{states.get(name, name)}' now.",
                    **_place(stack),
                )
        if came_from:
            came_from["state"] = states.get(came_from["state"], came_from["state"])
            memory["from"] = came_from
        return replace(stack, state=states.get(stack.state, stack.state), memory=memory)

    def task(self, stack: Stack, name: str) -> TaskSpec:
        """See `cloudseam.machine.Machine.task`: the invocation that the stack is in."""
        task = stack.task(name) or Task(name)
        return replace(self._spec(), input=invocation(self.definition, stack, task))

    def _spec(self) -> TaskSpec:
        retries = self.definition.max_retries
        policy = RetryPolicy(retries + 1, FIRST_WAIT, 2, LONGEST_WAIT, least=0)
        return TaskSpec(TASK, EXECUTOR, {}, self.definition.timeout, policy)

    def _state(self, stack: Stack) -> State:
        state = self.definition.states.get(stack.state)
        if state is None:
            raise StateNotInMachineError(
                f"Stack '{stack.id}' is in state '{stack.state}', which machine '{self.name}' no "
                "longer has. Put the state back into the machine's file.",
                **_place(stack),
            )
        return state

    def _started(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack on its way into the initial state, or resumed where START says."""
        told = event.payload
        memory: dict[str, Any] = {"steps": 0, "startedAt": given.now}
        if told.get("additionalDelaySeconds"):
            memory["delay"] = told["additionalDelaySeconds"]
        if "stored" in told:
            memory["stored"] = told["stored"]
        else:
            memory["context"] = dict(_context(stack, event, told.get("context", told.get("input"))))
        stack = replace(stack.with_metadata(event.metadata), memory=memory)
        state = str(told.get("state", PSEUDO_INIT))
        name = str(told.get("currentEvent", PSEUDO_INIT))
        if state == PSEUDO_INIT:
            state, name = self.definition.initial.name, PSEUDO_INIT
        if state not in self.definition.states:
            known = ", ".join(self.definition.states)
            raise TransitionNotAllowedError(
                f"Stack '{stack.id}' cannot be resumed in state '{state}', which machine "
                f"'{self.name}' does not have. It has: {known}.",
                **_place(stack, event),
            )
        if name == PSEUDO_INIT:
            return self._entering(stack, Transition(PSEUDO_INIT, state), event, given, PSEUDO_INIT)
        stack = replace(stack, state=state)
        if name == PSEUDO_FINAL and self.definition.states[state].final:
            return self._leaving(stack, event, given)
        return self._entering(stack, self._transition(stack, name, event), event, given, state)

    def _told(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after an event from outside: one that is parked, or was given up, moves."""
        task = stack.task(TASK)
        if task is not None and task.status is not TaskStatus.SATISFIED and not task.is_given_up:
            raise TransitionNotAllowedError(
                f"Stack '{stack.id}' is in the middle of a transition to state '{stack.state}'; "
                f"event '{event.name}' has to wait for its end.",
                **_place(stack, event),
            )
        transition = self._transition(stack, event.name, event)
        if "context" in event.payload:
            brought = dict(_context(stack, event, event.payload["context"]))
            # Of a transition that was given up what came with it is still to be merged.
            brought = {**_object(stack.memory.get("given")), **brought}
            stack = replace(stack, memory={**stack.memory, "given": brought})
        stack = stack.with_metadata(event.metadata)
        return self._entering(stack, transition, event, given, stack.state)

    def _transition(self, stack: Stack, name: str, event: Event) -> Transition:
        state = self._state(stack)
        transition = state.on.get(name)
        if transition is None:
            known = ", ".join(state.on)
            raise TransitionNotAllowedError(
                f"Event '{name}' is not available on stack '{stack.id}' while in state "
                f"'{stack.state}'. "
                + (f"Available there: {known}." if known else "No event is available there."),
                **_place(stack, event),
            )
        return transition

    def _entering(
        self,
        stack: Stack,
        transition: Transition,
        event: Event,
        given: Given,
        source: str,
        *,
        delay: float = 0,
    ) -> Stack:
        """The stack in the target, with the invocation asked for, now or after `delay` seconds."""
        memory = {**stack.memory, "from": {"state": source, "event": transition.event}}
        stack = replace(stack, memory=memory)
        stack = stack.entering(transition.target, [self._spec()], event.id, given)
        return self._delayed(stack, delay, given)

    def _leaving(self, stack: Stack, event: Event, given: Given, delay: float = 0) -> Stack:
        """The stack in its final state, with the exit action of that asked for."""
        came_from: Json = {"state": stack.state, "event": PSEUDO_FINAL}
        stack = replace(stack, memory={**stack.memory, "from": came_from, "ending": True})
        stack = stack.entering(stack.state, [self._spec()], event.id, given)
        return self._delayed(stack, delay, given)

    def _delayed(self, stack: Stack, delay: float, given: Given) -> Stack:
        if not delay:
            return stack
        (task,) = stack.tasks
        return stack.putting_off(task, given.now + round(1000 * delay))

    def _answered(self, stack: Stack, event: Event, answer: Answer, given: Given) -> Stack:
        task = answered_task(stack, event, answer)
        if task is None or task.status in (TaskStatus.SATISFIED, TaskStatus.WAITING):
            return stack  # too late: of an earlier attempt or invocation, or after the success
        if event.name != TASK_COMPLETED:
            after = told_failed(stack, task, event, answer, given, self.task)
            return after if after is stack else self._later(after)
        try:
            result = _Result.of(answer.result or {})
            state = self.definition.states[result.state or stack.state]
        except (KeyError, TypeError, ValueError) as error:
            cause = f"The answer of the invocation cannot be used: {error}."
            return self._failed(stack, task, INVALID_RESULT, cause, event, given)
        if result.event is not None and not state.final and result.event not in state.on:
            cause = (
                f"Action '{state.do_action}' returned event '{result.event}', which state "
                f"'{state.name}' does not have. It has: {', '.join(state.on) or 'none'}."
            )
            return self._failed(stack, task, UNKNOWN_EVENT, cause, event, given)
        return self._completed(stack, task, state, result, event, given)

    def _completed(
        self,
        stack: Stack,
        task: Task,
        state: State,
        result: "_Result",
        event: Event,
        given: Given,
    ) -> Stack:
        """The stack after an invocation that ended well, on its way if that gave an event."""
        done = replace(task, status=TaskStatus.SATISFIED, error_message=None, retry_at=0)
        mark = event_mark(event.id)
        ending = "ending" in stack.memory
        stack = replace(
            stack.with_task(done),
            state=state.name,
            memory=_remembered(stack.memory, result),
            # This answer tells that the STARTs before it were sent.
            starts=tuple(Start(_start_body(told), mark) for told in result.starts),
        )
        delay = result.delay + float(stack.memory.get("delay", 0))
        if state.final:
            if not ending and state.exit_action and self.definition.final_exit:
                return self._leaving(stack, event, given, delay)
            return stack.removed(given.now)
        if result.event is None:
            return stack
        transition = state.on[result.event]
        return self._entering(stack, transition, event, given, state.name, delay=delay)

    def _failed(
        self, stack: Stack, task: Task, error: str, cause: str, event: Event, given: Given
    ) -> Stack:
        if task.status is TaskStatus.ERROR:
            return stack  # told before
        return self._later(failed(stack, task, error, cause, event, given, self.task))

    def _later(self, stack: Stack) -> Stack:
        """The stack with its retry put off by as much as each of its transitions is."""
        delay = round(1000 * float(stack.memory.get("delay", 0)))
        task = stack.task(TASK)
        if not delay or task is None or not task.retry_at:
            return stack
        return stack.with_task(replace(task, retry_at=task.retry_at + delay))


@dataclass(frozen=True, slots=True)
class _Result:
    """What an invocation gave back: where it ended, its event, the context and what is started."""

    state: str | None
    event: str | None
    context: Mapping[str, Any]
    delay: float
    starts: tuple[Mapping[str, Json], ...]

    @classmethod
    def of(cls, told: Mapping[str, Json]) -> Self:
        """The result of an answer.

        Raises:
            TypeError, ValueError: it is none.
        """
        state, name, delay = told.get("state"), told.get("event"), told.get("delay", 0)
        starts = told.get("starts", [])
        if not isinstance(state, str | None) or not isinstance(name, str | None):
            raise TypeError("`state` and `event` have to be texts")
        if isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0:
            raise ValueError("`delay` has to be a number of seconds")
        if not isinstance(starts, list):
            raise TypeError("`starts` has to be a list")
        context = {key: _object(told[key]) for key in ("context", "stored") if key in told}
        return cls(state, name, context, delay, tuple(map(_object, starts)))


def _remembered(memory: Mapping[str, Any], result: _Result) -> dict[str, Any]:
    """The memory after an invocation. A stored context that another takes the place of is dropped
    by the next invocation: until that is asked for, this one may be delivered again."""
    passing = ("from", "given", "drop", "ending")
    kept = {name: value for name, value in memory.items() if name not in passing}
    kept["steps"] = memory.get("steps", 0) + 1
    if not result.context:
        return kept
    former = _object(memory.get("stored") or {})
    kept.pop("context", None)
    kept.pop("stored", None)
    kept |= result.context
    if former and former != kept.get("stored"):
        kept["drop"] = former.get("key")
    return kept


def _start_body(told: Mapping[str, Json]) -> dict[str, Json]:
    """The START that an action asked for. Its id is that of the stack: it is started once."""
    return {**told, "event": START, "eventId": f"start/{told.get('stackId')}"}


def _context(stack: Stack, event: Event, told: Json) -> Mapping[str, Json]:
    """A context as it came from outside; none is an empty one."""
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise InvalidMessageError(
            f"Event '{event.name}' has a `context` that is not an object.", **_place(stack, event)
        )
    size = len(json.dumps(told, separators=(",", ":")))
    if size > MAX_CONTEXT_BYTES:
        raise InvalidMessageError(
            f"Event '{event.name}' has a `context` of {size} bytes as JSON; at most "
            f"{MAX_CONTEXT_BYTES} can be carried. Start machines with larger ones by "
            "`cloudseam.actions.start_state_machine`, which keeps them in a bucket.",
            **_place(stack, event),
        )
    return told


def _object(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("an object is missing")
    return value


def _place(stack: Stack, event: Event | None = None) -> dict[str, str | None]:
    return {
        "stack_id": stack.id,
        "machine": stack.machine,
        "state": stack.state,
        "event": event.name if event else None,
    }
