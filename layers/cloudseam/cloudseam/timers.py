"""Port: durable timers, which make TIMER_DUE come to a stack; and the one that SQS carries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cloudseam.clock import Clock
from cloudseam.messages import timer_message
from cloudseam.queues import OutgoingMessage, Queue

# SQS delays a message for 15 minutes at most (API reference, SendMessage).
LONGEST_DELAY = 900


@dataclass(frozen=True, slots=True)
class Timer:
    """TIMER_DUE for a stack at a moment in epoch milliseconds."""

    stack_id: str
    at: int


class Timers(Protocol):
    """Sets timers. One that is set twice comes twice, which has no effect."""

    def set(self, timers: Sequence[Timer]) -> Mapping[int, Exception]:
        """Sets all it can, and says by position which it could not set, and why."""


class QueueTimers:
    """See `Timers`. Delayed messages on the event queue.

    A timer that is further away than a queue delays comes early: whoever gets it sets it again.
    """

    def __init__(self, events: Queue, clock: Clock) -> None:
        self._events = events
        self._clock = clock

    def set(self, timers: Sequence[Timer]) -> Mapping[int, Exception]:
        """See `Timers.set`."""
        now = self._clock.draw().now
        return self._events.send(
            [
                OutgoingMessage(timer_message(timer.stack_id, timer.at), delay=delay(timer.at, now))
                for timer in timers
            ]
        )


class NoTimers:
    """See `Timers`. Where the event queue is not known: what is due is left to the sweep."""

    def set(self, timers: Sequence[Timer]) -> Mapping[int, Exception]:
        """See `Timers.set`."""
        return {}


def delay(at: int, now: int) -> int:
    """Seconds that a queue has to hold the message, rounded up, at most 15 minutes."""
    return max(0, min(LONGEST_DELAY, -(-(at - now) // 1000)))
