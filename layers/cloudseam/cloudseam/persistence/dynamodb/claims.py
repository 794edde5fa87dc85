"""Claims in a DynamoDB table, each a row of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.claim import Claim
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import TOMBSTONE_SECONDS, ClaimTakenError
from cloudseam.persistence.claim_row import claim_of, row_of_claim
from cloudseam.persistence.dynamodb.items import CONDITION_FAILED, item_of, row_of, unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PREFIX = f"{RESERVED_ID_PREFIX}claim#"
# BatchGetItem takes at most 100 keys (API reference).
KEYS_PER_READ = 100


class DynamoDBClaimRepository:
    """See `cloudseam.persistence.ClaimRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def take(self, claim: Claim, now: int) -> Claim | None:
        """See `ClaimRepository.take`."""
        former = self._put(claim, "attribute_not_exists(id)", {})
        if former is None:
            return None
        if former.is_free(now):
            held = {":owner": {"S": former.owner}, ":until": {"N": str(former.until)}}
            rival = self._put(claim.after(former), "#owner = :owner AND #until = :until", held)
            if rival is None:
                return former
            former = rival
        raise ClaimTakenError(former)

    def renew(self, claim: Claim) -> bool:
        """See `ClaimRepository.renew`."""
        held = {":owner": {"S": claim.owner}}
        try:
            return self._put(claim, "#owner = :owner", held) is None
        except _GoneError:
            return False

    def release(self, claim: Claim) -> None:
        """See `ClaimRepository.release`."""
        try:
            self._client.delete_item(
                TableName=self._table,
                Key={"id": {"S": PREFIX + claim.key}},
                ConditionExpression="#owner = :owner",
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": {"S": claim.owner}},
            )
        except (ClientError, BotoCoreError) as error:
            if error_name(error) != CONDITION_FAILED:
                raise unavailable("give back a claim", error) from error

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """See `ClaimRepository.find`."""
        starts = range(0, len(keys), KEYS_PER_READ)
        parts = (self._find(keys[start : start + KEYS_PER_READ]) for start in starts)
        return {claim.key: claim for claims in parts for claim in claims}

    def _find(self, keys: Sequence[str]) -> Iterator[Claim]:
        left: Any = {"Keys": [{"id": {"S": PREFIX + key}} for key in keys], "ConsistentRead": True}
        while left:
            try:
                answer = self._client.batch_get_item(RequestItems={self._table: left})
            except (ClientError, BotoCoreError) as error:
                raise unavailable("read claims", error) from error
            yield from (_claim(item) for item in answer["Responses"].get(self._table, []))
            left = answer.get("UnprocessedKeys", {}).get(self._table)

    def _put(self, claim: Claim, condition: str, values: dict[str, Any]) -> Claim | None:
        """Writes the claim on a condition; the one that is there, if it does not hold."""
        row = row_of_claim(claim) | {
            "id": PREFIX + claim.key,
            "ttl": claim.until // 1000 + TOMBSTONE_SECONDS,
        }
        named = {name: name[1:] for name in ("#owner", "#until") if name in condition}
        request: dict[str, Any] = {
            "TableName": self._table,
            "Item": item_of(row),
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if named:
            request |= {"ExpressionAttributeNames": named, "ExpressionAttributeValues": values}
        try:
            self._client.put_item(**request)
        except (ClientError, BotoCoreError) as error:
            if error_name(error) != CONDITION_FAILED:
                raise unavailable("write a claim", error) from error
            there: Any = error.response.get("Item") if isinstance(error, ClientError) else None
            if not there:
                raise _GoneError from None
            return _claim(there)
        return None


class _GoneError(Exception):
    """There is no claim of that key."""


def _claim(item: Mapping[str, Any]) -> Claim:
    return claim_of(row_of(item))
