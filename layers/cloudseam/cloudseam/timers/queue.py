"""Timers that a queue carries as delayed messages."""

from collections.abc import Mapping, Sequence

from cloudseam.clock import Clock
from cloudseam.messages import timer_message
from cloudseam.queues import OutgoingMessage, Queue
from cloudseam.timers import Timer

# SQS delays a message for 15 minutes at most (API reference, SendMessage).
LONGEST_DELAY = 900


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
                OutgoingMessage(
                    timer_message(timer.stack_id, timer.at),
                    delay=delay(timer.at, now),
                    stack_id=timer.stack_id,
                    machine=timer.machine,
                )
                for timer in timers
            ]
        )


def delay(at: int, now: int) -> int:
    """Seconds that a queue has to hold the message, rounded up, at most 15 minutes."""
    return max(0, min(LONGEST_DELAY, -(-(at - now) // 1000)))
