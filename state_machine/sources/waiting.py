"""Events that have to wait: in their shard for a moment, and on the event queue for longer."""

import json
from collections.abc import Sequence
from dataclasses import replace

from cloudseam.dead_letters import FIRST_WAIT
from cloudseam.errors import ServiceUnavailableError, StackConflictError
from cloudseam.outcome import Fate, Outcome
from cloudseam.queues import OutgoingMessage, Queue

# Not the event's fault: the next one would meet the same, so the shard waits.
OF_SERVICES = (ServiceUnavailableError, StackConflictError)


def is_shards(outcome: Outcome) -> bool:
    """Whether the shard of a stream waits for an event that did not work."""
    return outcome.delivery.in_order or isinstance(outcome.error, OF_SERVICES)


def hand_over(waiting: Sequence[Outcome], events: Queue | None) -> list[Outcome]:
    """The outcomes of events that wait, with those QUEUED that the event queue has taken."""
    if events is None or not waiting:
        return list(waiting)
    unsent = events.send([_message(outcome) for outcome in waiting])
    return [
        outcome if position in unsent else replace(outcome, fate=Fate.QUEUED)
        for position, outcome in enumerate(waiting)
    ]


def _message(outcome: Outcome) -> OutgoingMessage:
    """The event as a message, under the name that it came by, for its first wait."""
    body, event = outcome.delivery.body, outcome.event
    if event is not None:
        body = json.dumps({**json.loads(body), "eventId": event.id}, separators=(",", ":"))
    return OutgoingMessage(body, delay=FIRST_WAIT)
