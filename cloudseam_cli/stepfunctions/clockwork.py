"""Timers of an engine in one process: a heap, and a thread that waits for its top."""

import heapq
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Condition, Thread

from cloudseam.timers import Timer


class Clockwork:
    """See `cloudseam.timers.Timers`. `fire` is called with each timer when its moment has come.

    Timers are not kept: the rows of stacks have them, and whoever starts again sets them again.
    """

    def __init__(self, fire: Callable[[Timer], None]) -> None:
        self._fire = fire
        self._heap: list[tuple[int, str]] = []
        self._set = Condition()
        self._stopped = False
        self._thread = Thread(target=self._run, name="clockwork", daemon=True)
        self._thread.start()

    def set(self, timers: Sequence[Timer]) -> Mapping[int, Exception]:
        """See `Timers.set`."""
        with self._set:
            for timer in timers:
                heapq.heappush(self._heap, (timer.at, timer.stack_id))
            self._set.notify()
        return {}

    def stop(self) -> None:
        """Fires no more."""
        with self._set:
            self._stopped = True
            self._set.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._set:
                if self._stopped:
                    return
                wait = self._heap[0][0] / 1000 - time.time() if self._heap else None
                if wait is None or wait > 0:
                    self._set.wait(wait)
                    continue
                at, stack_id = heapq.heappop(self._heap)
            self._fire(Timer(stack_id, at))
