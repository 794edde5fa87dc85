"""Port: something done again and again beside the work that it belongs to."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Thread
from typing import Protocol

logger = logging.getLogger(__name__)


class Heartbeat(Protocol):
    """Beats while a block runs."""

    def beating(self, beat: Callable[[], None], seconds: float) -> AbstractContextManager[None]:
        """Calls `beat` every so many seconds until the block ends. It must not raise."""


class ThreadHeartbeat:
    """See `Heartbeat`. A thread for each block."""

    @contextmanager
    def beating(self, beat: Callable[[], None], seconds: float) -> Iterator[None]:
        """See `Heartbeat.beating`. A beat that has begun is waited for."""
        done = Event()

        def go_on() -> None:
            while not done.wait(seconds):
                try:
                    beat()
                except Exception:  # a heart that stands still would be missed by nobody
                    logger.exception("A heartbeat failed")

        thread = Thread(target=go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
