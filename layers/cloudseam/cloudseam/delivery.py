"""One message as a queue delivered it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """`receive_count` is 1 for the first delivery; `receipt` names this delivery to the queue."""

    message_id: str
    body: str
    receive_count: int = 1
    receipt: str = ""
