"""A satisfier in a process of its own that handles one delivery, to be killed in the middle of it.

The delivery is read from the standard input as JSON. What became of it is printed, as JSON as
well, and the log goes to the standard error.
"""

import json
import logging
import os
import sys
import time
from dataclasses import replace

from cloudseam.clock import SystemClock
from cloudseam.delivery import Delivery
from cloudseam.given import Given
from cloudseam.queues.sqs import SqsQueue
from task_satisfier import wiring
from task_satisfier.clients import sqs_client
from task_satisfier.executors.registry import ExecutorRegistry
from task_satisfier.satisfier import TaskSatisfier
from task_satisfier.settings import TaskSatisfierSettings

SECONDS = 120


class AheadClock:
    """A clock that is so many milliseconds ahead: claims run out without being waited for."""

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead

    def draw(self) -> Given:
        """See `cloudseam.clock.Clock.draw`."""
        given = SystemClock().draw()
        return replace(given, now=given.now + self._ahead)


def main() -> None:
    """Handles the delivery."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    told = json.load(sys.stdin)
    settings = TaskSatisfierSettings.from_environment(os.environ)
    satisfier = TaskSatisfier(
        ExecutorRegistry(settings),
        SqsQueue(sqs_client(), settings.event_queue_url),
        replace(wiring.build_attempts(settings), clock=AheadClock(told["ahead"])),
        margin=settings.timeout_margin,
    )
    ends = time.monotonic() + SECONDS
    delivery = Delivery("m", told["body"], told["receives"], "r")
    [outcome] = satisfier.handle_batch([delivery], lambda: ends - time.monotonic())
    became = {
        "error": type(outcome.error).__name__ if outcome.error else None,
        "ending": outcome.ending,
        "cause": outcome.cause,
    }
    print(json.dumps(became))


if __name__ == "__main__":
    main()
