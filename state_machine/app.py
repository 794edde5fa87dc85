"""The state machine function: a batch of records in, the ones to be tried again out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from cloudseam.batch import answer_batch
from cloudseam.dead_letters import DeadLetters
from cloudseam.delivery import Delivery
from cloudseam.errors import CloudSeamError
from cloudseam.locators import SnapshotMachineLocator
from cloudseam.observability import log_event, observed
from cloudseam.outcome import Fate, Outcome
from cloudseam.persistence.store import Store
from cloudseam.service import StackService
from state_machine import snapshot, wiring
from state_machine.settings import StateMachineSettings
from state_machine.sources import Source, source_of
from state_machine.sweeping import rest_of_sweep, run_sweep

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from cloudseam.sweep import Sweep

# Called with each outcome, after it has been logged: `cloudseam dev` shows transitions this way.
observers: list[Callable[[Outcome], None]] = []


@cache
def settings() -> StateMachineSettings:
    """The settings of this container, read on first use."""
    return StateMachineSettings.from_environment(os.environ)


@cache
def store() -> Store:
    """The store of this container."""
    return wiring.build_store(settings())


@cache
def machines() -> SnapshotMachineLocator:
    """The machines that this container knows."""
    return wiring.build_machines(settings())


@cache
def service() -> StackService:
    """The service of this container, built on first use so that importing needs nothing."""
    return wiring.build_service(settings(), store(), machines())


@cache
def dead_letters() -> DeadLetters:
    """What this container does with events that fail."""
    return wiring.build_dead_letters(settings())


@cache
def sweep() -> Sweep:
    """The sweep of this container."""
    return wiring.build_sweep(settings(), store(), service())


@observed
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Mapping[str, Any]:
    """Handles an SQS event; see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.

    An event that says `sweep`, as a schedule sends it, has all stacks that wait looked at. Events
    of Kinesis, DynamoDB Streams, SNS and EventBridge are read by `state_machine.sources`.
    """

    def time_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    if isinstance(event, dict) and "sweep" in event:
        return run_sweep(sweep(), wiring.build_event_queue(settings()), time_left, tell)
    source = source_of(event)
    if source is not None:
        return handle_source(source, event)
    return answer_batch(event, lambda deliveries: handle(deliveries, time_left))


def handle(
    deliveries: Sequence[Delivery], time_left: Callable[[], float]
) -> list[Exception | None]:
    """For each delivery the error that sends it back to the queue, or None."""
    events, unswept = [], []
    for delivery in deliveries:
        after = rest_of_sweep(delivery.body)
        if after is None:
            events.append(delivery)
            continue
        try:
            run_sweep(sweep(), wiring.build_event_queue(settings()), time_left, tell, after)
        except CloudSeamError as error:  # the events beside it must not fail with it
            unswept.append(Outcome(delivery, error=error))
    outcomes = dead_letters().settle([*service().handle_batch(events), *unswept])
    for outcome in outcomes:
        tell(outcome)
    failed = {
        outcome.delivery.message_id: outcome.error
        for outcome in outcomes
        if outcome.fate is Fate.RETURNED
    }
    return [failed.get(delivery.message_id) for delivery in deliveries]


def handle_source(source: Source, event: dict[str, Any]) -> Mapping[str, Any]:
    """Handles an event that has not come by the queue; see `sources.answer.answer_source`."""
    from state_machine.sources.answer import answer_source

    letters = wiring.build_source_letters(settings())
    return answer_source(
        source,
        event,
        lambda deliveries: letters.settle(service().handle_batch(deliveries)),
        wiring.build_event_queue(settings()),
        wiring.now() - settings().stream_patience,
        tell,
    )


def tell(outcome: Outcome) -> None:
    """Logs and counts what became of an event, and lets observers know."""
    log_event(outcome)
    for observer in observers:
        observer(outcome)


def prepare() -> None:
    """Builds what events need, for Lambda's snapshot. No store is asked and no queue."""
    for build in (service, dead_letters, sweep):
        build()
    snapshot.read_machines(machines())


snapshot.register_hooks(os.environ, prepare)
