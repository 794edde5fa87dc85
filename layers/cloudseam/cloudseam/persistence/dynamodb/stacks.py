"""Stacks in a DynamoDB table: consistent reads, conditional writes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import CloudSeamError, StackConflictError, StackTooLargeError
from cloudseam.history import Entry
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import Loaded
from cloudseam.persistence.dynamodb.batch_read import pages, read_all, read_page
from cloudseam.persistence.dynamodb.items import CONDITION_FAILED, item_of, row_of, unavailable
from cloudseam.persistence.history_row import entries_from_text, entries_text
from cloudseam.persistence.row import (
    UnreadableRowError,
    UnwritableRowError,
    from_row,
    refuse_oversize,
    to_row,
)
from cloudseam.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef, ScanInputTypeDef

WRITES_AT_ONCE = 16
HISTORY_PREFIX = f"{RESERVED_ID_PREFIX}history#"
# Another writer was first, or is writing at this moment (API reference, TransactWriteItems:
# reasons in `CancellationReasons`; PutItem meets the transaction of another as an error).
LOST_RACES = {
    CONDITION_FAILED,
    "ConditionalCheckFailed",
    "TransactionConflict",
    "TransactionConflictException",
}
INVALID = {"ValidationException", "ValidationError"}

logger = logging.getLogger(__name__)


class DynamoDBStackRepository:
    """See `cloudseam.persistence.StackRepository`.

    A row of the original has no version: it is taken over by the first commit that finds it
    still without one.
    """

    def __init__(self, client: DynamoDBClient, table: str, *, full_history: bool = False) -> None:
        self._client = client
        self._table = table
        self._keeps_history = full_history

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        stacks: dict[str, Stack] = {}
        failures: dict[str, CloudSeamError] = {}
        for ids in pages(stack_ids):
            try:
                items, unread = read_page(self._client, self._table, ids)
            except (ClientError, BotoCoreError) as error:
                failures |= dict.fromkeys(ids, unavailable("read the stacks", error))
                continue
            failures |= dict.fromkeys(unread, unavailable("read the stacks", None))
            for item in items:
                try:
                    stacks[item["id"]["S"]] = from_row(row_of(item))
                except UnreadableRowError as error:
                    failures[item["id"]["S"]] = error
        return Loaded(stacks, failures)

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        if len(stacks) < 2:
            results = [self._put(stack) for stack in stacks]
        else:
            with ThreadPoolExecutor(min(len(stacks), WRITES_AT_ONCE)) as pool:
                results = list(pool.map(self._put, stacks))
        return {
            stack.id: error
            for stack, error in zip(stacks, results, strict=True)
            if error is not None
        }

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """See `StackRepository.scan`."""
        return self._stacks(_filter(machine, state))

    def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
        """See `StackRepository.scan_unfinished`. The order is that of the table's partitions."""
        wanted: dict[str, Any] = {"FilterExpression": "attribute_exists(tasks[0])"}
        if after:
            wanted["ExclusiveStartKey"] = {"id": {"S": after}}
        for stack in self._stacks(wanted):
            if not stack.is_satisfied:
                yield stack

    def history(self, stack_id: str, version: int, limit: int) -> Sequence[Entry]:
        """See `StackRepository.history`. Versions have no gaps, so the rows' ids are known."""
        commits = range(version, max(0, version - limit), -1)
        ids = [_history_id(stack_id, number) for number in commits]
        items = read_all(self._client, self._table, ids, "read the history")
        rows = {item["id"]["S"]: row_of(item) for item in items}
        return [
            entry
            for number, row_id in zip(commits, ids, strict=True)
            if row_id in rows
            for entry in entries_from_text(stack_id, number, rows[row_id].get("entries"))
        ]

    def _put(self, stack: Stack) -> CloudSeamError | None:
        try:
            row = to_row(stack)
            refuse_oversize(stack, len(json.dumps(row)))
            self._write(stack, row)
        except CloudSeamError as error:
            return error
        except ClientError as error:
            return _refused(stack, error)
        except BotoCoreError as error:
            return unavailable("write the stacks", error)
        except (ArithmeticError, TypeError, ValueError) as error:
            return _unwritable(stack, error)
        return None

    def _write(self, stack: Stack, row: Mapping[str, Any]) -> None:
        """Writes the row; with its history, if there is any to keep, both or none."""
        commit = self._commit(stack, row)
        entries = stack.fresh_history if self._keeps_history else ()
        if not entries:
            self._client.put_item(**commit)
            return
        kept = {
            "id": _history_id(stack.id, stack.version + 1),
            "entries": entries_text(entries),
        }
        self._client.transact_write_items(
            TransactItems=[
                {"Put": commit},
                {"Put": {"TableName": self._table, "Item": item_of(kept)}},
            ]
        )

    def _commit(self, stack: Stack, row: Mapping[str, Any]) -> PutItemInputTypeDef:
        commit: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": item_of(row),
            "ConditionExpression": "attribute_not_exists(version)",
        }
        if stack.version:
            commit["ConditionExpression"] = "version = :read"
            commit["ExpressionAttributeValues"] = {":read": {"N": str(stack.version)}}
        return commit

    def _stacks(self, scan: dict[str, Any]) -> Iterator[Stack]:
        for item in self._items(scan):
            if not item["id"]["S"].startswith(RESERVED_ID_PREFIX):
                try:
                    yield from_row(row_of(item))
                except UnreadableRowError as error:
                    logger.warning("%s", error)

    def _items(self, scan: dict[str, Any]) -> Iterator[dict[str, Any]]:
        request: ScanInputTypeDef = {"TableName": self._table, **scan}  # type: ignore[typeddict-item]
        while True:
            try:
                answer = self._client.scan(**request)
            except (ClientError, BotoCoreError) as error:
                raise unavailable("read the stacks", error) from error
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _history_id(stack_id: str, version: int) -> str:
    return f"{HISTORY_PREFIX}{stack_id}#{version:012}"


def _filter(machine: str | None, state: str | None) -> dict[str, Any]:
    wanted = {"#machine": ("machine", machine), "#state": ("_state", state)}
    used = {name: pair for name, pair in wanted.items() if pair[1] is not None}
    tests = ["attribute_exists(#state)", *(f"{name} = :{name[1:]}" for name in used)]
    scan: dict[str, Any] = {
        "FilterExpression": " AND ".join(tests),
        "ExpressionAttributeNames": {"#state": "_state"}
        | {name: attribute for name, (attribute, _) in used.items()},
    }
    if used:
        values = {f":{name[1:]}": {"S": value} for name, (_, value) in used.items()}
        scan["ExpressionAttributeValues"] = values
    return scan


def _refused(stack: Stack, error: ClientError) -> CloudSeamError:
    codes = _reasons(error)
    if codes & LOST_RACES:
        return StackConflictError(
            f"Stack '{stack.id}' was changed by another writer.", stack_id=stack.id
        )
    if codes & INVALID:
        refused = StackTooLargeError(
            f"DynamoDB refused the row of stack '{stack.id}' as invalid.", stack_id=stack.id
        )
        refused.__cause__ = error
        return refused
    return unavailable("write the stacks", error)


def _reasons(error: ClientError) -> set[str]:
    """The error's code, and why each part of a transaction failed, if it was one."""
    parts: Any = error.response.get("CancellationReasons") or ()
    return {error_name(error), *(part.get("Code", "") for part in parts)}


def _unwritable(stack: Stack, error: Exception) -> UnwritableRowError:
    unwritable = UnwritableRowError(
        f"Stack '{stack.id}' holds a value that DynamoDB cannot keep ({type(error).__name__}).",
        stack_id=stack.id,
    )
    unwritable.__cause__ = error
    return unwritable
