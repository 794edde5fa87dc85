"""Whether the table was taken over from the original CloudSeam; asked only where it matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudseam.persistence.adoption import MARKER_ID
from cloudseam.persistence.dynamodb.batch_read import read_all

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class AdoptionMarker:
    """Remembers that it was there. Costs one read for each batch that asks before it is."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table
        self._is_there = False

    def is_there(self) -> bool:
        """Whether a row without a version is another program's.

        Raises:
            ServiceUnavailableError: DynamoDB did not answer.
        """
        if not self._is_there:
            found = read_all(self._client, self._table, [MARKER_ID], "read who has the table")
            self._is_there = any(True for _ in found)
        return self._is_there
