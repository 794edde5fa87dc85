"""Port: queues that messages are sent to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

# What every SQS queue takes, attributes included (developer guide, "Message quotas"); a queue may
# be set to take up to 1 MiB.
MESSAGE_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to send. `attributes` are text; `delay` is in seconds, 0 to 900.

    `stack_id` and `machine` are whose message it is, for a fair queue; empty where nobody's.
    """

    body: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    delay: int = 0
    stack_id: str = ""
    machine: str = ""

    @property
    def size(self) -> int:
        """Bytes as SQS counts them: the body, and each attribute's name, type and value."""
        attributes = sum(
            len(name) + len("String") + len(value.encode())
            for name, value in self.attributes.items()
        )
        return len(self.body.encode()) + attributes


class Queue(Protocol):
    """A queue that delivers at least once, in no certain order."""

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """Sends all it can, and says by position which messages it could not send, and why."""

    def defer(self, receipts: Mapping[str, int]) -> None:
        """Hides messages in flight for that many seconds more (0 to 43,200), by receipt handle.

        Best effort: where it fails, the queue's own visibility time-out holds.
        """
