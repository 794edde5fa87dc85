"""`python -m bench.profiled_worker LOG FUNCTION PROFILE`: the worker, with a profile of its work.

The first life warms up and is not in the profile. Counted is the CPU of the thread that handles,
so that waiting is not; what other threads do for it is not seen.
"""

import cProfile
import sys
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from unittest.mock import patch

from bench import worker
from bench.life import LIFE


def main() -> None:
    """Serves until stdin closes, then writes the profile."""
    profile, phases, measured = cProfile.Profile(time.thread_time), count(), worker.measured

    def profiled(batches: Sequence[Callable[[], int]]) -> dict[str, Any]:
        if next(phases) < len(LIFE):
            return measured(batches)
        with profile:
            return measured(batches)

    with patch.object(worker, "measured", profiled):
        worker.main()
    profile.dump_stats(sys.argv[3])


if __name__ == "__main__":
    main()
