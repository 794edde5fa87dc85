"""Machines are started by messages, ten per call, and none is lost unsaid."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cloudseam.actions import StartsNotSentError, start_state_machine, start_state_machines
from cloudseam.actions.starting import _s3_client, _sqs_client
from cloudseam.errors import InvalidMessageError, InvalidSettingsError
from cloudseam.json_context import NotSerializableError
from cloudseam.messages import parse_event
from cloudseam.stored_context import ContextBucket, ContextTooLargeError, parse_stored
from tests.counted_calls import Calls, counted_calls


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """The calls that are made of an AWS with a queue and a bucket."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        url = boto3.client("sqs").create_queue(QueueName="events")["QueueUrl"]
        boto3.client("s3").create_bucket(
            Bucket="contexts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        monkeypatch.setenv("SQS_EVENT_QUEUE_URL", url)
        monkeypatch.setenv("CONTEXT_BUCKET", "contexts")
        with counted_calls() as calls:
            yield calls
        for made in (_sqs_client, _s3_client):
            made.cache_clear()


def bodies() -> list[dict[str, Any]]:
    import os

    sqs, url = boto3.client("sqs"), os.environ["SQS_EVENT_QUEUE_URL"]
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return found


def test_a_start_is_one_call_and_its_event_is_named_by_the_stack(calls: Calls) -> None:
    started = start_state_machine("Example", {"a": 1}, "order-7")

    assert calls.taken() == {"SendMessageBatch": 1}
    assert started == "order-7"
    [body] = bodies()
    assert body == {
        "event": "START",
        "eventId": "start/order-7",
        "machine": "Example",
        "stackId": "order-7",
        "context": {"a": 1},
    }
    assert parse_event(json.dumps(body), "m").stack_id == "order-7"


def test_a_machine_resumes_at_a_state(calls: Calls) -> None:
    start_state_machine("Example", {}, "a", "First", "done", 7)

    [body] = bodies()
    assert (body["state"], body["currentEvent"]) == ("First", "done")
    assert body["additionalDelaySeconds"] == 7


def test_many_are_sent_ten_per_call(calls: Calls) -> None:
    started = start_state_machines("Example", [{"n": n} for n in range(25)])

    assert calls.taken() == {"SendMessageBatch": 3}
    assert len(set(started)) == 25
    assert {body["stackId"]: body["context"]["n"] for body in bodies()} == {
        each: n for n, each in enumerate(started)
    }


def test_none_is_no_call(calls: Calls) -> None:
    assert start_state_machines("Example", []) == []
    assert calls.taken() == {}


def test_ids_may_be_given_for_some(calls: Calls) -> None:
    first, second = start_state_machines("Example", [{}, {}], ["mine", None])

    assert first == "mine"
    assert second not in ("", "mine", None)


def test_a_large_context_is_written_before_the_message_is_sent(calls: Calls) -> None:
    context = {"a": "x" * 200_000}

    start_state_machine("Example", context, "order-7")

    assert [name for name, _ in calls.arguments] == ["PutObject", "SendMessageBatch"]
    [body] = bodies()
    assert "context" not in body
    bucket = ContextBucket(lambda: boto3.client("s3"), "contexts")
    assert bucket.read("order-7", parse_stored(body["stored"])) == context
    assert parse_event(json.dumps(body), "m").stack_id == "order-7"


def test_two_starts_of_one_id_do_not_share_an_object(calls: Calls) -> None:
    for _ in range(2):
        start_state_machine("Example", {"a": "x" * 200_000}, "order-7")

    first, second = bodies()
    assert first["stored"]["key"] != second["stored"]["key"]


def test_those_that_the_queue_did_not_take_are_told(calls: Calls) -> None:
    calls.refuse("SendMessageBatch")

    with pytest.raises(StartsNotSentError, match="2 of 2 machines were not started") as refused:
        start_state_machines("Example", [{}, {}], ["a", "b"])

    assert set(refused.value.unsent) == {"a", "b"}
    assert bodies() == []


@pytest.mark.parametrize(
    ("ids", "told"), [(["a"], "2 contexts and 1"), (["a", "a"], "twice")], ids=["few", "twice"]
)
def test_ids_that_do_not_fit_are_refused(ids: list[str], told: str, calls: Calls) -> None:
    with pytest.raises(ValueError, match=told):
        start_state_machines("Example", [{}, {}], ids)

    assert calls.taken() == {}


def test_nothing_is_sent_unless_all_can_be(calls: Calls) -> None:
    with pytest.raises(NotSerializableError, match=r"context\['a'\] is of type set"):
        start_state_machines("Example", [{}, {"a": {1}}])
    with pytest.raises(InvalidMessageError):
        start_state_machines("Example", [{}, {}], ["a", "b\n"])

    assert calls.taken() == {}


def test_a_large_context_without_a_bucket_is_refused_before_anything_is_sent(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONTEXT_BUCKET")

    with pytest.raises(ContextTooLargeError, match="Set CONTEXT_BUCKET"):
        start_state_machines("Example", [{}, {"a": "x" * 200_000}])

    assert calls.taken() == {}


def test_without_a_queue_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SQS_EVENT_QUEUE_URL", raising=False)

    with pytest.raises(InvalidSettingsError, match="SQS_EVENT_QUEUE_URL"):
        start_state_machine("Example", {})
