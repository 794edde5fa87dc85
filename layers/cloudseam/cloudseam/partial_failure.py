"""The answer for a batch of which some records failed, made by Powertools."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    FailureResponse,
    SuccessResponse,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse


class SettledBatchProcessor(BatchProcessor):
    """Powertools' batch processor for records that have been handled, each with its error."""

    def __init__(self, kind: EventType, errors: Sequence[Exception | None]) -> None:
        super().__init__(kind, raise_on_entire_batch_failure=False)
        self._errors = errors

    def process(self) -> list[tuple[Any, ...]]:
        """See `BatchProcessor.process`."""
        settled = zip(self.records, self._errors, strict=True)
        return [
            self._settled(self._to_batch_type(record, self.event_type), error)
            for record, error in settled
        ]

    def _settled(self, record: Any, error: Exception | None) -> SuccessResponse | FailureResponse:
        if error is None:
            return self.success_handler(record=record, result=None)
        return self.failure_handler(record=record, exception=(type(error), error, None))


def answer_with_failures(
    event: Mapping[str, Any],
    errors: Sequence[Exception | None],
    kind: EventType = EventType.SQS,
) -> PartialItemFailureResponse:
    """Lambda's answer for an event of a queue, or of a stream, whose records met these errors.

    Raises:
        UnexpectedBatchTypeError: it is an event of another kind.
        ValueError: there is not one error, or None, for each record.
    """
    processor = SettledBatchProcessor(kind, errors)
    return process_partial_response(dict(event), lambda record: None, processor)
