"""Port: buses that others hear of transitions on."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from cloudseam.transition import Notice


class Bus(Protocol):
    """A bus that delivers at least once, in no certain order."""

    def put(self, notices: Sequence[Notice]) -> Mapping[int, Exception]:
        """Puts all it can, and says by position which notices it could not put, and why."""
