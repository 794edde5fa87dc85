"""What the engine needs to know of a machine, whatever language it is written in."""

from collections.abc import Mapping
from typing import Protocol

from cloudseam.errors import StackTooLargeError
from cloudseam.event import Event
from cloudseam.given import Given
from cloudseam.stack import Stack
from cloudseam.task_spec import TaskSpec


class Machine(Protocol):
    """A machine of any language: a name, a digest of its definition, and pure rules."""

    @property
    def name(self) -> str:
        """The name that events call it by."""

    @property
    def digest(self) -> str:
        """Equal for equal definitions only."""

    @property
    def source(self) -> str:
        """A text that the same machine can be loaded from again."""

    @property
    def dead_letters_failures(self) -> bool:
        """Whether a task that is not tried again by itself leaves a dead letter, too."""

    @property
    def keeps_its_stacks(self) -> bool:
        """Whether a stack stays on its version also where others follow the file."""

    def react(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after an event that is new to it.

        Raises:
            CloudSeamError: the event cannot be applied; the stack stays as it was.
        """

    def outgrown(
        self, stack: Stack, after: Stack, event: Event, given: Given, refusal: StackTooLargeError
    ) -> Stack:
        """The stack after an event that made `after` of it, which the store refused as too large.

        Raises:
            StackTooLargeError: the event is refused; the stack stays as it was.
        """

    def adopt(self, stack: Stack, states: Mapping[str, str]) -> Stack:
        """The stack of another version of this machine, as one of this version.

        `states` tells the new name of a state that was renamed.

        Raises:
            MigrationRefusedError: this version has no place for the stack; the message says why.
        """

    def task(self, stack: Stack, name: str) -> TaskSpec:
        """What a task of the stack's current state is to do.

        Raises:
            StateNotInMachineError: the machine no longer has the task.
        """
