"""Every queue behaves alike: it sends all it can, and says what it could not send."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from cloudseam.queues import OutgoingMessage, Queue
from cloudseam.queues.memory import InMemoryQueue
from cloudseam.queues.sqs import SqsQueue
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.emulated import EmulatedAws, emulated_aws, received
from tests.emulator import boto3_on, lean_on


@dataclass(frozen=True)
class Line:
    """A queue, and what arrived at its other end."""

    queue: Queue
    arrived: Callable[[], list[OutgoingMessage]]


def grouped(messages: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """The group of each message, by its body."""
    return {
        message["Body"]: message.get("Attributes", {}).get("MessageGroupId") for message in messages
    }


def memory_queue(request: pytest.FixtureRequest) -> Line:
    queue = InMemoryQueue()
    return Line(queue, lambda: queue.sent)


def sqs_queue(request: pytest.FixtureRequest) -> Line:
    aws: EmulatedAws = request.getfixturevalue("aws")
    url = aws.queue()
    return Line(SqsQueue(aws.sqs, url), lambda: _sent(aws.received(url)))


def lean_sqs_queue(request: pytest.FixtureRequest) -> Line:
    emulator: EmbeddedAws = request.getfixturevalue("emulator")
    beside, client = boto3_on(emulator, "sqs"), lean_on(emulator, "sqs")
    url = beside.create_queue(QueueName=f"contract-{uuid4()}")["QueueUrl"]
    return Line(SqsQueue(client, url), lambda: _sent(received(client, url)))


def _sent(messages: Iterable[Mapping[str, Any]]) -> list[OutgoingMessage]:
    return [
        OutgoingMessage(
            message["Body"],
            {
                name: attribute["StringValue"]
                for name, attribute in message.get("MessageAttributes", {}).items()
            },
        )
        for message in messages
    ]


QUEUES = {"memory": memory_queue, "sqs": sqs_queue, "sqs-lean": lean_sqs_queue}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture(params=QUEUES)
def line(request: pytest.FixtureRequest) -> Line:
    return QUEUES[request.param](request)


@pytest.mark.parametrize("kind", ["sqs", "sqs-lean"])
def test_a_standard_queue_takes_a_group_with_each_message(
    kind: str, request: pytest.FixtureRequest
) -> None:
    if kind == "sqs":
        aws: EmulatedAws = request.getfixturevalue("aws")
        client, url = aws.sqs, aws.queue()
    else:
        emulator: EmbeddedAws = request.getfixturevalue("emulator")
        client = lean_on(emulator, "sqs")
        beside = boto3_on(emulator, "sqs")
        url = beside.create_queue(QueueName=f"fair-{uuid4()}")["QueueUrl"]
    messages = [OutgoingMessage(each, stack_id=each, machine="life") for each in "ab"]

    assert SqsQueue(client, url, "stack").send([*messages, OutgoingMessage("nobody's")]) == {}

    assert grouped(received(client, url)) == {"a": "a", "b": "b", "nobody's": None}


def test_a_message_arrives_as_it_was_sent(line: Line) -> None:
    message = OutgoingMessage('{"odd": "ż \\u0000", "x":  1}', {"reason": "two\nlines", "n": "1"})

    assert line.queue.send([message]) == {}

    assert line.arrived() == [message]


def test_sending_nothing_does_nothing(line: Line) -> None:
    assert line.queue.send([]) == {}
    assert line.arrived() == []


@pytest.mark.parametrize("number", [1, 10, 11, 35])
def test_any_number_of_messages_is_sent_each_once(line: Line, number: int) -> None:
    messages = [OutgoingMessage(f"message {n}") for n in range(number)]

    assert line.queue.send(messages) == {}

    assert sorted(m.body for m in line.arrived()) == sorted(m.body for m in messages)


def test_up_to_ten_messages_keep_their_order(line: Line) -> None:
    bodies = [f"message {n}" for n in range(10)]

    line.queue.send([OutgoingMessage(body) for body in bodies])

    assert [message.body for message in line.arrived()] == bodies


def test_large_messages_are_sent_whatever_their_sum(line: Line) -> None:
    bodies = [letter * 100_000 for letter in "abcde"]

    assert line.queue.send([OutgoingMessage(body) for body in bodies]) == {}

    assert sorted(message.body for message in line.arrived()) == bodies


def test_deferring_what_is_not_in_flight_is_no_error(line: Line) -> None:
    line.queue.defer({f"receipt-{number}": 5 for number in range(12)})
    line.queue.defer({})
