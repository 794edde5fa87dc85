"""The original's DynamoDB table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.finding import Severity
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence.adoption import MARKER_ID
from cloudseam.persistence.dynamodb.batch_read import read_all
from cloudseam.persistence.dynamodb.items import CONDITION_FAILED, item_of, row_of, unavailable
from cloudseam.persistence.row import UnreadableRowError, from_row
from cloudseam_cli.takeover.found_row import FoundRow, nameless_tasks, row_text
from cloudseam_cli.takeover.remark import About, Remark

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import ScanInputTypeDef

WRITES_AT_ONCE = 8
KEY = [{"AttributeName": "id", "KeyType": "HASH"}]


class DynamoDBPlace:
    """See `Place`. Versions are added to rows, which are not written anew: whatever the original
    writes at the same moment stays, and has no version.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def rows(self) -> Iterator[FoundRow]:
        """See `Place.rows`."""
        request: ScanInputTypeDef = {"TableName": self._table, "ConsistentRead": True}
        while True:
            try:
                answer = self._client.scan(**request)
            except (ClientError, BotoCoreError) as error:
                raise unavailable("read the stacks", error) from error
            for item in answer["Items"]:
                if not item["id"]["S"].startswith(RESERVED_ID_PREFIX):
                    yield _found(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def remarks(self) -> Sequence[Remark]:
        """See `Place.remarks`."""
        try:
            table = self._client.describe_table(TableName=self._table)["Table"]
            ttl = self._client.describe_time_to_live(TableName=self._table)
        except (ClientError, BotoCoreError) as error:
            raise unavailable("describe the table", error) from error
        remarks = []
        if table["KeySchema"] != KEY or _key_type(table["AttributeDefinitions"]) != "S":
            remarks.append(
                self._remark("its key is not `id`, a text.", "Name the original's table.", True)
            )
        if ttl["TimeToLiveDescription"].get("AttributeName") != "ttl":
            remarks.append(
                self._remark(
                    "rows that are to end by themselves would stay for ever.",
                    f"aws dynamodb update-time-to-live --table-name {self._table} "
                    "--time-to-live-specification Enabled=true,AttributeName=ttl",
                )
            )
        return remarks

    def adopted_at(self) -> int | None:
        """See `Place.adopted_at`."""
        found = read_all(self._client, self._table, [MARKER_ID], "read who has the table")
        return next((row_of(item)["adoptedAt"] for item in found), None)

    def take_over(self, rows: Sequence[FoundRow]) -> Sequence[str]:
        """See `Place.take_over`."""
        with ThreadPoolExecutor(WRITES_AT_ONCE) as pool:
            taken = list(pool.map(lambda row: self._take_over(row.id), rows))
        return [row.id for row, is_taken in zip(rows, taken, strict=True) if not is_taken]

    def seal(self, now: int) -> bool:
        """See `Place.seal`."""
        if any(not row.is_ours for row in self.rows()):
            return False
        self._write(
            self._client.put_item,
            Item=item_of({"id": MARKER_ID, "adoptedAt": now}),
            ConditionExpression="attribute_not_exists(id)",
        )
        return True

    def release(self) -> int:
        """See `Place.release`."""
        self._write(self._client.delete_item, Key={"id": {"S": MARKER_ID}})
        tombstones = [row.id for row in self.rows() if row.stack and row.stack.is_removed]
        for stack_id in tombstones:
            self._write(
                self._client.delete_item,
                Key={"id": {"S": stack_id}},
                ConditionExpression="attribute_exists(removedAt)",
            )
        return len(tombstones)

    def _take_over(self, stack_id: str) -> bool:
        """Whether the row is ours now; one that is gone is not."""
        return self._write(
            self._client.update_item,
            Key={"id": {"S": stack_id}},
            UpdateExpression="SET version = :one, epoch = if_not_exists(epoch, :zero)",
            ConditionExpression="attribute_exists(id) AND attribute_not_exists(version)",
            ExpressionAttributeValues={":one": {"N": "1"}, ":zero": {"N": "0"}},
        )

    def _write(self, call: Any, **request: Any) -> bool:
        """Whether the write's condition held."""
        try:
            call(TableName=self._table, **request)
        except (ClientError, BotoCoreError) as error:
            if error_name(error) == CONDITION_FAILED:
                return False
            raise unavailable("change the stacks", error) from error
        return True

    def _remark(self, problem: str, fix: str, blocks: bool = False) -> Remark:
        severity = Severity.ERROR if blocks else Severity.WARNING
        return Remark(About.STORE, self._table, problem, fix, severity, blocks)


def _found(item: dict[str, Any]) -> FoundRow:
    stack_id = item["id"]["S"]
    try:
        row = row_of(item)
        return FoundRow(stack_id, row_text(row), from_row(row), nameless=nameless_tasks(row))
    except UnreadableRowError as error:
        return FoundRow(stack_id, row_text(item), None, str(error))


def _key_type(attributes: Sequence[Any]) -> str:
    return next((each["AttributeType"] for each in attributes if each["AttributeName"] == "id"), "")
