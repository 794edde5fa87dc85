"""Whether stacks fit another version of their machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloudseam.machine import Machine
    from cloudseam.stack import Stack


@dataclass(frozen=True, slots=True)
class Move:
    """A stack with the state it would be in after the move, or why it cannot be moved."""

    stack: Stack
    state: str = ""
    why: str = ""

    @property
    def fits(self) -> bool:
        """Whether the stack can be moved."""
        return not self.why

    def view(self) -> dict[str, Any]:
        """The move as JSON."""
        return {
            "stack": self.stack.id,
            "state": self.stack.state,
            "version": self.stack.machine_digest or None,
            "moves": self.fits,
            "newState": self.state or None,
            "reason": self.why or None,
        }

    def row(self) -> tuple[str, str, str, str]:
        """The move as a row: stack, state, version and what would come of it."""
        from cloudseam_cli.show import short_version

        renamed = f", to state {self.state}" if self.state != self.stack.state else ""
        told = f"moves{renamed}" if self.fits else self.why
        return self.stack.id, self.stack.state, short_version(self.stack.machine_digest), told


HEADINGS = ("STACK", "STATE", "VERSION", "MOVE")


def moves(stacks: Iterable[Stack], machine: Machine, states: Mapping[str, str]) -> list[Move]:
    """The move of each stack that is on another version; `states` tells new names of states.

    A stack without a version follows the machine's file anyway: it is among them if it does not
    fit.
    """
    tried = (
        (stack, _move(stack, machine, states))
        for stack in stacks
        if stack.machine_digest != machine.digest
    )
    return [move for stack, move in tried if stack.machine_digest or not move.fits]


def _move(stack: Stack, machine: Machine, states: Mapping[str, str]) -> Move:
    from cloudseam.errors import MigrationRefusedError

    try:
        return Move(stack, state=machine.adopt(stack, states).state)
    except MigrationRefusedError as error:
        # The table names stack and state already.
        return Move(stack, why=str(error).partition("cannot be moved: ")[2] or str(error))
