"""A bus kept in memory, for tests."""

from collections.abc import Mapping, Sequence

from cloudseam.transition import Notice


class InMemoryBus:
    """See `cloudseam.buses.Bus`. Keeps what was put."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def put(self, notices: Sequence[Notice]) -> Mapping[int, Exception]:
        """See `Bus.put`."""
        self.notices.extend(notices)
        return {}
