"""Queues, table and bucket that both functions need, under names that never change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cloudseam_cli.embedded_aws import ACCOUNT
from cloudseam_cli.local.client import emulator_client

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

EVENT_QUEUE = "cloudseam-events"
TASK_QUEUE = "cloudseam-tasks"
DEAD = "-dead"
TABLE = "Stacks"
CONTEXT_BUCKET = "cloudseam-contexts"

# The functions dead-letter a message themselves, with its reason, well before this receive.
RECEIVES = 20
# Kept up while a handler runs, so it only says how soon a message of a killed one comes back.
VISIBILITY_SECONDS = 30
# SQS keeps a message for 14 days at most (developer guide, "Message quotas").
RETENTION_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Resources:
    """Where everything is on the emulator at an endpoint."""

    endpoint: str
    event_queue: str
    event_dead_letters: str
    task_queue: str
    task_dead_letters: str
    table: str = TABLE
    context_bucket: str = CONTEXT_BUCKET

    @classmethod
    def at(cls, endpoint: str) -> Self:
        """What `create` makes there; whether it is there is not asked."""
        base = f"{endpoint}/{ACCOUNT}"
        return cls(
            endpoint=endpoint,
            event_queue=f"{base}/{EVENT_QUEUE}",
            event_dead_letters=f"{base}/{EVENT_QUEUE}{DEAD}",
            task_queue=f"{base}/{TASK_QUEUE}",
            task_dead_letters=f"{base}/{TASK_QUEUE}{DEAD}",
        )

    def create(self) -> None:
        """Creates all of it."""
        sqs = emulator_client("sqs", self.endpoint)
        for name in (EVENT_QUEUE, TASK_QUEUE):
            _create_queue(sqs, name)
        emulator_client("dynamodb", self.endpoint).create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        emulator_client("s3", self.endpoint).create_bucket(Bucket=self.context_bucket)


def _create_queue(sqs: SQSClient, name: str) -> None:
    """A queue and the dead-letter queue behind it."""
    retention = str(RETENTION_SECONDS)
    dead = sqs.create_queue(
        QueueName=name + DEAD, Attributes={"MessageRetentionPeriod": retention}
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": str(RECEIVES)}
    sqs.create_queue(
        QueueName=name,
        Attributes={
            "MessageRetentionPeriod": retention,
            "VisibilityTimeout": str(VISIBILITY_SECONDS),
            "RedrivePolicy": json.dumps(policy),
        },
    )
