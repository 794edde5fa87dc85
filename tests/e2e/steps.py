"""Steps, and the time that each takes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Steps:
    """Tells each step with its seconds once it has ended. `current` is the last one begun."""

    def __init__(self) -> None:
        self.current = "start"
        self._seconds: list[float] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step; of one that fails no time is told."""
        self.current = name
        began = time.monotonic()
        yield
        self._seconds.append(time.monotonic() - began)
        print(f"{name:<9} {self._seconds[-1]:6.1f} s", flush=True)

    def total(self) -> float:
        """The seconds of all steps that have ended."""
        return sum(self._seconds)
