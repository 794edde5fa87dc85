"""Requests of SQS: calls of at most ten messages, and one for each 64 KB that is begun.

SQS pricing: "Each 64 KB chunk of a payload is billed as 1 request."
"""

from math import ceil

from cloudseam_cli.costs.pattern import MESSAGES_PER_REQUEST

CHUNK_KB = 64
# Lambda polls a queue with five pollers where there is little to do, for 20 seconds each time
# (Lambda developer guide, "Configuring scaling behavior for SQS event source mappings").
IDLE_POLLERS = 5
LONG_POLL_SECONDS = 20


def requests(together: float, kb: float = 0) -> float:
    """Requests for each message, of so many KB, where so many are sent or received together."""
    messages = min(max(together, 1), MESSAGES_PER_REQUEST)
    return max(1, ceil(messages * kb / CHUNK_KB)) / messages


def taken(together: float, kb: float) -> float:
    """Requests for each message that Lambda takes off a queue: its receive and its delete."""
    return requests(together, kb) + requests(together)


def idle_receives(hours: float) -> float:
    """Receives of an empty queue in so many hours. The receives of a busy one are among them."""
    return IDLE_POLLERS * hours * 3600 / LONG_POLL_SECONDS
