"""What a machine asks for on each transition, by its file."""

from collections.abc import Iterator
from dataclasses import dataclass

from cloudseam.errors import CloudSeamError
from cloudseam.event import NEXT
from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.languages.cloudseam_v1.flow import reachable
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.machine import Machine
from cloudseam.timers.queue import LONGEST_DELAY


class UncountedError(CloudSeamError):
    """What this machine asks for cannot be told from its file. Say it: --tasks-per-transition."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Tasks and timers on each transition; far timers are more than 15 minutes away."""

    tasks: float
    timers: float
    far_timers: float


def demand_of(machine: Machine) -> Demand:
    """The average over all transitions that events from outside make, each counted alike.

    What follows by NEXT is part of the transition.

    Raises:
        UncountedError: the machine has none, or is written in another language.
    """
    if not isinstance(machine, StatesMachine):
        raise UncountedError(machine=machine.name)
    definition = machine.definition
    visits = [list(_visited(target, definition)) for target in _entered(definition)]
    if not visits:
        raise UncountedError(machine=machine.name)
    states = [state for visited in visits for state in visited]
    waits = [wait for state in states for wait in _timeouts(state, definition)]
    far = sum(wait > LONGEST_DELAY for wait in waits)
    number = len(visits)
    return Demand(
        tasks=sum(len(state.tasks) for state in states) / number,
        timers=(len(waits) - far) / number,
        far_timers=far / number,
    )


def _entered(definition: Definition) -> Iterator[str]:
    """Where each event leads from each state that a stack can come to."""
    reached = reachable(definition)
    for name, state in definition.states.items():
        if name in reached:
            for event, handler in state.on.items():
                if event != NEXT and handler.advance_to is not None:
                    yield handler.advance_to


def _visited(name: str, definition: Definition) -> Iterator[State]:
    """The state that is entered, and those that follow by NEXT, each once."""
    seen: set[str] = set()
    following: str | None = name
    while following is not None and following not in seen:
        seen.add(following)
        state = definition.states[following]
        yield state
        goes_on = state.tasks and NEXT in state.on
        following = state.on[NEXT].advance_to if goes_on else None


def _timeouts(state: State, definition: Definition) -> set[float]:
    """The time-outs of its tasks: tasks that are asked for together share the timer of one."""
    waits = {definition.tasks[task].timeout for task in state.tasks}
    return {wait for wait in waits if wait is not None}
