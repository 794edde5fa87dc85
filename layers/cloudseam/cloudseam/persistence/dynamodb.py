"""Stacks in a DynamoDB table with the key `id`: consistent reads, conditional writes."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import (
    CloudSeamError,
    ServiceUnavailableError,
    StackConflictError,
    StackTooLargeError,
)
from cloudseam.limits import MAX_INTEGER, RESERVED_ID_PREFIX
from cloudseam.persistence import Loaded
from cloudseam.persistence.row import (
    UnreadableRowError,
    UnwritableRowError,
    from_row,
    refuse_oversize,
    to_row,
    unreadable,
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
                failures |= dict.fromkeys(ids, _unavailable("read", error))
                continue
            failures |= dict.fromkeys(unread, _unavailable("read", None))
            for item in items:
                try:
                    stacks[item["id"]["S"]] = from_row(_row(item))
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
        for item in self._items(_filter(machine, state)):
            if not item["id"]["S"].startswith(RESERVED_ID_PREFIX):
                try:
                    yield from_row(_row(item))
                except UnreadableRowError as error:
                    logger.warning("%s", error)

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
            return _unavailable("write", error)
        except (ArithmeticError, TypeError, ValueError) as error:
            return _unwritable(stack, error)
        return None

    def _commit(self, stack: Stack, row: Mapping[str, Any]) -> PutItemInputTypeDef:
        commit: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": _item(row),
            "ConditionExpression": "attribute_not_exists(version)",
        }
        if stack.version:
            commit["ConditionExpression"] = "version = :read"
            commit["ExpressionAttributeValues"] = {":read": {"N": str(stack.version)}}
        return commit

    def _items(self, scan: dict[str, Any]) -> Iterator[dict[str, Any]]:
        request: ScanInputTypeDef = {"TableName": self._table, **scan}  # type: ignore[typeddict-item]
        while True:
            try:
                answer = self._client.scan(**request)
            except (ClientError, BotoCoreError) as error:
                raise _unavailable("read", error) from error
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
    if code == "ConditionalCheckFailedException":
        return StackConflictError(
            f"Stack '{stack.id}' was changed by another writer.", stack_id=stack.id
        )
    if code == "ValidationException":
        refused = StackTooLargeError(
            f"DynamoDB refused the row of stack '{stack.id}' as invalid.", stack_id=stack.id
        )
        refused.__cause__ = error
        return refused
    return _unavailable("write", error)


def _unwritable(stack: Stack, error: Exception) -> UnwritableRowError:
    unwritable = UnwritableRowError(
        f"Stack '{stack.id}' holds a value that DynamoDB cannot keep ({type(error).__name__}).",
        stack_id=stack.id,
    )
    unwritable.__cause__ = error
    return unwritable


def _unavailable(what: str, error: Exception | None) -> ServiceUnavailableError:
    reason = error_name(error) if error else "keys left unprocessed"
    unavailable = ServiceUnavailableError(f"DynamoDB did not {what} the stacks: {reason}.")
    unavailable.__cause__ = error
    return unavailable


_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serializer.serialize(_decimals(value)) for name, value in row.items()}


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {name: _plain(_deserializer.deserialize(value)) for name, value in item.items()}
    except TypeError as error:
        raise unreadable(item["id"]["S"], str(error)) from None


def _decimals(value: Any) -> Any:
    """The value with floats as DynamoDB takes them: as the decimal they are written as."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: _decimals(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_decimals(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    """The value as JSON has it. Sets and bytes are not of a row of ours, nor of the original."""
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    raise TypeError("it holds a set or bytes")


def _number(value: Decimal) -> int | float:
    """DynamoDB has one kind of number. A whole one is an int, unless it came from a float."""
    whole = value == value.to_integral_value() and value.copy_abs() < MAX_INTEGER
    return int(value) if whole else float(value)
