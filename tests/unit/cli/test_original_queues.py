"""What is said of the original's queues."""

import json

import pytest

from cloudseam_cli.takeover.original_queues import OriginalQueue, queue_remarks, running_remarks

GOOD = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "VisibilityTimeout": "180",
    "RedrivePolicy": json.dumps({"deadLetterTargetArn": "arn:letters", "maxReceiveCount": 3}),
}


@pytest.mark.parametrize(
    ("attributes", "problem"),
    [
        pytest.param({"ApproximateNumberOfMessages": "2"}, "wait on it: 2.", id="waiting"),
        pytest.param({"ApproximateNumberOfMessagesDelayed": "1"}, "wait on it: 1.", id="delayed"),
        pytest.param({"FifoQueue": "true"}, "it is a FIFO queue.", id="fifo"),
        pytest.param({"VisibilityTimeout": "60"}, "of 60 s would be too short", id="short"),
        pytest.param({"RedrivePolicy": ""}, "it has no dead-letter queue", id="no-letters"),
    ],
)
def test_what_would_be_wrong_with_a_queue_is_a_warning(
    attributes: dict[str, str], problem: str
) -> None:
    queue = OriginalQueue("event", "url", GOOD | attributes)

    [remark] = queue_remarks(queue)

    assert problem in remark.problem
    assert (remark.is_error, remark.blocks, bool(remark.fix)) == (False, False, True)


def test_a_queue_that_would_do_is_no_remark() -> None:
    assert list(queue_remarks(OriginalQueue("event", "url", GOOD))) == []
    assert list(running_remarks(OriginalQueue("event", "url", GOOD))) == []


def test_a_task_queue_needs_the_time_that_a_task_may_take() -> None:
    [remark] = queue_remarks(OriginalQueue("task", "url", GOOD))

    assert "give this one 5400 s" in remark.fix


def test_readers_that_cannot_be_told_are_a_warning() -> None:
    queue = OriginalQueue("event", "url", GOOD, unknown_readers="AccessDeniedException")

    [remark] = running_remarks(queue)

    assert (remark.is_error, remark.blocks) == (False, False)
    assert "AccessDeniedException" in remark.problem


@pytest.mark.parametrize(("what", "blocks"), [("event", True), ("task", False)])
def test_only_who_takes_events_is_an_obstacle(what: str, blocks: bool) -> None:
    attributes = GOOD | {"ApproximateNumberOfMessagesNotVisible": "1"}

    remarks = list(running_remarks(OriginalQueue(what, "url", attributes, ("original",))))

    assert [remark.blocks for remark in remarks] == [blocks, blocks]
