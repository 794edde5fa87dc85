"""Port: durable timers, which make TIMER_DUE come to a stack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Timer:
    """TIMER_DUE for a stack at a moment in epoch milliseconds, which make it this timer.

    `machine` is the stack's, where that is known.
    """

    stack_id: str
    at: int
    machine: str = field(default="", compare=False)


class Timers(Protocol):
    """Sets timers. One that is set twice may come twice, which has no effect."""

    def set(self, timers: Sequence[Timer]) -> Mapping[int, Exception]:
        """Sets all it can, and says by position which it could not set, and why."""


class NoTimers:
    """See `Timers`. Where the event queue is not known: what is due is left to the sweep."""

    def set(self, timers: Sequence[Timer]) -> Mapping[int, Exception]:
        """See `Timers.set`."""
        return {}
