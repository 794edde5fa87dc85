"""Commits written one call each, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import CloudSeamError
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence.dynamodb.commits import Commit, refusal
from cloudseam.persistence.dynamodb.items import item_of, unavailable
from cloudseam.persistence.history_row import entries_text
from cloudseam.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef, TransactWriteItemTypeDef

WRITES_AT_ONCE = 16
HISTORY_PREFIX = f"{RESERVED_ID_PREFIX}history#"


class SingleWrites:
    """Writes commits by PutItem, or with their history by TransactWriteItems.

    A row of the original has no version: it is taken over by the first commit that finds it
    still without one.
    """

    def __init__(self, client: DynamoDBClient, table: str, *, full_history: bool) -> None:
        self._client = client
        self._table = table
        self._keeps_history = full_history

    def write(self, commits: Sequence[Commit]) -> Mapping[str, CloudSeamError]:
        """Writes each; what failed, by stack id."""
        if len(commits) < 2:
            results = [self._write(commit) for commit in commits]
        else:
            with ThreadPoolExecutor(min(len(commits), WRITES_AT_ONCE)) as pool:
                results = list(pool.map(self._write, commits))
        return {
            commit.stack.id: error
            for commit, error in zip(commits, results, strict=True)
            if error is not None
        }

    def _write(self, commit: Commit) -> CloudSeamError | None:
        try:
            self._put(commit)
        except ClientError as error:
            return refusal(commit.stack, _codes(error), error)
        except BotoCoreError as error:
            return unavailable("write the stacks", error)
        return None

    def _put(self, commit: Commit) -> None:
        """Writes the row; with its history and what is beside it, if there is any, all or none."""
        row = self._row(commit)
        beside = [*self._history(commit.stack), *commit.beside]
        if not beside:
            self._client.put_item(**row)
            return
        puts: list[TransactWriteItemTypeDef] = [{"Put": row}]
        for kept in beside:
            puts.append({"Put": {"TableName": self._table, "Item": item_of(kept)}})
        self._client.transact_write_items(TransactItems=puts)

    def _history(self, stack: Stack) -> Iterator[dict[str, Any]]:
        """The row of what the commit adds to the full history, if that is kept."""
        entries = stack.fresh_history if self._keeps_history else ()
        if entries:
            yield {
                "id": history_id(stack.id, stack.version + 1),
                "entries": entries_text(entries),
            }

    def _row(self, commit: Commit) -> PutItemInputTypeDef:
        row: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": commit.item,
            "ConditionExpression": "attribute_not_exists(version)",
        }
        if commit.stack.version:
            row["ConditionExpression"] = "version = :read"
            row["ExpressionAttributeValues"] = {":read": {"N": str(commit.stack.version)}}
        return row


def history_id(stack_id: str, version: int) -> str:
    """The id of the row that has the history of one commit."""
    return f"{HISTORY_PREFIX}{stack_id}#{version:012}"


def _codes(error: ClientError) -> set[str]:
    """The error's code, and why each part of a transaction failed, if it was one."""
    parts: Any = error.response.get("CancellationReasons") or ()
    return {error_name(error), *(part.get("Code", "") for part in parts)}
