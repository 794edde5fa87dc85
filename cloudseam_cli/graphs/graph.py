"""A machine as states and the transitions between them, whatever it is drawn with."""

from collections.abc import Iterator
from dataclasses import dataclass

from cloudseam.errors import CloudSeamError
from cloudseam.event import NEXT
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.languages.python_actions import definition as actions
from cloudseam.languages.python_actions.machine import ActionsMachine
from cloudseam.machine import Machine
from cloudseam.stack import INITIAL_STATE

NEXT_LEGEND = "NEXT: fires when all tasks of the state are satisfied"
LOCAL_LEGEND = "dashed: made in the same invocation"
# Between what happens and what is run then, as UML writes it.
RUNS = " / "


@dataclass(frozen=True, slots=True)
class GraphTask:
    """A task of a state, and what runs it."""

    name: str
    executor: str


@dataclass(frozen=True, slots=True)
class GraphState:
    """A state. `no_ops` are the events that it takes without going anywhere.

    `actions` say what is run on entry, inside and on exit, as `do / orders.Ship`.
    """

    name: str
    tasks: tuple[GraphTask, ...] = ()
    no_ops: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    is_initial: bool = False
    is_terminal: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """From one state to another on any of some events; or by itself, on NEXT.

    An event has the action with it that is run on the way, as `done / orders.Pack`. `is_local`: it
    is made in the invocation that the event came from. `is_caught`: it is made on an error.
    """

    source: str
    target: str
    events: tuple[str, ...]
    is_local: bool = False
    is_caught: bool = False

    @property
    def is_next(self) -> bool:
        """Whether it follows the last task of the source, rather than an event from outside."""
        return self.events == (NEXT,)

    @property
    def is_dashed(self) -> bool:
        """Whether it is not the way that things go by what happens outside."""
        return self.is_next or self.is_local or self.is_caught


@dataclass(frozen=True, slots=True)
class Graph:
    """States and transitions in the order of the file."""

    name: str
    states: tuple[GraphState, ...]
    transitions: tuple[Transition, ...]
    legend: str = NEXT_LEGEND


class NotDrawableError(CloudSeamError):
    """Machines of this language cannot be drawn."""


def graph_of(machine: Machine) -> Graph:
    """The graph of a machine.

    Raises:
        NotDrawableError: it is written in a language that has no drawing yet.
    """
    if isinstance(machine, ActionsMachine):
        return _actions_graph(machine)
    if isinstance(machine, AslMachine):
        # It is made of what is defined here.
        from cloudseam_cli.graphs.asl_graph import asl_graph

        return asl_graph(machine)
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


def _actions_graph(machine: ActionsMachine) -> Graph:
    states = machine.definition.states.values()
    return Graph(
        machine.name,
        tuple(_actions_state(state) for state in states),
        tuple(each for state in states for each in _actions_transitions(state)),
        LOCAL_LEGEND,
    )


def _actions_state(state: actions.State) -> GraphState:
    slots = {"entry": state.entry_action, "do": state.do_action, "exit": state.exit_action}
    return GraphState(
        state.name,
        actions=tuple(f"{slot}{RUNS}{action}" for slot, action in slots.items() if action),
        is_initial=state.initial,
        is_terminal=state.final,
    )


def _actions_transitions(state: actions.State) -> Iterator[Transition]:
    """One for each target, with its events; those of the same invocation are one of their own."""
    labels: dict[tuple[str, bool], list[str]] = {}
    for each in state.on.values():
        label = f"{each.event}{RUNS}{each.action}" if each.action else each.event
        labels.setdefault((each.target, each.local), []).append(label)
    for (target, is_local), events in labels.items():
        yield Transition(state.name, target, tuple(events), is_local)
