"""Port: queues that messages are sent to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to send. `attributes` are text; `delay` is in seconds, 0 to 900."""

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    delay: int = 0


class Queue(Protocol):
    """A queue that delivers at least once, in no certain order."""

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """Sends all it can, and says by position which messages it could not send, and why."""

    def defer(self, receipts: Mapping[str, int]) -> None:
        """Hides messages in flight for that many seconds more (0 to 43,200), by receipt handle.

        Best effort: where it fails, the queue's own visibility time-out holds.
        """
