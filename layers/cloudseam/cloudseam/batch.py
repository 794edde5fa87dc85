"""A Lambda batch, given to its handler as a whole, each record with an outcome of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cloudseam.delivery import Delivery
from cloudseam.errors import TerminalError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

NO_BATCH = (
    "This function takes an event of SQS: `Records`, each with `messageId`, `receiptHandle`, "
    "`body` and `attributes`. Send messages to its queue, instead of invoking it."
)

BatchHandler = Callable[[Sequence[Delivery]], Sequence[Exception | None]]


class InvalidInvocationError(TerminalError):
    """The function was invoked with something else than an event of SQS."""


def answer_batch(event: Mapping[str, Any], handler: BatchHandler) -> PartialItemFailureResponse:
    """Lambda's answer for an SQS event: the records that have to come again, and no others.

    The handler is called once, with all records. It returns for each the error that sends it
    back to the queue, or None.

    Raises:
        InvalidInvocationError: it is no SQS event, which says nothing of what it is.
    """
    records = records_of(event)
    errors = handler([delivery_of(record) for record in records])
    if list(errors) == [None] * len(records):
        return {"batchItemFailures": []}
    # Powertools' batch processor brings asyncio and the classes of all events there are: a
    # container whose batches work never waits for their import.
    from cloudseam.partial_failure import answer_with_failures

    return answer_with_failures(event, errors)


def records_of(event: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The records of an SQS event.

    Raises:
        InvalidInvocationError: it has none.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records:
        raise InvalidInvocationError(NO_BATCH)
    return records


def delivery_of(record: Mapping[str, Any]) -> Delivery:
    """The delivery that a record of an SQS event holds.

    Raises:
        InvalidInvocationError: it is a record of something else.
    """
    try:
        delivery = Delivery(
            message_id=record["messageId"],
            body=record["body"],
            receive_count=int(record["attributes"].get("ApproximateReceiveCount") or 1),
            receipt=record["receiptHandle"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise InvalidInvocationError(NO_BATCH) from None
    texts = (delivery.message_id, delivery.body, delivery.receipt)
    if not all(isinstance(text, str) for text in texts):
        raise InvalidInvocationError(NO_BATCH)
    return delivery
