"""A Lambda batch, given to its handler as a whole, each record with an outcome of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cloudseam.delivery import Delivery

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse

BatchHandler = Callable[[Sequence[Delivery]], Sequence[Exception | None]]


def answer_batch(event: Mapping[str, Any], handler: BatchHandler) -> PartialItemFailureResponse:
    """Lambda's answer for an SQS event: the records that have to come again, and no others.

    The handler is called once, with all records. It returns for each the error that sends it
    back to the queue, or None.
    """
    records = event.get("Records") or ()
    errors = handler([delivery_of(record) for record in records]) if records else ()
    if records and list(errors) == [None] * len(records):
        return {"batchItemFailures": []}
    # Powertools' batch processor brings asyncio and the classes of all events there are: a
    # container whose batches work never waits for their import.
    from cloudseam.partial_failure import answer_with_failures

    return answer_with_failures(event, errors)


def delivery_of(record: Mapping[str, Any]) -> Delivery:
    """The delivery that a record of an SQS event holds."""
    return Delivery(
        message_id=record["messageId"],
        body=record["body"],
        receive_count=int(record["attributes"].get("ApproximateReceiveCount") or 1),
        receipt=record["receiptHandle"],
    )
