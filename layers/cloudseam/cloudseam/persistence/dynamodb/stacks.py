"""Stacks in a DynamoDB table: consistent reads, conditional writes."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import CloudSeamError, StackConflictError, StackTooLargeError
from cloudseam.history import Entry
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import Loaded
from cloudseam.persistence.dynamodb.items import CONDITION_FAILED, item_of, row_of, unavailable
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

# BatchGetItem takes at most 100 keys (API reference).
KEYS_PER_READ = 100
READ_ATTEMPTS = 5
WRITES_AT_ONCE = 16

logger = logging.getLogger(__name__)


class DynamoDBStackRepository:
    """See `cloudseam.persistence.StackRepository`.

    A row of the original has no version: it is taken over by the first commit that finds it
    still without one.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        stacks: dict[str, Stack] = {}
        failures: dict[str, CloudSeamError] = {}
        for start in range(0, len(stack_ids), KEYS_PER_READ):
            ids = stack_ids[start : start + KEYS_PER_READ]
            try:
                items, unread = self._read(ids)
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
        """See `StackRepository.history`."""
        return ()

    def _read(self, stack_ids: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
        """The items there are, and the ids that DynamoDB left unprocessed to the end."""
        items: list[dict[str, Any]] = []
        left = list(stack_ids)
        for attempt in range(READ_ATTEMPTS):
            if attempt:
                time.sleep(random.uniform(0, 0.05 * 2**attempt))
            answer = self._client.batch_get_item(
                RequestItems={
                    self._table: {
                        "Keys": [{"id": {"S": stack_id}} for stack_id in left],
                        "ConsistentRead": True,
                    }
                }
            )
            items += answer["Responses"].get(self._table, [])
            unread = answer.get("UnprocessedKeys", {}).get(self._table)
            left = [str(key["id"]["S"]) for key in unread["Keys"]] if unread else []
            if not left:
                break
        return items, left

    def _put(self, stack: Stack) -> CloudSeamError | None:
        try:
            row = to_row(stack)
            refuse_oversize(stack, len(json.dumps(row)))
            self._client.put_item(**self._commit(stack, row))
        except CloudSeamError as error:
            return error
        except ClientError as error:
            return _refused(stack, error)
        except BotoCoreError as error:
            return unavailable("write the stacks", error)
        except (ArithmeticError, TypeError, ValueError) as error:
            return _unwritable(stack, error)
        return None

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
    code = error_name(error)
    if code == CONDITION_FAILED:
        return StackConflictError(
            f"Stack '{stack.id}' was changed by another writer.", stack_id=stack.id
        )
    if code == "ValidationException":
        refused = StackTooLargeError(
            f"DynamoDB refused the row of stack '{stack.id}' as invalid.", stack_id=stack.id
        )
        refused.__cause__ = error
        return refused
    return unavailable("write the stacks", error)


def _unwritable(stack: Stack, error: Exception) -> UnwritableRowError:
    unwritable = UnwritableRowError(
        f"Stack '{stack.id}' holds a value that DynamoDB cannot keep ({type(error).__name__}).",
        stack_id=stack.id,
    )
    unwritable.__cause__ = error
    return unwritable
