"""What the task satisfier is told of one invocation: which actions to run, and on what."""

from collections.abc import Mapping
from typing import Any

from cloudseam.event import Json
from cloudseam.languages.python_actions.definition import Definition, State, Transition
from cloudseam.stack import Stack, Task

# Room for attempts in a fence token, so that it grows with each of them and with each epoch.
ATTEMPTS_OF_EPOCH = 1_000_000
# What of the memory goes along as it is.
PASSED_ON = ("from", "steps", "startedAt", "context", "stored", "given", "drop")


def invocation(definition: Definition, stack: Stack, task: Task) -> dict[str, Json]:
    """The input of the stack's task, for the attempt that it is in.

    Absent is what is empty: `to` where only the exit action of a final state is left to run.
    `states` are the target and all that local transitions lead to from it.
    """
    source = definition.states.get(_source(stack.memory))
    told: dict[str, Any] = {
        "retries": task.attempt - task.first,
        "maxRetries": definition.max_retries,
        "fence": stack.epoch * ATTEMPTS_OF_EPOCH + task.attempt,
    }
    told |= {name: stack.memory[name] for name in PASSED_ON if name in stack.memory}
    if source is not None and source.exit_action:
        told["exit"] = source.exit_action
    if "ending" in stack.memory:
        return told
    taken = source.on.get(_event(stack.memory)) if source is not None else None
    if taken is not None and taken.action:
        told["transition"] = taken.action
    told["to"] = stack.state
    told["states"] = {
        name: _state(definition.states[name]) for name in _reached(definition, stack.state)
    }
    return told


def _reached(definition: Definition, name: str) -> list[str]:
    """The state, and all that local transitions lead to from it, in the order they are found."""
    found = [name]
    for reached in found:  # it grows meanwhile
        for transition in definition.states[reached].on.values():
            if transition.local and transition.target not in found:
                found.append(transition.target)
    return found


def _state(state: State) -> dict[str, Json]:
    told: dict[str, Json] = {
        "entry": state.entry_action,
        "do": state.do_action,
        "exit": state.exit_action,
        "final": state.final or None,
    }
    on: dict[str, Json] = {event: _transition(taken) for event, taken in state.on.items()}
    return {"on": on, **{name: value for name, value in told.items() if value is not None}}


def _transition(transition: Transition) -> dict[str, Json]:
    if not transition.local:
        return {}
    told: dict[str, Json] = {"to": transition.target, "local": True}
    return told | ({"action": transition.action} if transition.action else {})


def _source(memory: Mapping[str, Any]) -> str:
    return str(_came_from(memory).get("state"))


def _event(memory: Mapping[str, Any]) -> str:
    return str(_came_from(memory).get("event"))


def _came_from(memory: Mapping[str, Any]) -> Mapping[str, Json]:
    came_from = memory.get("from")
    return came_from if isinstance(came_from, dict) else {}
