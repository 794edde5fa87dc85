"""Items read by their ids, a page at a time: consistently, and again what was left unprocessed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.persistence.dynamodb.items import unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# BatchGetItem takes at most 100 keys (API reference).
KEYS_PER_READ = 100
READ_ATTEMPTS = 5


def pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """The ids, as many at a time as one read takes."""
    for start in range(0, len(ids), KEYS_PER_READ):
        yield ids[start : start + KEYS_PER_READ]


def read_page(
    client: DynamoDBClient, table: str, ids: Sequence[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The items there are, and the ids that DynamoDB left unprocessed to the end.

    Raises:
        ClientError, BotoCoreError: the read failed.
    """
    items: list[dict[str, Any]] = []
    left = list(ids)
    for attempt in range(READ_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
        keys = [{"id": {"S": item_id}} for item_id in left]
        answer = client.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        items += answer["Responses"].get(table, [])
        unread = answer.get("UnprocessedKeys", {}).get(table)
        left = [str(key["id"]["S"]) for key in unread["Keys"]] if unread else []
        if not left:
            break
    return items, left


def read_all(
    client: DynamoDBClient, table: str, ids: Sequence[str], what: str
) -> Iterator[dict[str, Any]]:
    """The items there are; `what` says what could not be done, such as `read the claims`.

    Raises:
        ServiceUnavailableError: not all of them could be read.
    """
    for page in pages(ids):
        try:
            items, unread = read_page(client, table, page)
        except (ClientError, BotoCoreError) as error:
            raise unavailable(what, error) from error
        if unread:
            raise unavailable(what, None)
        yield from items
