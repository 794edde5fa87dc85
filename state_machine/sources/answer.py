"""An event of a source that is not the event queue, from its records to the answer for Lambda."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cloudseam.batch import InvalidInvocationError
from cloudseam.delivery import Delivery
from cloudseam.errors import ServiceUnavailableError
from cloudseam.outcome import Fate, Outcome
from cloudseam.queues import Queue
from state_machine.sources import Source
from state_machine.sources.waiting import hand_over, is_shards

Settle = Callable[[Sequence[Delivery]], Sequence[Outcome]]


def answer_source(
    source: Source,
    event: Mapping[str, Any],
    settle: Settle,
    events: Queue | None,
    keeps_order_since: float,
    tell: Callable[[Outcome], None],
) -> Mapping[str, Any]:
    """Lambda's answer: of a stream, the records that have to come again.

    `settle` handles deliveries, with dead letters. What is to be tried later, and has no place in
    a shard that came since that moment (epoch seconds), goes to `events`; `tell` is called with
    each outcome.

    Raises:
        InvalidInvocationError: a record is not as its source makes it.
        ServiceUnavailableError: the event of a source that is no stream was neither applied nor
            put on the queue. Lambda calls again, twice.
    """
    records = _records(source, event, keeps_order_since)
    outcomes = _handed_over(
        settle([record for record in records if record is not None]),
        events,
        stays=is_shards if source.is_stream else lambda _: False,
    )
    for outcome in outcomes:
        tell(outcome)
    failed = {
        outcome.delivery.message_id: outcome.error
        for outcome in outcomes
        if outcome.fate is Fate.RETURNED
    }
    if not failed:
        return {"batchItemFailures": []}
    if not source.is_stream:
        # Lambda logs what is raised: nothing of the event is in it.
        raise ServiceUnavailableError("The event could not be handled; the log says why.")
    return _come_again(
        source, event, [failed.get(each.message_id) if each else None for each in records]
    )


def _records(
    source: Source, event: Mapping[str, Any], keeps_order_since: float
) -> list[Delivery | None]:
    try:
        return list(_read(source, event, keeps_order_since))
    except (AttributeError, KeyError, TypeError, ValueError):  # its text may hold a value
        raise InvalidInvocationError(
            f"The event says that it is one of {source}, and has not the records of one."
        ) from None


def _read(
    source: Source, event: Mapping[str, Any], keeps_order_since: float
) -> Iterable[Delivery | None]:
    """A delivery for each record that holds an event. Each source is imported when it is read."""
    if source is Source.KINESIS:
        from state_machine.sources import kinesis

        return kinesis.read(event, keeps_order_since)
    if source is Source.DYNAMODB:
        from state_machine.sources import dynamodb

        return dynamodb.read(event, keeps_order_since)
    if source is Source.SNS:
        from state_machine.sources import sns

        return sns.read(event)
    from state_machine.sources import event_bridge

    return event_bridge.read(event)


def _handed_over(
    outcomes: Sequence[Outcome], events: Queue | None, stays: Callable[[Outcome], bool]
) -> list[Outcome]:
    """The outcomes in order, with those QUEUED that wait on the queue."""
    going = [
        position
        for position, outcome in enumerate(outcomes)
        if outcome.fate is Fate.RETURNED and not stays(outcome)
    ]
    settled = list(outcomes)
    handed = hand_over([outcomes[position] for position in going], events)
    for position, outcome in zip(going, handed, strict=True):
        settled[position] = outcome
    return settled


def _come_again(
    source: Source, event: Mapping[str, Any], errors: Sequence[Exception | None]
) -> Mapping[str, Any]:
    from aws_lambda_powertools.utilities.batch import EventType

    from cloudseam.partial_failure import answer_with_failures

    kinds = {
        Source.KINESIS: EventType.KinesisDataStreams,
        Source.DYNAMODB: EventType.DynamoDBStreams,
    }
    return answer_with_failures(event, errors, kinds[source])
