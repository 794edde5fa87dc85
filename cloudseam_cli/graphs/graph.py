"""A machine as states and the transitions between them, whatever it is drawn with."""

from collections.abc import Iterator
from dataclasses import dataclass

from cloudseam.errors import CloudSeamError
from cloudseam.event import NEXT
from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.machine import Machine
from cloudseam.stack import INITIAL_STATE


@dataclass(frozen=True, slots=True)
class GraphTask:
    """A task of a state, and what runs it."""

    name: str
    executor: str


@dataclass(frozen=True, slots=True)
class GraphState:
    """A state. `no_ops` are the events that it takes without going anywhere."""

    name: str
    tasks: tuple[GraphTask, ...] = ()
    no_ops: tuple[str, ...] = ()
    is_initial: bool = False
    is_terminal: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """From one state to another on any of some events; or by itself, on NEXT."""

    source: str
    target: str
    events: tuple[str, ...]

    @property
    def is_next(self) -> bool:
        """Whether it follows the last task of the source, rather than an event from outside."""
        return self.events == (NEXT,)


@dataclass(frozen=True, slots=True)
class Graph:
    """States and transitions in the order of the file."""

    name: str
    states: tuple[GraphState, ...]
    transitions: tuple[Transition, ...]


class NotDrawableError(CloudSeamError):
    """Machines of this language cannot be drawn."""


def graph_of(machine: Machine) -> Graph:
    """The graph of a machine.

    Raises:
        NotDrawableError: it is written in a language that has no drawing yet.
    """
    if not isinstance(machine, StatesMachine):
        raise NotDrawableError(machine=machine.name)
    definition = machine.definition
    return Graph(
        machine.name,
        tuple(_state(state, definition) for state in definition.states.values()),
        tuple(each for state in definition.states.values() for each in _transitions(state)),
    )


def _state(state: State, definition: Definition) -> GraphState:
    return GraphState(
        state.name,
        tuple(GraphTask(name, definition.tasks[name].executor) for name in state.tasks),
        tuple(event for event, handler in state.on.items() if handler.advance_to is None),
        is_initial=state.name == INITIAL_STATE,
        is_terminal=state.terminal,
    )


def _transitions(state: State) -> Iterator[Transition]:
    """One for each target, with its events; NEXT is always one of its own."""
    events: dict[tuple[str, bool], list[str]] = {}
    for event, handler in state.on.items():
        if handler.advance_to is not None:
            events.setdefault((handler.advance_to, event == NEXT), []).append(event)
    for (target, _), names in events.items():
        yield Transition(state.name, target, tuple(names))
