"""The state machine function over emulated AWS: records in, answer, letters, messages and rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from boto3.dynamodb.types import TypeSerializer

from bench.record import Context
from cloudseam.clock import Clock, SystemClock
from cloudseam.delivery import Delivery
from cloudseam.outcome import Fate, Outcome
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.stack import Stack
from state_machine import app, wiring
from tests.emulated import EmulatedAws

MAX_RECEIVES = 8

_numbers = count(1)


@dataclass
class StateMachineFunction:
    """The function, with a table and queues of its own and a folder of machines."""

    aws: EmulatedAws
    machines: Path
    table: str
    tasks_url: str
    events_url: str
    letters_url: str
    container_tasks_url: str
    outcomes: list[Outcome] = field(default_factory=list)

    def put_machine(self, name: str, text: str) -> None:
        """Writes a machine's file."""
        (self.machines / f"{name}.yml").write_text(text)

    def put_row(self, row: Mapping[str, Any]) -> None:
        """Puts a row straight into the table."""
        item = {name: TypeSerializer().serialize(value) for name, value in row.items()}
        self.aws.dynamodb.put_item(TableName=self.table, Item=item)

    def invoke(self, event: Mapping[str, Any]) -> list[str]:
        """Calls the handler; the ids of the records that have to come again."""
        answer = app.lambda_handler(dict(event), Context())
        return [failed["itemIdentifier"] for failed in answer["batchItemFailures"]]

    def sweep(self) -> dict[str, Any]:
        """Calls the handler as its schedule does."""
        return dict(app.lambda_handler({"sweep": True}, Context()))

    def deliver(self, *deliveries: Delivery) -> list[Outcome]:
        """Calls the handler with these deliveries as its records; what became of each.

        The fate of each outcome is as the queues show it, not as the function says.
        """
        del self.outcomes[:]
        returned = self.invoke({"Records": [a_record(delivery) for delivery in deliveries]})
        lettered = [letter["attributes"]["messageId"] for letter in self.letters()]
        fates = [_fate(delivery.message_id, returned, lettered) for delivery in deliveries]
        assert [outcome.fate for outcome in self.outcomes] == fates
        return list(self.outcomes)

    def tasks(self) -> list[dict[str, Any]]:
        """The task messages since the last look."""
        return [json.loads(message["Body"]) for message in self.aws.received(self.tasks_url)]

    def container_tasks(self) -> list[dict[str, Any]]:
        """The messages of container tasks since the last look."""
        return [
            json.loads(message["Body"]) for message in self.aws.received(self.container_tasks_url)
        ]

    def letters(self) -> list[dict[str, Any]]:
        """The dead letters since the last look: body and attributes."""
        return [
            {
                "body": message["Body"],
                "attributes": {
                    name: attribute["StringValue"]
                    for name, attribute in message.get("MessageAttributes", {}).items()
                },
            }
            for message in self.aws.received(self.letters_url)
        ]

    def stack(self, stack_id: str = "s") -> Stack | None:
        """The stack as it is stored."""
        store = DynamoDBStackRepository(self.aws.dynamodb, self.table)
        return store.load([stack_id]).stacks.get(stack_id)


def a_record(delivery: Delivery) -> dict[str, Any]:
    """A delivery as a record of an SQS event."""
    return {
        "messageId": delivery.message_id,
        "receiptHandle": delivery.receipt,
        "body": delivery.body,
        "attributes": {
            "ApproximateReceiveCount": str(delivery.receive_count),
            "SentTimestamp": "1700000000000",
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": "1700000000001",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:stack-events",
        "awsRegion": "us-east-1",
    }


def _fate(message_id: str, returned: Sequence[str], lettered: Sequence[str]) -> Fate:
    assert not (message_id in returned and message_id in lettered), "returned and dead-lettered"
    if message_id in returned:
        return Fate.RETURNED
    return Fate.DEAD_LETTERED if message_id in lettered else Fate.DONE


@contextmanager
def state_machine_function(
    aws: EmulatedAws, machines: Path, clock: Clock | None = None, **settings: str
) -> Iterator[StateMachineFunction]:
    """The function with everything new around it, and the system's clock unless one is given."""
    function = StateMachineFunction(
        aws, machines, aws.table(), aws.queue(), aws.queue(), aws.queue(), aws.queue()
    )
    environment = {
        "MACHINE_LOCATOR": "LOCAL_FS",
        "MACHINE_SPEC_DIR": str(machines),
        "SQS_TASK_QUEUE_URL": function.tasks_url,
        "SQS_CONTAINER_TASK_QUEUE_URL": function.container_tasks_url,
        "SQS_EVENT_QUEUE_URL": function.events_url,
        "SQS_EVENT_DLQ_URL": function.letters_url,
        "MAX_RECEIVE_COUNT": str(MAX_RECEIVES),
        "DYNAMODB_TABLE": function.table,
        "DYNAMODB_WRITES": "single",  # moto knows no other
    }
    forget_container()
    with (
        patch.dict("os.environ", environment | settings),
        patch.object(app, "observers", [function.outcomes.append]),
        patch.object(wiring, "SystemClock", lambda: clock or SystemClock()),
    ):
        yield function
    forget_container()


def forget_container() -> None:
    """What a new container starts without: settings, clients, parsed machines."""
    parts = (app.settings, app.store, app.machines, app.service, app.sweep, app.dead_letters)
    for made in (*parts, wiring._sqs):
        made.cache_clear()
