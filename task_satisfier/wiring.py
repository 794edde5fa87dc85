"""Ports and adapters of the task satisfier function, put together from its settings."""

from cloudseam.dead_letters import DeadLetters
from cloudseam.queues.sqs import SqsQueue
from task_satisfier.clients import sqs_client
from task_satisfier.executors.registry import ExecutorRegistry, SkippingRegistry
from task_satisfier.satisfier import TaskSatisfier
from task_satisfier.settings import TaskSatisfierSettings


def build_satisfier(settings: TaskSatisfierSettings) -> TaskSatisfier:
    """The satisfier over SQS and the executors there are."""
    return TaskSatisfier(
        SkippingRegistry() if settings.skip_execution else ExecutorRegistry(settings),
        SqsQueue(sqs_client(), settings.event_queue_url),
        sensitive_keys=settings.sensitive_keys,
        margin=settings.timeout_margin,
    )


def build_dead_letters(settings: TaskSatisfierSettings) -> DeadLetters:
    """Dead letters on SQS, as far as the settings name the queues."""
    letters, source = settings.dead_letter_queue_url, settings.task_queue_url
    return DeadLetters(
        letters=SqsQueue(sqs_client(), letters) if letters else None,
        source=SqsQueue(sqs_client(), source) if source else None,
        max_receives=settings.max_receive_count,
    )
