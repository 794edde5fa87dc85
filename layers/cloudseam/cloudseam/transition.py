"""A stack's way from one state into another, and the notice that tells others of it."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Transition:
    """One transition of a stack.

    `by` is the mark of the event that made it: the notice is owed to that event's delivery, so a
    redelivery of the event has it sent again. `event` is that event's name, `at` the time of the
    transition in epoch milliseconds, `epoch` the stack's after it.
    """

    by: str
    at: int
    event: str
    machine: str
    origin: str
    target: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Says that a stack has made a transition. Holds no metadata value."""

    stack_id: str
    event_id: str
    transition: Transition

    @property
    def id(self) -> str:
        """The same, in 32 characters, each time that it is told of this transition."""
        told = f"{self.transition.epoch}/{self.transition.by}/{self.stack_id}"
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
