"""A queue in memory that hands each message on as soon as it is sent."""

from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

from cloudseam.delivery import Delivery
from cloudseam.queues import OutgoingMessage


class DirectQueue:
    """See `cloudseam.queues.Queue`. What is lost with the process, rows say is owed."""

    def __init__(self, take: Callable[[Delivery], None]) -> None:
        self._take = take

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """See `Queue.send`."""
        for message in messages:
            self._take(Delivery(uuid4().hex, message.body))
        return {}

    def defer(self, receipts: Mapping[str, int]) -> None:
        """See `Queue.defer`. Whoever takes a message decides when it comes again."""
