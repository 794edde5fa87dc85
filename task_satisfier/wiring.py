"""Ports and adapters of the task satisfier function, put together from its settings."""

import logging
import os
import pwd
import socket

from cloudseam.clock import SystemClock
from cloudseam.dead_letters import DeadLetters
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.persistence import ClaimRepository
from cloudseam.persistence.store import open_store
from cloudseam.queues.sqs import SqsQueue
from task_satisfier.attempt import Attempts, Unclaimed
from task_satisfier.clients import sqs_client
from task_satisfier.executors.registry import ExecutorRegistry, SkippingRegistry
from task_satisfier.satisfier import TaskSatisfier
from task_satisfier.settings import TaskSatisfierSettings

logger = logging.getLogger("cloudseam.satisfier")


def build_satisfier(settings: TaskSatisfierSettings) -> TaskSatisfier:
    """The satisfier over SQS and the executors there are."""
    return TaskSatisfier(
        SkippingRegistry() if settings.skip_execution else ExecutorRegistry(settings),
        SqsQueue(sqs_client(), settings.event_queue_url, settings.tenant),
        build_attempts(settings),
        sensitive_keys=settings.sensitive_keys,
        margin=settings.timeout_margin,
        at_once=settings.tasks_at_once,
    )


def build_attempts(settings: TaskSatisfierSettings) -> Attempts:
    """Attempts claimed in the store, where the settings name one."""
    claims: ClaimRepository = Unclaimed()
    stacks = None
    if settings.dynamodb_table or settings.postgres_secret:
        store = open_store(settings)
        claims, stacks = store.claims, store.stacks
    else:
        logger.warning("Tasks are not claimed: neither DYNAMODB_TABLE nor a secret is set")
    return Attempts(
        claims,
        stacks,
        SystemClock(),
        ThreadHeartbeat(),
        place=place_of_this_process(),
        lease_ms=settings.lease * 1000,
    )


def place_of_this_process() -> str:
    """User and host as `user@host`, which is how Terraform names the holder of a lock."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = os.environ.get("USER", "")
    return f"{user}@{socket.gethostname()}"


def build_dead_letters(settings: TaskSatisfierSettings) -> DeadLetters:
    """Dead letters on SQS, as far as the settings name the queues."""
    letters, source = settings.dead_letter_queue_url, settings.task_queue_url
    return DeadLetters(
        letters=SqsQueue(sqs_client(), letters) if letters else None,
        source=SqsQueue(sqs_client(), source) if source else None,
        max_receives=settings.max_receive_count,
    )
