"""Letters are looked at without being taken, whatever ends the look."""

from collections.abc import Iterator

import pytest

from cloudseam_cli.dead_letters.dead_letter_queue import DeadLetterQueue
from cloudseam_cli.unreachable import NoTargetError
from tests.emulated import EmulatedAws, emulated_aws


@pytest.fixture
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def url(aws: EmulatedAws) -> str:
    return aws.queue()


def letters_of(aws: EmulatedAws, url: str) -> DeadLetterQueue:
    return DeadLetterQueue(aws.sqs, "event", url, wait_seconds=0)


def put(aws: EmulatedAws, url: str, *bodies: str) -> None:
    for body in bodies:
        aws.sqs.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageAttributes={"reason": {"DataType": "String", "StringValue": f"why {body}"}},
        )


def visible(aws: EmulatedAws, url: str) -> int:
    answer = aws.sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def test_all_letters_are_read_once_and_are_given_back(aws: EmulatedAws, url: str) -> None:
    bodies = {str(number) for number in range(25)}
    put(aws, url, *bodies)

    with letters_of(aws, url) as queue:
        found = queue.read()
        assert visible(aws, url) == 0
        assert queue.read() == []

    assert {letter.body for letter in found} == bodies
    assert [letter.sent_at for letter in found] == sorted(letter.sent_at for letter in found)
    assert all(letter.sent_at > 0 for letter in found)
    assert {letter.reason for letter in found} == {f"why {body}" for body in bodies}
    assert visible(aws, url) == 25


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_letters_are_given_back_whatever_ends_the_look(
    error: type[BaseException], aws: EmulatedAws, url: str
) -> None:
    put(aws, url, "a", "b")

    def broken() -> None:
        with letters_of(aws, url) as queue:
            queue.read()
            raise error

    with pytest.raises(error):
        broken()

    assert visible(aws, url) == 2


def test_what_is_removed_is_gone_and_the_rest_is_given_back(aws: EmulatedAws, url: str) -> None:
    put(aws, url, *map(str, range(15)))

    with letters_of(aws, url) as queue:
        found = queue.read()
        assert queue.remove(found[:12]) == set()

    assert visible(aws, url) == 3
    with letters_of(aws, url) as queue:
        assert {letter.body for letter in queue.read()} == {each.body for each in found[12:]}


def test_what_could_not_be_removed_is_told(
    aws: EmulatedAws, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(aws, url, "a", "b")
    failed = {"Failed": [{"Id": "1", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}]}

    with letters_of(aws, url) as queue:
        found = queue.read()
        monkeypatch.setattr(aws.sqs, "delete_message_batch", lambda **request: failed)
        assert queue.remove(found) == {found[1].message_id}


def test_letters_of_another_reader_are_counted(aws: EmulatedAws, url: str) -> None:
    put(aws, url, "a", "b", "c")
    aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=60)

    with letters_of(aws, url) as queue:
        assert len(queue.read()) == 2
        assert queue.hidden() == 1


def test_a_queue_that_is_not_there_is_told(aws: EmulatedAws, url: str) -> None:
    with (
        pytest.raises(NoTargetError, match="The dead letters were not read"),
        letters_of(aws, f"{url}-not-there") as queue,
    ):
        queue.read()
