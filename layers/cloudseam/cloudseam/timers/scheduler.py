"""Timers on EventBridge Scheduler, for moments that are further away than a queue delays."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.clock import Clock
from cloudseam.messages import timer_message
from cloudseam.timers import Timer, Timers
from cloudseam.timers.queue import LONGEST_DELAY

CALLS_AT_ONCE = 8
ALREADY_SET = "ConflictException"
# A queue that cannot be reached for longer is left to the sweep.
RETRIES = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 60}

logger = logging.getLogger("cloudseam.timers")


class SchedulerClient(Protocol):
    """As much of boto3's client for EventBridge Scheduler as timers need."""

    def create_schedule(self, **request: Any) -> Any:
        """See the API reference, CreateSchedule."""


@dataclass(frozen=True, slots=True)
class Schedules:
    """Where schedules are made: their group, the queue they send to, and the role they send with.

    Of the queue and the role these are the ARNs.
    """

    group: str
    queue: str
    role: str


class SchedulerTimers:
    """See `Timers`. One schedule for each timer, which fires once and is gone.

    Moments within the next 15 minutes are left to `near`, and so is a timer that cannot be
    scheduled: it comes early, and is set again. Scheduler keeps a moment to the minute (user
    guide, "Schedule types"): a timer may come up to a minute late.
    """

    def __init__(
        self,
        client: Callable[[], SchedulerClient],
        schedules: Schedules,
        near: Timers,
        clock: Clock,
    ) -> None:
        self._client = client
        self._schedules = schedules
        self._near = near
        self._clock = clock

    def set(self, timers: Sequence[Timer]) -> Mapping[int, Exception]:
        """See `Timers.set`."""
        soon = self._clock.draw().now + LONGEST_DELAY * 1000
        far = [timer for timer in timers if timer.at > soon]
        scheduled = self._scheduled(far) if far else frozenset()
        left = [position for position, timer in enumerate(timers) if timer not in scheduled]
        failures = self._near.set([timers[position] for position in left]) if left else {}
        return {left[number]: error for number, error in failures.items()}

    def _scheduled(self, timers: Sequence[Timer]) -> frozenset[Timer]:
        """Those that have a schedule now."""
        if len(timers) < 2:
            results = [self._schedule(timer) for timer in timers]
        else:
            with ThreadPoolExecutor(min(len(timers), CALLS_AT_ONCE)) as pool:
                results = list(pool.map(self._schedule, timers))
        return frozenset(timer for timer, is_set in zip(timers, results, strict=True) if is_set)

    def _schedule(self, timer: Timer) -> bool:
        try:
            self._client().create_schedule(**request(timer, self._schedules))
        except (ClientError, BotoCoreError) as error:
            if error_name(error) == ALREADY_SET:
                return True
            logger.warning(
                "A timer was not scheduled and will come early",
                extra={"stack_id": timer.stack_id, "error": error_name(error)},
            )
            return False
        return True


def request(timer: Timer, schedules: Schedules) -> dict[str, Any]:
    """The arguments of CreateSchedule.

    The name follows from the timer, so that one that is set twice is one schedule. Scheduler
    replaces `<aws.scheduler.…>` in what it sends (user guide, "Context attributes"): the body has
    no `<`.
    """
    body = timer_message(timer.stack_id, timer.at).replace("<", "\\u003c")
    moment = datetime.fromtimestamp(-(-timer.at // 1000), UTC)
    return {
        "GroupName": schedules.group,
        "Name": hashlib.blake2b(body.encode(), digest_size=16).hexdigest(),
        "ScheduleExpression": f"at({moment:%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": schedules.queue,
            "RoleArn": schedules.role,
            "Input": body,
            "RetryPolicy": RETRIES,
        },
    }
