"""A dead-letter queue on SQS: its letters are looked at, and stay unless they are removed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cloudseam.queues.sqs import ENTRIES_PER_CALL, SqsQueue
from cloudseam_cli.dead_letters.letter import Letter
from cloudseam_cli.unreachable import reaching

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# How long letters are hidden from other readers, in seconds, should this process be killed; they
# are given back at its end. A letter that shows itself again meanwhile is read once all the same.
HIDDEN_SECONDS = 120


class DeadLetterQueue:
    """A context: at its end, however it comes, the letters that are still held are given back.

    `wait_seconds` is how long a receive waits for letters: with 0 SQS asks some of its servers
    only, and may find none where there are some (developer guide, "Short and long polling").
    """

    def __init__(self, client: SQSClient, what: str, url: str, *, wait_seconds: int) -> None:
        self.what = what
        self._client = client
        self._url = url
        self._wait_seconds = wait_seconds
        self._receipts: dict[str, str] = {}
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        receipts, self._receipts = self._receipts, {}
        SqsQueue(self._client, self._url).defer(dict.fromkeys(receipts.values(), 0))

    def read(self) -> list[Letter]:
        """All letters that nobody else holds and that were not read before, the oldest first.

        Raises:
            NoTargetError: the queue does not answer.
        """
        letters: list[Letter] = []
        while fresh := self._fresh():
            letters += fresh
        return sorted(letters, key=lambda letter: letter.sent_at)

    def remove(self, letters: Sequence[Letter]) -> set[str]:
        """Takes letters off the queue for good; the ids of those that it could not take off."""
        failed: set[str] = set()
        rest = iter(letters)
        while chunk := list(islice(rest, ENTRIES_PER_CALL)):
            failed |= self._delete(chunk)
        for letter in letters:
            if letter.message_id not in failed:
                self._receipts.pop(letter.message_id, None)
        return failed

    def hidden(self) -> int:
        """About how many letters other readers hold at the moment.

        Raises:
            NoTargetError: the queue does not answer.
        """
        with reaching("The dead letters were not counted"):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
            )
        found = int(answer["Attributes"]["ApproximateNumberOfMessagesNotVisible"])
        return max(0, found - len(self._receipts))

    def _fresh(self) -> list[Letter]:
        """The new letters of one receive; none once the first ones show themselves again."""
        messages = self._received()
        fresh = [each for each in messages if each["MessageId"] not in self._seen]
        for message in messages:
            self._receipts[message["MessageId"]] = message["ReceiptHandle"]
            self._seen.add(message["MessageId"])
        return [Letter.received(self.what, message) for message in fresh]

    def _received(self) -> list[MessageTypeDef]:
        with reaching("The dead letters were not read"):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=ENTRIES_PER_CALL,
                VisibilityTimeout=HIDDEN_SECONDS,
                WaitTimeSeconds=self._wait_seconds,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        return answer.get("Messages", [])

    def _delete(self, letters: Sequence[Letter]) -> set[str]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.delete_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(n), "ReceiptHandle": self._receipts[letter.message_id]}
                    for n, letter in enumerate(letters)
                ],
            )
        except (BotoCoreError, ClientError):
            return {letter.message_id for letter in letters}
        return {letters[int(entry["Id"])].message_id for entry in answer.get("Failed", [])}
