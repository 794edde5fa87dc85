"""Calls a Lambda handler again and again with the same event, as EventBridge Scheduler does.

For running a function where there is no Scheduler: on a laptop, or as a long-running process.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from cloudseam.poller import Handler, InvocationContext

# What a sweep has, as on Lambda: what it does not manage is left to a message.
TIMEOUT_SECONDS = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Context(InvocationContext):
    """As an invocation's, but its time is over at once when the process is to end."""

    stop: Event = field(default_factory=Event)

    def get_remaining_time_in_millis(self) -> int:
        """See `InvocationContext`."""
        if self.stop.is_set():
            return 0
        return InvocationContext.get_remaining_time_in_millis(self)


def call_every(
    seconds: float, handler: Handler, event: Mapping[str, Any], stop: Event, *, function_name: str
) -> None:
    """Calls the handler every so many seconds until `stop`; what it raises is only logged."""
    while not stop.wait(seconds):
        deadline = time.monotonic() + TIMEOUT_SECONDS
        context = _Context(function_name, function_name, deadline, stop=stop)
        try:
            handler(dict(event), context)
        except Exception:
            logger.exception("What is due on a schedule failed; the next time is the retry")
