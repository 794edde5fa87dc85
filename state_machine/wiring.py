"""Ports and adapters of the state machine function, put together from its settings."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from cloudseam.clock import SystemClock
from cloudseam.dead_letters import DeadLetters
from cloudseam.locators import MachineLocator
from cloudseam.locators.folder import FolderMachineLocator
from cloudseam.persistence import StackRepository
from cloudseam.persistence.dynamodb import DynamoDBStackRepository
from cloudseam.queues.sqs import SqsQueue
from cloudseam.service import StackService
from state_machine.settings import StateMachineSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# One connection for each write or send that may be under way at once.
CLIENT = Config(
    connect_timeout=3,
    read_timeout=10,
    max_pool_connections=32,
    retries={"mode": "standard", "max_attempts": 3},
    tcp_keepalive=True,
)


def build_service(settings: StateMachineSettings) -> StackService:
    """The service over a store, SQS and a folder of machines."""
    return StackService(
        stacks=build_stacks(settings),
        machines=build_machines(settings),
        tasks=SqsQueue(_sqs(), settings.task_queue_url),
        clock=SystemClock(),
    )


def build_machines(settings: StateMachineSettings) -> MachineLocator:
    """Machines from a bucket, or from a folder."""
    if settings.machine_bucket and settings.machine_locator == "S3":
        from cloudseam.locators.s3 import S3MachineLocator

        return S3MachineLocator(
            boto3.client("s3", config=CLIENT),
            settings.machine_bucket,
            settings.machine_key,
            refresh=settings.machine_refresh,
        )
    return FolderMachineLocator(settings.machine_spec_dir or "")


def build_stacks(settings: StateMachineSettings) -> StackRepository:
    """PostgreSQL where there is a secret for it, DynamoDB otherwise."""
    if settings.postgres_secret:
        return _postgres(settings, settings.postgres_secret)
    return DynamoDBStackRepository(boto3.client("dynamodb", config=CLIENT), settings.dynamodb_table)


def _postgres(settings: StateMachineSettings, secret: str) -> StackRepository:
    # pg8000 and Powertools' parameters take 0.3 s to import: DynamoDB's users do not wait for them.
    from cloudseam.persistence.postgres import PostgresStackRepository
    from cloudseam.persistence.postgres_connection import PostgresConnection
    from cloudseam.persistence.postgres_secret import PostgresSecret

    source = PostgresSecret(secret, boto3.client("secretsmanager", config=CLIENT))
    return PostgresStackRepository(
        PostgresConnection(source, tls=settings.postgres_tls, ca_file=settings.postgres_ca_file)
    )


def build_dead_letters(settings: StateMachineSettings) -> DeadLetters:
    """Dead letters on SQS, as far as the settings name the queues."""
    letters, source = settings.dead_letter_queue_url, settings.event_queue_url
    return DeadLetters(
        letters=SqsQueue(_sqs(), letters) if letters else None,
        source=SqsQueue(_sqs(), source) if source else None,
        max_receives=settings.max_receive_count,
    )


@cache
def _sqs() -> "SQSClient":
    return boto3.client("sqs", config=CLIENT)
