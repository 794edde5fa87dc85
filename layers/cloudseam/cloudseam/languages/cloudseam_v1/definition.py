"""What a CloudSeam v1 file says, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloudseam.task_spec import TaskSpec


@dataclass(frozen=True, slots=True)
class Handler:
    """What a state does on one event: at most one advance; without one it is a no-op."""

    advance_to: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """One state: its tasks in the order they are asked for, and what it does on which event."""

    name: str
    terminal: bool = False
    tasks: tuple[str, ...] = ()
    on: Mapping[str, Handler] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """A validated file: every event, state and task that it names exists in it."""

    events: tuple[str, ...]
    states: Mapping[str, State]
    tasks: Mapping[str, TaskSpec]
