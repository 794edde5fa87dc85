"""Port: the time and randomness that steps are given."""

import secrets
import time
from typing import Protocol

from cloudseam.given import Given


class Clock(Protocol):
    """Draws what a step needs from the world."""

    def draw(self) -> Given:
        """The time now, and entropy never drawn before."""


class SystemClock:
    """The machine's own clock and random source."""

    def draw(self) -> Given:
        """See `Clock.draw`."""
        return Given(now=time.time_ns() // 1_000_000, entropy=secrets.token_bytes(32))
