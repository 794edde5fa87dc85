"""What the shell draws for a step: the time and fresh randomness, as values."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Given:
    """The time in epoch milliseconds and at least 128 random bits, drawn anew for each step."""

    now: int
    entropy: bytes

    def token(self, purpose: str) -> str:
        """A token of 128 bits for one purpose: unguessable without the entropy, and repeatable."""
        return hashlib.blake2b(purpose.encode(), key=self.entropy[:64], digest_size=16).hexdigest()

    def fraction(self, purpose: str) -> float:
        """A number from 0 up to, not including, 1 for one purpose; repeatable."""
        return int(self.token(purpose)[:13], 16) / 16**13
