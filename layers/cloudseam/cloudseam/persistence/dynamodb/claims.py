"""Claims in a DynamoDB table, each a row of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.claim import Claim
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam.persistence.claim_row import claim_of, row_of_claim
from cloudseam.persistence.dynamodb.batch_read import read_all
from cloudseam.persistence.dynamodb.items import CONDITION_FAILED, item_of, row_of, unavailable
from cloudseam.persistence.taking import ClaimChangedError, take_claim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef

PREFIX = f"{RESERVED_ID_PREFIX}claim#"

UNCLAIMED = "attribute_not_exists(id)"
OWNED = "#owner = :owner"
# As it was when it had run out: neither renewed, nor taken by another, nor marked as done since.
UNCHANGED = "#owner = :owner AND #until = :until AND attribute_not_exists(#done)"


class DynamoDBClaimRepository:
    """See `cloudseam.persistence.ClaimRepository`."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def take(self, claim: Claim, now: int) -> Claim | None:
        """See `ClaimRepository.take`."""
        return take_claim(claim, now, self._put)

    def renew(self, claim: Claim) -> bool:
        """See `ClaimRepository.renew`."""
        held = {":owner": {"S": claim.owner}}
        try:
            return self._write(claim, OWNED, held) is None
        except ClaimChangedError:
            return False

    def release(self, claim: Claim) -> None:
        """See `ClaimRepository.release`."""
        try:
            self._client.delete_item(
                TableName=self._table,
                Key={"id": {"S": PREFIX + claim.key}},
                ConditionExpression=OWNED,
                ExpressionAttributeNames={"#owner": "owner"},
                ExpressionAttributeValues={":owner": {"S": claim.owner}},
            )
        except (ClientError, BotoCoreError) as error:
            if error_name(error) != CONDITION_FAILED:
                raise unavailable("give back a claim", error) from error

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """See `ClaimRepository.find`."""
        ids = [PREFIX + key for key in dict.fromkeys(keys)]
        claims = map(_claim, read_all(self._client, self._table, ids, "read the claims"))
        return {claim.key: claim for claim in claims}

    def _put(self, claim: Claim, former: Claim | None) -> Claim | None:
        """Writes the claim in the former one's place, or where there is none."""
        if former is None:
            return self._write(claim, UNCLAIMED, {})
        held = {":owner": {"S": former.owner}, ":until": {"N": str(former.until)}}
        return self._write(claim, UNCHANGED, held)

    def _write(self, claim: Claim, condition: str, values: dict[str, Any]) -> Claim | None:
        """Writes the claim on a condition; the one that is there, if it does not hold.

        Raises:
            ClaimChangedError: the condition does not hold, as there is none.
            ServiceUnavailableError: DynamoDB did not answer.
        """
        row = row_of_claim(claim) | {
            "id": PREFIX + claim.key,
            "ttl": claim.until // 1000 + TOMBSTONE_SECONDS,
        }
        request: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": item_of(row),
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        names = {name: name[1:] for name in ("#owner", "#until", "#done") if name in condition}
        if names:
            request["ExpressionAttributeNames"] = names
            request["ExpressionAttributeValues"] = values
        try:
            self._client.put_item(**request)
        except (ClientError, BotoCoreError) as error:
            if error_name(error) != CONDITION_FAILED:
                raise unavailable("write a claim", error) from error
            there: Any = error.response.get("Item") if isinstance(error, ClientError) else None
            if not there:
                raise ClaimChangedError from None
            return _claim(there)
        return None


def _claim(item: Mapping[str, Any]) -> Claim:
    return claim_of(row_of(item))
