"""Ports and adapters of the state machine function, put together from its settings."""

import os
from functools import cache
from typing import TYPE_CHECKING

from cloudseam.aws import is_local, make_client, names_endpoint
from cloudseam.clock import SystemClock
from cloudseam.dead_letters import DeadLetters
from cloudseam.locators import MachineLocator
from cloudseam.locators.folder import FolderMachineLocator
from cloudseam.persistence import StackRepository
from cloudseam.persistence.dynamodb import DynamoDBStackRepository
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.queues.sqs import SqsQueue
from cloudseam.service import StackService
from state_machine.settings import StateMachineSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

# The database of compose.yaml, as the original CloudSeam has it.
LOCAL_DATABASE = FixedCredentials(Credentials("cloudseam", "cloudseam", "db", "cloudseam"))


def build_service(settings: StateMachineSettings) -> StackService:
    """The service over a store, SQS, and machines of a folder or a bucket."""
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
            make_client("s3"),
            settings.machine_bucket,
            settings.machine_key,
            refresh=settings.machine_refresh,
        )
    return FolderMachineLocator(settings.machine_spec_dir or "")


def build_stacks(settings: StateMachineSettings) -> StackRepository:
    """PostgreSQL where there is a secret for it, DynamoDB otherwise."""
    if settings.postgres_secret:
        return _postgres(settings, settings.postgres_secret)
    return DynamoDBStackRepository(make_client("dynamodb"), settings.dynamodb_table)


def _postgres(settings: StateMachineSettings, secret: str) -> StackRepository:
    # pg8000 and Powertools' parameters take 0.3 s to import: DynamoDB's users do not wait for them.
    from cloudseam.persistence.postgres.connection import PostgresConnection
    from cloudseam.persistence.postgres.secret import PostgresSecret
    from cloudseam.persistence.postgres.stacks import PostgresStackRepository

    if is_local(os.environ) and not names_endpoint("secrets_manager", os.environ):
        return PostgresStackRepository(
            PostgresConnection(LOCAL_DATABASE, tls=settings.postgres_tls or "off")
        )
    source = PostgresSecret(secret, make_client("secretsmanager"))
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
    client: SQSClient = make_client("sqs")
    return client
