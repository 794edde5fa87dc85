"""The original's queues: what is on them, and whether somebody still takes from them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.finding import Severity
from cloudseam_cli.takeover.remark import About, Remark
from cloudseam_cli.unreachable import reaching

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient

WAITING = "ApproximateNumberOfMessages"
IN_FLIGHT = "ApproximateNumberOfMessagesNotVisible"
DELAYED = "ApproximateNumberOfMessagesDelayed"
# What the template gives the queues, where CloudSeam is to go on with these: 6 x 30 s, and 6 x the
# 15 minutes that a task may take.
LONGEST_WORK = {"event": 180, "task": 5400}
ENDED = {"Disabled", "Disabling", "Deleting"}


@dataclass(frozen=True, slots=True)
class OriginalQueue:
    """`what` it is for: `event` or `task`. Counts are SQS's, up to a minute old."""

    what: str
    url: str
    attributes: Mapping[str, str]
    readers: tuple[str, ...] = ()
    unknown_readers: str = ""

    @property
    def waiting(self) -> int:
        """How many messages there are that nobody has taken."""
        return int(self.attributes.get(WAITING, 0)) + int(self.attributes.get(DELAYED, 0))

    @property
    def in_flight(self) -> int:
        """How many messages somebody has taken, and not given back."""
        return int(self.attributes.get(IN_FLIGHT, 0))

    def view(self) -> dict[str, Any]:
        """The queue as JSON."""
        return {
            "queue": self.what,
            "url": self.url,
            "waiting": self.waiting,
            "inFlight": self.in_flight,
            "visibilityTimeout": int(self.attributes.get("VisibilityTimeout", 0)),
            "fifo": self.attributes.get("FifoQueue") == "true",
            "deadLetters": _dead_letters(self.attributes),
            "readBy": list(self.readers),
        }


def look_at(sqs: SQSClient, functions: LambdaClient, what: str, url: str) -> OriginalQueue:
    """The queue as it is now, with the functions that are given its messages.

    Raises:
        NoTargetError: the queue does not answer.
    """
    with reaching(f"The {what} queue was not looked at"):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    named = {str(name): value for name, value in attributes.items()}
    try:
        return OriginalQueue(what, url, named, _readers(functions, named["QueueArn"]))
    except (ClientError, BotoCoreError) as error:
        return OriginalQueue(what, url, named, unknown_readers=error_name(error))


def running_remarks(queue: OriginalQueue, whose: About = About.ORIGINAL) -> Iterator[Remark]:
    """Signs that a state machine still takes events; of tasks, that some still run."""
    severity = Severity.ERROR if queue.what == "event" else Severity.WARNING
    blocks = queue.what == "event"
    for function in queue.readers:
        yield Remark(
            whose,
            function,
            f"it is given the messages of the {queue.what} queue.",
            _stop(queue.what),
            severity,
            blocks,
        )
    if queue.in_flight:
        yield Remark(
            whose,
            f"{queue.what} queue",
            f"messages of it that somebody has taken and that are in flight: {queue.in_flight}.",
            "Stop who takes them, and wait until the queue's visibility time-out of "
            f"{queue.attributes.get('VisibilityTimeout')} s is over."
            if blocks
            else "Leave the original's task satisfier running until there are none.",
            severity,
            blocks,
        )
    if queue.unknown_readers:
        yield Remark(
            About.QUEUE,
            queue.url,
            f"which functions are given its messages cannot be told ({queue.unknown_readers}).",
            "Have the right to lambda:ListEventSourceMappings, or look yourself.",
            Severity.WARNING,
        )


def queue_remarks(queue: OriginalQueue) -> Iterator[Remark]:
    """What has to be done with the queue, and what would be wrong with going on with it."""
    if queue.waiting:
        yield _remark(
            queue,
            f"messages that wait on it: {queue.waiting}.",
            "Move them once the stacks are taken over: docs/migrating.md, step 5.",
        )
    if queue.attributes.get("FifoQueue") == "true":
        yield _remark(queue, "it is a FIFO queue.", "CloudSeam takes standard queues only.")
    seconds = int(queue.attributes.get("VisibilityTimeout", 0))
    if seconds < LONGEST_WORK[queue.what]:
        yield _remark(
            queue,
            f"its visibility time-out of {seconds} s would be too short for CloudSeam.",
            f"Go on with the template's queue, or give this one {LONGEST_WORK[queue.what]} s.",
        )
    if not _dead_letters(queue.attributes):
        yield _remark(
            queue,
            "it has no dead-letter queue: what cannot work is lost after its retention time.",
            "Go on with the template's queue, or give this one a redrive policy.",
        )


def _readers(functions: LambdaClient, arn: str) -> tuple[str, ...]:
    pages = functions.get_paginator("list_event_source_mappings").paginate(EventSourceArn=arn)
    return tuple(
        mapping["FunctionArn"].rpartition(":function:")[2]
        for page in pages
        for mapping in page["EventSourceMappings"]
        if mapping.get("State") not in ENDED
    )


def _stop(what: str) -> str:
    if what == "event":
        return "Disable its event source mapping, and wait until its time-out is over."
    return "It may go on until the queue is empty; then disable its event source mapping."


def _dead_letters(attributes: Mapping[str, str]) -> str | None:
    policy = json.loads(attributes.get("RedrivePolicy") or "{}")
    target = policy.get("deadLetterTargetArn")
    return str(target) if target else None


def _remark(queue: OriginalQueue, problem: str, fix: str) -> Remark:
    return Remark(About.QUEUE, f"of {queue.what}s", problem, fix, Severity.WARNING)
