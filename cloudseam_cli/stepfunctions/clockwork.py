"""What an engine in one process does later: a heap, and a thread that waits for its top."""

import heapq
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from threading import Condition, Thread

from cloudseam.timers import Timer

# A computer may sleep and its clock be set: the time is looked at again at least so often.
LONGEST_WAIT = 60.0


class Clockwork:
    """See `cloudseam.timers.Timers`. `fire` is called with each timer when its moment has come; it
    must return at once, and not raise.

    Timers are not kept: the rows of stacks have them, and whoever starts again sets them again.
    """

    def __init__(self, fire: Callable[[Timer], None]) -> None:
        self._fire = fire
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._set = Condition()
        self._stopped = False
        self._thread = Thread(target=self._run, name="clockwork", daemon=True)
        self._thread.start()

    def set(self, timers: Sequence[Timer]) -> Mapping[int, Exception]:
        """See `Timers.set`."""
        for timer in timers:
            self.call(timer.at, partial(self._fire, timer))
        return {}

    def call(self, at: int, act: Callable[[], None]) -> None:
        """Has something done at a moment (epoch ms). It must return at once, and not raise."""
        with self._set:
            heapq.heappush(self._heap, (at, next(self._numbers), act))
            self._set.notify()

    def stop(self) -> None:
        """Does nothing more."""
        with self._set:
            self._stopped = True
            self._set.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._set:
                if self._stopped:
                    return
                wait = self._heap[0][0] / 1000 - time.time() if self._heap else LONGEST_WAIT
                if wait > 0:
                    self._set.wait(min(wait, LONGEST_WAIT))
                    continue
                _, _, act = heapq.heappop(self._heap)
            act()
