"""Notices new messages on dead-letter queues, whoever put them there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cloudseam_cli.dead_letters.letter import Letter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# A look hides what it finds from others for so long, in seconds.
HIDDEN_SECONDS = 2
MAX_LOOKS = 20


class DeadLetterWatch:
    """Looks at queues, given by what their messages are. The letters stay where they are."""

    def __init__(self, client: SQSClient, queues: Mapping[str, str]) -> None:
        self._client = client
        self._queues = queues
        self._seen: dict[str, set[str]] = {what: set() for what in queues}
        # How many of those are still there: they may be redriven.
        self._there = dict.fromkeys(queues, 0)

    def look(self) -> Iterator[Letter]:
        """The letters that were not there at the last look."""
        for what, url in self._queues.items():
            count = self._count(url)
            self._there[what] = min(self._there[what], count)
            if count > self._there[what]:
                yield from self._new(what, url)

    def _new(self, what: str, url: str) -> Iterator[Letter]:
        for _ in range(MAX_LOOKS):
            messages = self._receive(url)
            if not messages:
                return
            for message in messages:
                if message["MessageId"] not in self._seen[what]:
                    self._seen[what].add(message["MessageId"])
                    self._there[what] += 1
                    yield Letter.received(what, message)

    def _receive(self, url: str) -> list[MessageTypeDef]:
        answer = self._client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def _count(self, url: str) -> int:
        answer = self._client.get_queue_attributes(
            QueueUrl=url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )
        return sum(map(int, answer["Attributes"].values()))
