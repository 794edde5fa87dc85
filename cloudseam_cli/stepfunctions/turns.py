"""Whose turn it is: events of one stack one after the other, those of others beside them."""

from threading import RLock

STRIPES = 64


class Turns:
    """Locks by id. Few ids share one, and whoever has one asks for no other."""

    def __init__(self) -> None:
        self._locks = [RLock() for _ in range(STRIPES)]

    def of(self, stack_id: str) -> RLock:
        """The lock of an id, as a context manager."""
        return self._locks[hash(stack_id) % STRIPES]
