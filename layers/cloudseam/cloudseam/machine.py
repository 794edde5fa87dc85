"""What the engine needs to know of a machine, whatever language it is written in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cloudseam.event import Event, Json
from cloudseam.given import Given
from cloudseam.stack import Stack


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What a task is to do: which executor runs it, and with what."""

    name: str
    executor: str
    config: Mapping[str, Json]


class Machine(Protocol):
    """A machine of any language: a name, a digest of its definition, and two pure rules."""

    @property
    def name(self) -> str:
        """The name that events call it by."""

    @property
    def digest(self) -> str:
        """Equal for equal definitions only."""

    def react(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after an event that is new to it.

        Raises:
            CloudSeamError: the event cannot be applied; the stack stays as it was.
        """

    def task(self, stack: Stack, name: str) -> TaskSpec:
        """What a task of the stack's current state is to do.

        Raises:
            StateNotInMachineError: the machine no longer has the task.
        """
