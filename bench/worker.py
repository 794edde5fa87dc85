"""`python -m bench.worker LOG FUNCTION`: a function in a process of its own, as a container.

Each line of stdin is batches of bodies, as JSON; each line of stdout says what they cost. What
the function logs goes to a file.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from bench.memory_peak import peak_bytes

Batches = Sequence[Sequence[str]]


def main() -> None:
    """Serves until stdin closes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    from bench.record import Context, sqs_event

    app = import_module(f"{sys.argv[2]}.app")

    def handle(bodies: Sequence[str]) -> Callable[[], int]:
        event = sqs_event(bodies)
        return lambda: len(app.lambda_handler(event, Context())["batchItemFailures"])

    for line in sys.stdin:
        batches = [handle(bodies) for bodies in json.loads(line)]
        print(json.dumps(measured(batches)), file=answers, flush=True)


def measured(batches: Sequence[Callable[[], int]]) -> dict[str, Any]:
    """Seconds by the clock and of CPU, how many events came back, and the peak of memory."""
    began, cpu = time.perf_counter(), time.process_time()
    returned = sum(handle() for handle in batches)
    return {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "returned": returned,
        "memory": peak_bytes(),
    }


if __name__ == "__main__":
    main()
