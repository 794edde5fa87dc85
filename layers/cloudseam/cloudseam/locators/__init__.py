"""Port: where machines are found."""

from collections.abc import Sequence
from typing import Protocol

from cloudseam.machine import Machine


class MachineLocator(Protocol):
    """Finds machines by name. A machine that cannot be used never hides another."""

    def get(self, name: str) -> Machine:
        """The machine as its file says now.

        Raises:
            MachineNotFoundError: no file has it.
            InvalidDefinitionError: its file cannot be used; the message says where and why.
        """

    def names(self) -> Sequence[str]:
        """The names of all machines there are, those with errors included, in order."""


class SnapshotMachineLocator(MachineLocator, Protocol):
    """A locator that outlives a snapshot of its process."""

    def let_go(self) -> None:
        """Gives up connections, and what is known for some time only: the process will stand still.

        What machines were read as is kept; it is looked at again before it is used.
        """
