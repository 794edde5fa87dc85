"""One invocation of a machine: which actions are due, in order. Runs none itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloudseam.event import Json
from task_satisfier.executors import TaskFailedError

Name = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class On(_Part):
    """Where an event leads. Without `local` that is for the state machine to do."""

    to: Name | None = None
    action: Name | None = None
    local: bool = False


class State(_Part):
    """The actions of a state, by dotted names, and all the events that it knows."""

    entry: Name | None = None
    do: Name | None = None
    exit: Name | None = None
    final: bool = False
    on: Mapping[str, On] = Field(default_factory=dict)


class From(_Part):
    """The state that is left, and by which event."""

    state: Name
    event: Name


class Stored(_Part):
    """Where a large context lies."""

    key: Name
    bytes: int = Field(ge=0)
    sha256: Name


class Invocation(_Part):
    """What the state machine asks for.

    `to` is None where only the exit action is run. `states` has the target and all that local
    transitions lead to from there. `started_at` is in epoch milliseconds.
    """

    source: From = Field(alias="from")
    to: Name | None = None
    exit: Name | None = None
    transition: Name | None = None
    states: Mapping[str, State] = Field(default_factory=dict)
    steps: int = 0
    retries: int = 0
    max_retries: int = Field(default=0, alias="maxRetries")
    started_at: int = Field(default=0, alias="startedAt")
    fence: int = 0
    context: dict[str, Any] = Field(default_factory=dict)
    stored: Stored | None = None
    given: dict[str, Any] = Field(default_factory=dict)
    drop: Name | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """An action that is due. `of` is the state, or the transition, that it belongs to.

    `state` and `event` are the machine's at that moment.
    """

    slot: Literal["exit", "transition", "entry", "do"]
    of: str
    action: str
    state: str
    event: str


@dataclass(frozen=True, slots=True)
class Ending:
    """Where an invocation ended: the state, and the event that is next, if any."""

    state: str | None
    event: str | None


Perform = Callable[[Call], object]


def parse_invocation(given: Mapping[str, Json], task: str) -> Invocation:
    """The invocation that a message holds.

    Raises:
        TaskFailedError: what is wrong with which field.
    """
    try:
        return Invocation.model_validate(dict(given))
    except ValidationError as error:
        places = {
            ".".join(map(str, item["loc"][:1]))
            for item in error.errors(include_input=False, include_url=False)
        }
        raise TaskFailedError(
            f"The input of task '{task}' cannot be read: {', '.join(sorted(places))}."
        ) from None


def run_invocation(invocation: Invocation, perform: Perform) -> Ending:
    """Has due actions performed: exit, transition, entry and do, and on along local transitions.

    `perform` runs an action, and gives what it returned.

    Raises:
        TaskFailedError: an event that is none, or that the state does not know.
    """
    state, event = invocation.source.state, invocation.source.event
    exit_action, to, action = invocation.exit, invocation.to, invocation.transition
    while True:
        if exit_action:
            perform(Call("exit", state, exit_action, state, event))
        if to is None:
            return Ending(None, None)
        if action:
            perform(Call("transition", f"{state}->{to}:{event}", action, state, event))
        entered = _state(invocation, to)
        returned = _entered(entered, to, event, perform)
        if returned is None:
            return Ending(to, None)
        on = entered.on[returned]
        if not on.local:
            return Ending(to, returned)
        state, event = to, returned
        exit_action, to, action = entered.exit, on.to, on.action
        if to is None:
            raise TaskFailedError(f"Local transition '{event}' of state '{state}' has no target.")


def _entered(state: State, name: str, event: str, perform: Perform) -> str | None:
    """The event that follows from entering a state."""
    if state.entry:
        perform(Call("entry", name, state.entry, name, event))
    returned = perform(Call("do", name, state.do, name, event)) if state.do else None
    if state.final or returned is None:
        return None
    if not isinstance(returned, str) or not returned:
        raise TaskFailedError(
            f"Action {state.do} (do of {name}) returned a value of type {type(returned).__name__}"
            f"{' that is empty' if returned == '' else ''}. Return the name of an event, or None.",
            error="InvalidEvent",
        )
    if returned not in state.on:
        known = ", ".join(sorted(state.on)) or "none"
        raise TaskFailedError(
            f"Action {state.do} (do of {name}) returned event '{returned[:80]}', which state "
            f"'{name}' does not know. It knows: {known}.",
            error="UnknownEvent",
        )
    return str(returned)


def _state(invocation: Invocation, name: str) -> State:
    if name not in invocation.states:
        raise TaskFailedError(f"The input says nothing of state '{name}'.")
    return invocation.states[name]
