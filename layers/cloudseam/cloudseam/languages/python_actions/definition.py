"""A Python-action machine as its file defines it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_RETRIES = 5
# Where an invocation comes from that no state comes before, and the event of its only transition.
PSEUDO_INIT = "pseudo_init"
# The event that runs the exit action of a final state.
PSEUDO_FINAL = "pseudo_final"


@dataclass(frozen=True, slots=True)
class Transition:
    """Where an event leads. `action` is a dotted name, run between the two states' own.

    `local`: it is made in the invocation that the event came from.
    """

    event: str
    target: str
    action: str | None = None
    local: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A state with the dotted names of its actions, and where its events lead."""

    name: str
    initial: bool = False
    final: bool = False
    entry_action: str | None = None
    do_action: str | None = None
    exit_action: str | None = None
    on: Mapping[str, Transition] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """The states of a machine by name, exactly one of them initial.

    An invocation that fails is run `max_retries` more times. `timeout` is in seconds, for each of
    them. `final_exit`: a final state's exit action is run, in an invocation of its own.
    """

    states: Mapping[str, State]
    max_retries: int = MAX_RETRIES
    timeout: float | None = None
    final_exit: bool = True

    @property
    def initial(self) -> State:
        """The state that a machine starts in."""
        return next(state for state in self.states.values() if state.initial)
