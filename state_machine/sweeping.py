"""The sweep as the function runs it: on its schedule, and on where a sweep had no time left."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cloudseam.limits import has_half
from cloudseam.observability import count
from cloudseam.outcome import Outcome
from cloudseam.queues import OutgoingMessage, Queue

if TYPE_CHECKING:
    from cloudseam.sweep import Sweep

# A sweep ends so long before the function does, in seconds.
MARGIN = 5.0
# How the body of a message begins that has a sweep go on; no event's does.
BODY = '{"sweep":'
MAX_ID_BYTES = 2048  # of a partition key (DynamoDB developer guide, "Constraints")

# What is counted for each kind of repair; see `cloudseam.sweep.Repair`.
METRICS = {
    "TIMER_FIRED": "TimersRepaired",
    "TASK_RESENT": "TasksResent",
    "TASK_LOST": "TasksLost",
}

logger = logging.getLogger("cloudseam.sweep")


def rest_of_sweep(body: str) -> str | None:
    """The id that a sweep is to begin behind, if the message asks for one; empty: at the start.

    Anybody may send it. What is no id that a store could take is an event like any other, which
    has its own reasons to be refused.
    """
    if not body.startswith(BODY):
        return None
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if asked.keys() != {"sweep"}:
        return None
    after = asked["sweep"]
    if after is True:
        return ""
    return after if isinstance(after, str) and _could_be_an_id(after) else None


def _could_be_an_id(text: str) -> bool:
    return not has_half(text) and "\0" not in text and len(text.encode()) <= MAX_ID_BYTES


def run_sweep(
    sweep: Sweep,
    events: Queue | None,
    time_left: Callable[[], float],
    tell: Callable[[Outcome], None],
    after: str = "",
) -> dict[str, int]:
    """Sweeps, and leaves the rest to a message; how many stacks it looked at and repaired, and
    how many have failed.

    `tell` is called with the outcome of each repair.
    """
    swept = sweep.run(lambda: time_left() - MARGIN, after)
    for outcome in swept.repairs:
        tell(outcome)
    # One that had no time at all would go on by messages for ever.
    if swept.looked_at and swept.rest_after is not None and events is not None:
        events.send([OutgoingMessage(f"{BODY} {json.dumps(swept.rest_after)}}}")])
    repaired = sum(outcome.error is None for outcome in swept.repairs)
    found = {"looked_at": swept.looked_at, "repaired": repaired, "failed": swept.failed}
    count("StacksStuck", len(swept.repairs))
    count("StacksRepaired", repaired)
    count("StacksFailed", swept.failed)
    _count_repairs(swept.repairs)
    logger.info("Swept", extra=found | {"rest_after": swept.rest_after})
    return found


def _count_repairs(repairs: Sequence[Outcome]) -> None:
    from cloudseam.sweep import repairs_of

    for repair, number in Counter(each for one in repairs for each in repairs_of(one)).items():
        count(METRICS[repair.value], number)
