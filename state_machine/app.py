"""The state machine function: a batch of SQS records in, the ones to be tried again out."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from cloudseam.batch import answer_batch
from cloudseam.dead_letters import DeadLetters
from cloudseam.delivery import Delivery
from cloudseam.observability import log_event, observed
from cloudseam.outcome import Fate, Outcome
from cloudseam.service import StackService
from state_machine import wiring
from state_machine.settings import StateMachineSettings

# Called with each outcome, after it has been logged: `cloudseam dev` shows transitions this way.
observers: list[Callable[[Outcome], None]] = []


@cache
def settings() -> StateMachineSettings:
    """The settings of this container, read on first use."""
    return StateMachineSettings.from_environment(os.environ)


@cache
def service() -> StackService:
    """The service of this container, built on first use so that importing needs nothing."""
    return wiring.build_service(settings())


@cache
def dead_letters() -> DeadLetters:
    """What this container does with events that fail."""
    return wiring.build_dead_letters(settings())


@observed
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Handles an SQS event; see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    return answer_batch(event, handle)


def handle(deliveries: Sequence[Delivery]) -> list[Exception | None]:
    """For each delivery the error that sends it back to the queue, or None."""
    outcomes = dead_letters().settle(service().handle_batch(deliveries))
    for outcome in outcomes:
        log_event(outcome)
        for observer in observers:
            observer(outcome)
    return [outcome.error if outcome.fate is Fate.RETURNED else None for outcome in outcomes]
