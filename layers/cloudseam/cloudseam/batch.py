"""A Lambda batch, given to its handler as a whole, each record with an outcome of its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    FailureResponse,
    SuccessResponse,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from cloudseam.delivery import Delivery

BatchHandler = Callable[[Sequence[Delivery]], Sequence[Exception | None]]


class WholeBatchProcessor(BatchProcessor):
    """Powertools' batch processor, but the handler is called once, with all records.

    The handler returns for each record the error that sends it back to the queue, or None.
    """

    def __init__(self) -> None:
        super().__init__(EventType.SQS, raise_on_entire_batch_failure=False)

    def process(self) -> list[tuple[Any, ...]]:
        """See `BatchProcessor.process`."""
        records = [SQSRecord(record) for record in self.records]
        errors = self.handler([delivery_of(record) for record in records])
        return [self._settled(record, error) for record, error in zip(records, errors, strict=True)]

    def _settled(
        self, record: SQSRecord, error: Exception | None
    ) -> SuccessResponse | FailureResponse:
        if error is None:
            return self.success_handler(record=record, result=None)
        return self.failure_handler(record=record, exception=(type(error), error, None))


def delivery_of(record: SQSRecord) -> Delivery:
    """The delivery that a record of an SQS event holds."""
    return Delivery(
        message_id=record.message_id,
        body=record.body,
        receive_count=int(record.attributes.get("ApproximateReceiveCount") or 1),
        receipt=record.receipt_handle,
    )


def answer_batch(event: Mapping[str, Any], handler: BatchHandler) -> PartialItemFailureResponse:
    """Lambda's answer for an SQS event: the records that have to come again, and no others."""
    return process_partial_response(dict(event), handler, WholeBatchProcessor())
