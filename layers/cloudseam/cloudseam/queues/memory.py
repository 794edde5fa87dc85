"""A queue kept in memory, for tests."""

from collections.abc import Mapping, Sequence

from cloudseam.queues import OutgoingMessage


class InMemoryQueue:
    """See `cloudseam.queues.Queue`. Keeps what was sent and what was deferred."""

    def __init__(self) -> None:
        self.sent: list[OutgoingMessage] = []
        self.deferred: dict[str, int] = {}

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """See `Queue.send`."""
        self.sent.extend(messages)
        return {}

    def defer(self, receipts: Mapping[str, int]) -> None:
        """See `Queue.defer`."""
        self.deferred.update(receipts)
