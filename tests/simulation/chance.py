"""Random numbers by name: what one process draws does not depend on what others do.

So a history stays much the same when one event or fault is taken out of its plan.
"""

from collections.abc import MutableSequence, Sequence
from hashlib import blake2b
from typing import TypeVar

Item = TypeVar("Item")

MASK = (1 << 64) - 1


def hashed(name: str) -> int:
    """64 bits of a name, the same everywhere."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())


class Chance:
    """A stream of random numbers that costs next to nothing to begin.

    Knuth's linear congruential generator (The Art of Computer Programming 2, 3.3.4), of which the
    upper 53 bits are used.
    """

    __slots__ = ("_state",)

    def __init__(self, name: str) -> None:
        self._state = hashed(name)

    def random(self) -> float:
        """From 0 up to, not including, 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) & MASK
        return (self._state >> 11) / (1 << 53)

    def whole(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + int(self.random() * (most - least + 1))

    def choice(self, items: Sequence[Item]) -> Item:
        """One of them."""
        return items[int(self.random() * len(items))]

    def shuffle(self, items: MutableSequence[Item]) -> None:
        """Brings them into any order."""
        for last in range(len(items) - 1, 0, -1):
            other = int(self.random() * (last + 1))
            items[last], items[other] = items[other], items[last]

    def half(self, number: int) -> list[int]:
        """Half of so many positions, in order."""
        positions = list(range(number))
        self.shuffle(positions)
        return sorted(positions[: number // 2])
