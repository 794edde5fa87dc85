"""SQS as a queue: its limits kept, its failures told by position."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from mypy_boto3_sqs import SQSClient

from cloudseam.errors import ServiceUnavailableError
from cloudseam.queues import MESSAGE_BYTES, OutgoingMessage
from cloudseam.queues.fairness import Tenant
from cloudseam.queues.sqs import SqsQueue

Call = dict[str, Any]


class StubSqs:
    """SQS as far as the queue calls it; each call is kept, and answered as the test says."""

    def __init__(self, answer: Callable[[Call], dict[str, Any]] = lambda call: {}) -> None:
        self.calls: list[Call] = []
        self._answer = answer

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        return self._answer(call)

    def change_message_visibility_batch(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        return self._answer(call)

    def queue(self, tenant: Tenant = "none") -> SqsQueue:
        return SqsQueue(cast(SQSClient, self), "the-queue", tenant)


def messages(*sizes: int) -> list[OutgoingMessage]:
    return [OutgoingMessage("x" * size) for size in sizes]


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SendMessageBatch")


def entries(stub: StubSqs) -> list[int]:
    return sorted(len(call["Entries"]) for call in stub.calls)


@pytest.mark.parametrize(
    ("sizes", "calls"),
    [
        pytest.param([1] * 10, [10], id="ten"),
        pytest.param([1] * 25, [5, 10, 10], id="twenty-five"),
        pytest.param([MESSAGE_BYTES], [1], id="one-as-large-as-a-call"),
        pytest.param([MESSAGE_BYTES, 1], [1, 1], id="no-room-left"),
        pytest.param([MESSAGE_BYTES // 2] * 3, [1, 2], id="two-fit"),
        pytest.param([900_000, 900_000], [1, 1], id="larger-than-a-call"),
    ],
)
def test_calls_keep_both_limits(sizes: list[int], calls: list[int]) -> None:
    stub = StubSqs()

    assert stub.queue().send(messages(*sizes)) == {}

    assert entries(stub) == calls


def test_attributes_count_towards_the_size_of_a_call() -> None:
    stub = StubSqs()
    half = OutgoingMessage("x" * (MESSAGE_BYTES // 2), {"reason": "ż"})

    stub.queue().send([half, half])

    assert entries(stub) == [1, 1]


def test_what_a_batch_could_not_take_is_told_by_its_place_among_all_messages() -> None:
    def second_of_each_call_fails(call: Call) -> dict[str, Any]:
        return {"Failed": [{"Id": call["Entries"][1]["Id"], "Code": "InternalError"}]}

    failures = StubSqs(second_of_each_call_fails).queue().send(messages(*[1] * 20))

    assert set(failures) == {1, 11}
    assert all(isinstance(error, ServiceUnavailableError) for error in failures.values())
    assert "InternalError" in str(failures[1])


@pytest.mark.parametrize(
    "error",
    [
        refused("ThrottlingException"),
        refused("AWS.SimpleQueueService.NonExistentQueue"),
        EndpointConnectionError(endpoint_url="x"),
        ReadTimeoutError(endpoint_url="x"),
    ],
    ids=["throttled", "no-queue", "no-connection", "time-out"],
)
def test_a_call_that_fails_fails_its_messages_and_no_others(error: Exception) -> None:
    def second_call_fails(call: Call) -> dict[str, Any]:
        if call["Entries"][0]["Id"] == "10":
            raise error
        return {}

    failures = StubSqs(second_call_fails).queue().send(messages(*[1] * 25))

    assert set(failures) == set(range(10, 20))
    assert {type(failure) for failure in failures.values()} == {ServiceUnavailableError}
    assert failures[10].__cause__ is error


def test_delay_and_attributes_travel_with_the_message() -> None:
    stub = StubSqs()

    stub.queue().send([OutgoingMessage("body", {"reason": "why"}, delay=30)])

    assert stub.calls == [
        {
            "QueueUrl": "the-queue",
            "Entries": [
                {
                    "Id": "0",
                    "MessageBody": "body",
                    "DelaySeconds": 30,
                    "MessageAttributes": {"reason": {"DataType": "String", "StringValue": "why"}},
                }
            ],
        }
    ]


@pytest.mark.parametrize(
    ("tenant", "groups"),
    [("none", [None, None]), ("stack", ["s", None]), ("machine", ["life", None])],
)
def test_a_fair_queue_is_told_whose_a_message_is_in_the_same_call(
    tenant: Tenant, groups: list[str | None]
) -> None:
    stub = StubSqs()

    stub.queue(tenant).send(
        [
            OutgoingMessage("a", delay=30, stack_id="s", machine="life"),
            OutgoingMessage("of nobody"),
        ]
    )

    (call,) = stub.calls
    assert [entry.get("MessageGroupId") for entry in call["Entries"]] == groups
    assert [entry["DelaySeconds"] for entry in call["Entries"]] == [30, 0]


def test_messages_are_deferred_ten_at_a_time_each_for_its_own_time() -> None:
    stub = StubSqs()

    stub.queue().defer({f"receipt-{n}": n for n in range(12)})

    assert [len(call["Entries"]) for call in stub.calls] == [10, 2]
    assert stub.calls[1]["Entries"][1] == {
        "Id": "1",
        "ReceiptHandle": "receipt-11",
        "VisibilityTimeout": 11,
    }


def test_a_failure_to_defer_is_left_to_the_queues_own_time_out() -> None:
    def fails(call: Call) -> dict[str, Any]:
        raise refused("ReceiptHandleIsInvalid")

    stub = StubSqs(fails)

    stub.queue().defer({f"receipt-{n}": 5 for n in range(12)})

    assert len(stub.calls) == 2
