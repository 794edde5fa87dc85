"""Ctrl-C and SIGTERM as something to ask about, so that what runs can end in good order."""

import signal
from types import FrameType, TracebackType
from typing import Any, Self

# The last one comes when the terminal is closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Counts the signals between enter and exit. Once: please stop. Twice: at once."""

    def __init__(self) -> None:
        self._count = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._take) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def is_stopped(self) -> bool:
        """Whether a signal has come."""
        return self._count > 0

    def is_impatient(self) -> bool:
        """Whether a second one has come."""
        return self._count > 1

    def _take(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
