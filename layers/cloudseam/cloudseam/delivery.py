"""One message as a queue or another source delivered it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """`receive_count` is 1 for the first delivery; `receipt` names this delivery to the queue.

    With `in_order` the events of its stack that came behind it in the batch wait until it works.
    """

    message_id: str
    body: str
    receive_count: int = 1
    receipt: str = ""
    in_order: bool = False
