"""A stack that another one starts, as part of its own commit."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloudseam.event import Json


@dataclass(frozen=True, slots=True)
class Start:
    """A START that a stack owes. It is kept with the stack until it is known to be sent.

    `body` is the whole message. `owed_to` is the mark of the event that it came of: a redelivery of
    that sends it again, and so does whatever has the stack's task sent. The id of its event is of
    the stack that is started, so it has no effect a second time.
    """

    body: Mapping[str, Json]
    owed_to: str
