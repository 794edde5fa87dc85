"""AWS emulated in this process: tables and queues of their own for each test."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from moto import mock_aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

REGION = "us-east-1"

_numbers = count(1)


@dataclass
class EmulatedAws:
    """Clients of the emulated services. Made once: loading a service's model takes long."""

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The client for DynamoDB."""
        return boto3.client("dynamodb")

    @cached_property
    def sqs(self) -> "SQSClient":
        """The client for SQS."""
        return boto3.client("sqs")

    def table(self) -> str:
        """The name of a new table with the key `id`."""
        name = f"Stacks-{next(_numbers)}"
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def queue(self) -> str:
        """The URL of a new queue."""
        return self.sqs.create_queue(QueueName=f"queue-{next(_numbers)}")["QueueUrl"]

    def received(self, url: str) -> list["MessageTypeDef"]:
        """Everything on a queue, with its attributes; the queue is empty afterwards."""
        return received(self.sqs, url)

    def items(self, table: str) -> dict[str, dict[str, Any]]:
        """All items of a small table, by id, in DynamoDB's own notation."""
        items = self.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
        return {item["id"]["S"]: dict(item) for item in items}


def received(client: "SQSClient", url: str) -> list["MessageTypeDef"]:
    """Everything on a queue, with its attributes; the queue is empty afterwards."""
    messages: list[MessageTypeDef] = []
    while answer := client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    ).get("Messages"):
        messages += answer
        for message in answer:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages


@contextmanager
def emulated_aws() -> Iterator[EmulatedAws]:
    """AWS in this process. Nothing of the environment's own settings for AWS gets through."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with patch.dict(os.environ, kept | {"AWS_DEFAULT_REGION": REGION}, clear=True), mock_aws():
        yield EmulatedAws()
