"""The context of a machine: what its actions carry from state to state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an invocation is. `started_at` is in epoch seconds, of the machine's start."""

    name: str
    correlation_id: str
    steps: int = 0
    retries: int = 0
    max_retries: int = 0
    started_at: int = 0
    current_state: str = ""
    current_event: str = ""


class Context(dict[str, Any]):
    """A dict of the machine's own values, which have to be JSON, and what the system knows of it.

    Values that an action puts in are there for those that follow, in later invocations as well.
    Where an invocation fails all that its actions changed is undone.
    """

    def __init__(self, values: Mapping[str, Any], circumstances: Circumstances) -> None:
        super().__init__(values)
        self._circumstances = circumstances

    @property
    def name(self) -> str:
        """The name of the machine."""
        return self._circumstances.name

    @property
    def correlation_id(self) -> str:
        """What the machine was started under: the id of its stack."""
        return self._circumstances.correlation_id

    @property
    def steps(self) -> int:
        """How many invocations came before; the same for all attempts of one."""
        return self._circumstances.steps

    @property
    def retries(self) -> int:
        """How many attempts of this invocation have failed."""
        return self._circumstances.retries

    @property
    def max_retries(self) -> int:
        """How many times an invocation that fails is run again."""
        return self._circumstances.max_retries

    @property
    def started_at(self) -> int:
        """When the machine was started, in epoch seconds."""
        return self._circumstances.started_at

    @property
    def current_state(self) -> str:
        """The state that is left, in exit and transition actions; in others the one entered."""
        return self._circumstances.current_state

    @property
    def current_event(self) -> str:
        """The event that led here; `pseudo_init` at the start."""
        return self._circumstances.current_event

    def user_context(self) -> dict[str, Any]:
        """The values alone."""
        return dict(self)
