"""The poller treats a handler as Lambda's event source mapping does."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from cloudseam import poller
from cloudseam.poller import InvocationContext, failed_messages, lambda_event, poll

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ARN = "arn:aws:sqs:eu-west-1:123456789012:events"
URL = "https://queue"


class FakeSqs:
    """Hands out batches, then tells the poller to stop. Keeps what it is asked for."""

    def __init__(self, *batches: list[dict[str, Any]] | Exception, visibility: int = 30) -> None:
        self.stop = Event()
        self.batches = list(batches)
        self.visibility = visibility
        self.deleted: list[str] = []
        self.receives: list[Mapping[str, Any]] = []
        self.hidden: list[tuple[str, int]] = []
        self.was_hidden = Event()
        self.delete_answer: dict[str, Any] | Exception = {}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": ARN, "VisibilityTimeout": str(self.visibility)}}

    def receive_message(self, **asked: Any) -> dict[str, Any]:
        self.receives.append(asked)
        if not self.batches:
            self.stop.set()
            return {}
        batch = self.batches.pop(0)
        if isinstance(batch, Exception):
            raise batch
        return {"Messages": batch} if batch else {}

    def delete_message_batch(self, *, Entries: list[dict[str, str]], **_: Any) -> dict[str, Any]:
        if isinstance(self.delete_answer, Exception):
            raise self.delete_answer
        self.deleted += [entry["ReceiptHandle"] for entry in Entries]
        return self.delete_answer

    def change_message_visibility_batch(self, *, Entries: list[dict[str, Any]], **_: Any) -> None:
        self.hidden += [(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in Entries]
        self.was_hidden.set()

    def run(self, handler: Callable[[dict[str, Any], Any], Any], **options: Any) -> None:
        """Polls this queue to its end."""
        poll(self, URL, handler, self.stop, **options)  # type: ignore[arg-type]


def a_message(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "MessageId": f"id-{number}",
        "ReceiptHandle": f"receipt-{number}",
        "Body": f"body-{number}",
        "MD5OfBody": "0" * 32,
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        **fields,
    }


def reporting(*message_ids: str) -> Callable[[dict[str, Any], Any], Any]:
    """A handler that reports these messages as failed."""
    answer = {"batchItemFailures": [{"itemIdentifier": each} for each in message_ids]}
    return lambda event, context: answer


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "ReceiveMessage")


def test_what_the_handler_did_not_report_is_deleted() -> None:
    sqs = FakeSqs([a_message(1), a_message(2), a_message(3)])

    sqs.run(reporting("id-2"))

    assert sqs.deleted == ["receipt-1", "receipt-3"]


def test_what_arrives_while_stopping_is_given_back_at_once() -> None:
    sqs = FakeSqs([a_message(1), a_message(2)])
    handled: list[Any] = []
    receive = sqs.receive_message

    def stopping(**asked: Any) -> dict[str, Any]:
        sqs.stop.set()  # the signal comes while the receive waits
        return receive(**asked)

    sqs.receive_message = stopping  # type: ignore[method-assign]

    sqs.run(lambda event, context: handled.append(event))

    assert handled == []
    assert sqs.deleted == []
    assert sqs.hidden == [("receipt-1", 0), ("receipt-2", 0)]


def test_a_surprise_does_not_end_the_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudseam.poller.FIRST_PAUSE", 0.001)
    sqs = FakeSqs(KeyError("Attributes"), [a_message(1)])

    sqs.run(reporting())

    assert sqs.deleted == ["receipt-1"]


def test_nothing_is_deleted_when_the_handler_raises(caplog: pytest.LogCaptureFixture) -> None:
    sqs = FakeSqs([a_message(1)], [a_message(2)])
    seen: list[str] = []

    def handler(event: dict[str, Any], context: Any) -> None:
        seen.append(event["Records"][0]["messageId"])
        raise RuntimeError("broken")

    sqs.run(handler)

    assert sqs.deleted == []
    assert seen == ["id-1", "id-2"]  # and the polling goes on
    assert "The handler raised" in caplog.text


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        pytest.param(None, set(), id="none"),
        pytest.param({}, set(), id="empty"),
        pytest.param({"other": 1}, set(), id="nothing-reported"),
        pytest.param({"batchItemFailures": None}, set(), id="null-failures"),
        pytest.param({"batchItemFailures": []}, set(), id="no-failures"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}, id="one"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": ""}]}, None, id="empty-id"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": None}]}, None, id="null-id"),
        pytest.param({"batchItemFailures": [{"itemIdentifier": "z"}]}, None, id="unknown-id"),
        pytest.param({"batchItemFailures": [{"id": "a"}]}, None, id="bad-key"),
        pytest.param({"batchItemFailures": ["a"]}, None, id="not-objects"),
        pytest.param({"batchItemFailures": "a"}, None, id="not-a-list"),
        pytest.param("fine", None, id="not-an-object"),
    ],
)
def test_an_answer_means_what_it_means_to_lambda(answer: Any, failed: set[str] | None) -> None:
    assert failed_messages(answer, ["a", "b"]) == failed


def test_an_answer_that_makes_no_sense_deletes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sqs = FakeSqs([a_message(1), a_message(2)])

    sqs.run(reporting("id-7"))

    assert sqs.deleted == []
    assert "unknown messages" in caplog.text


def test_messages_stay_hidden_while_the_handler_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poller, "MIN_VISIBILITY_SECONDS", 0.02)
    sqs = FakeSqs([a_message(1), a_message(2)], visibility=0)

    def handler(event: dict[str, Any], context: Any) -> None:
        assert sqs.was_hidden.wait(10)

    sqs.run(handler)

    assert sqs.hidden[:2] == [("receipt-1", 0.02), ("receipt-2", 0.02)]
    assert sqs.deleted == ["receipt-1", "receipt-2"]


def test_a_short_run_extends_nothing() -> None:
    sqs = FakeSqs([a_message(1)])

    sqs.run(reporting())

    assert sqs.hidden == []


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        pytest.param({}, (10, 5), id="by-default"),
        pytest.param({"batch_size": 1, "wait_seconds": 20}, (1, 20), id="as-told"),
        pytest.param({"batch_size": 500, "wait_seconds": 90}, (10, 20), id="within-sqs-limits"),
    ],
)
def test_it_receives_by_long_polling(options: dict[str, int], asked: tuple[int, int]) -> None:
    sqs = FakeSqs([])

    sqs.run(reporting(), **options)

    receive = sqs.receives[0]
    assert (receive["MaxNumberOfMessages"], receive["WaitTimeSeconds"]) == asked
    assert receive["QueueUrl"] == URL


def test_it_receives_nothing_once_it_is_told_to_stop() -> None:
    sqs = FakeSqs([a_message(1)])
    sqs.stop.set()

    sqs.run(reporting())

    assert sqs.receives == []


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refused("QueueDoesNotExist"), id="refused"),
        pytest.param(EndpointConnectionError(endpoint_url="http://queue"), id="unreachable"),
    ],
)
def test_an_error_of_sqs_is_logged_and_polling_goes_on(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poller, "FIRST_PAUSE", 0.001)
    sqs = FakeSqs(error, [a_message(1)])

    sqs.run(reporting())

    assert sqs.deleted == ["receipt-1"]
    assert "Cannot receive" in caplog.text


def test_errors_in_a_row_are_waited_out_longer_and_longer_up_to_a_limit() -> None:
    pauses = poller._pauses()

    assert [next(pauses) for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"Failed": [{"Id": "0", "Code": "ReceiptHandleIsInvalid"}]}, id="in-part"),
        pytest.param(refused("ReceiptHandleIsInvalid"), id="as-a-whole"),
    ],
)
def test_a_delete_that_fails_is_logged(
    answer: dict[str, Any] | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    sqs = FakeSqs([a_message(1)])
    sqs.delete_answer = answer

    sqs.run(reporting())

    assert "will come again" in caplog.text
    assert "ReceiptHandleIsInvalid" in caplog.text


def test_a_record_has_the_shape_that_lambda_gives_it() -> None:
    message = a_message(
        4,
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "x"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )

    (record,) = lambda_event([message], ARN)["Records"]  # type: ignore[list-item]

    assert record == {
        "messageId": "id-4",
        "receiptHandle": "receipt-4",
        "body": "body-4",
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1700000000000"},
        "messageAttributes": {
            "text": {
                "stringValue": "x",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            },
            "bytes": {
                "binaryValue": "AAE=",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "Binary",
            },
        },
        "md5OfBody": "0" * 32,
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "eu-west-1",
    }
    assert json.dumps(record)


def test_the_context_tells_what_handlers_ask_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudseam.poller.time.monotonic", lambda: 1000.0)
    contexts: list[InvocationContext] = []
    sqs = FakeSqs([a_message(1)], [a_message(2)])

    sqs.run(
        lambda event, context: contexts.append(context),
        function_name="state-machine",
        timeout_seconds=60,
    )

    first, second = contexts
    assert first.function_name == "state-machine"
    assert first.invoked_function_arn == (
        "arn:aws:lambda:eu-west-1:123456789012:function:state-machine"
    )
    assert first.memory_limit_in_mb > 0
    assert re.fullmatch(r"[0-9a-f-]{36}", first.aws_request_id)
    assert first.aws_request_id != second.aws_request_id
    assert first.get_remaining_time_in_millis() == 60_000


def test_no_time_remains_after_the_deadline() -> None:
    context = InvocationContext("f", "arn", deadline=0.0)

    assert context.get_remaining_time_in_millis() == 0


@pytest.fixture
def sqs() -> Iterator["SQSClient"]:
    with mock_aws():
        yield boto3.client(
            "sqs",
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


def test_a_real_batch_goes_through_sqs_and_what_failed_is_still_there(sqs: "SQSClient") -> None:
    url = sqs.create_queue(QueueName="events", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    for body in ("good", "bad"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    stop = Event()
    counts: list[str] = []

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        stop.set()
        records = list(SQSEvent(event).records)
        counts.extend(record.attributes.approximate_receive_count or "" for record in records)
        failed = [record.message_id for record in records if record.body == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}

    poll(sqs, url, handler, stop, wait_seconds=0)

    left = sqs.get_queue_attributes(
        QueueUrl=url,
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    assert left == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "1",
    }
    assert counts == ["1", "1"]


def test_a_receive_cut_short_by_the_end_is_not_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sqs = FakeSqs(EndpointConnectionError(endpoint_url="http://queue"))
    receive = sqs.receive_message

    def ending(**asked: Any) -> dict[str, Any]:
        sqs.stop.set()
        return receive(**asked)

    sqs.receive_message = ending  # type: ignore[method-assign]

    with caplog.at_level(logging.WARNING):
        sqs.run(reporting())

    assert caplog.text == ""
