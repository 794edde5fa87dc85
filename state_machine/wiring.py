"""Ports and adapters of the state machine function, put together from its settings."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from cloudseam.locators.folder import FolderMachineLocator

from cloudseam.clock import SystemClock
from cloudseam.dead_letters import DeadLetters
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
    """The service over DynamoDB, SQS and a folder of machines."""
    return StackService(
        stacks=DynamoDBStackRepository(
            boto3.client("dynamodb", config=CLIENT), settings.dynamodb_table
        ),
        machines=FolderMachineLocator(settings.machine_spec_dir),
        tasks=SqsQueue(_sqs(), settings.task_queue_url),
        clock=SystemClock(),
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
