"""The task satisfier function: a batch of SQS records in, the ones to be tried again out."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from cloudseam.batch import answer_batch
from cloudseam.dead_letters import DeadLetters
from cloudseam.delivery import Delivery
from cloudseam.observability import observed
from cloudseam.outcome import Fate, Outcome
from task_satisfier import wiring
from task_satisfier.observability import log_task
from task_satisfier.satisfier import TaskSatisfier
from task_satisfier.settings import TaskSatisfierSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def settings() -> TaskSatisfierSettings:
    """The settings of this container, read on first use."""
    return TaskSatisfierSettings.from_environment(os.environ)


@cache
def satisfier() -> TaskSatisfier:
    """The satisfier of this container, built on first use so that importing needs nothing."""
    return wiring.build_satisfier(settings())


@cache
def dead_letters() -> DeadLetters:
    """What this container does with messages that it cannot answer."""
    return wiring.build_dead_letters(settings())


@observed
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handles an SQS event; see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""

    def time_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    return answer_batch(event, lambda deliveries: handle(deliveries, time_left))


def handle(
    deliveries: Sequence[Delivery], time_left: Callable[[], float]
) -> list[Exception | None]:
    """For each delivery the error that sends it back to the queue, or None."""
    outcomes = satisfier().handle_batch(deliveries, time_left)
    settled = dead_letters().settle([Outcome(told.delivery, error=told.error) for told in outcomes])
    for outcome, settlement in zip(outcomes, settled, strict=True):
        log_task(outcome, settlement.fate)
    return [each.error if each.fate is Fate.RETURNED else None for each in settled]
