"""Stacks in a DynamoDB table: consistent reads, conditional writes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.errors import CloudSeamError, ServiceUnavailableError
from cloudseam.history import Entry
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import Loaded
from cloudseam.persistence.adoption import foreign_write
from cloudseam.persistence.dynamodb.batch_read import pages, read_all, read_page
from cloudseam.persistence.dynamodb.batched_writes import BatchedWrites
from cloudseam.persistence.dynamodb.commits import Commit, commit_of
from cloudseam.persistence.dynamodb.items import row_of, unavailable
from cloudseam.persistence.dynamodb.logs import log_id, of_last_life
from cloudseam.persistence.dynamodb.marker import AdoptionMarker
from cloudseam.persistence.dynamodb.single_writes import SingleWrites, history_id
from cloudseam.persistence.history_row import entries_from_text
from cloudseam.persistence.log_row import events_of
from cloudseam.persistence.memory_rows import piece_ids
from cloudseam.persistence.row import UnreadableRowError, from_row
from cloudseam.stack import Stack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import ScanInputTypeDef

READS_AT_ONCE = 8

logger = logging.getLogger(__name__)


class DynamoDBStackRepository:
    """See `cloudseam.persistence.StackRepository`.

    The commits of a batch are one call, if `batched`; those with their history never are, since
    each is a transaction.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        full_history: bool = False,
        batched: bool = True,
    ) -> None:
        self._client = client
        self._table = table
        self._marker = AdoptionMarker(client, table)
        single = SingleWrites(client, table, full_history=full_history)
        is_batched = batched and not full_history
        self._writes = BatchedWrites(client, table, single) if is_batched else single

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        asked = list(pages(stack_ids))
        if len(asked) < 2:
            found = [self._load(ids) for ids in asked]
        else:
            with ThreadPoolExecutor(min(len(asked), READS_AT_ONCE)) as pool:
                found = list(pool.map(self._load, asked))
        stacks = {name: stack for loaded in found for name, stack in loaded.stacks.items()}
        return Loaded(stacks, {k: v for loaded in found for k, v in loaded.failures.items()})

    def _load(self, ids: Sequence[str]) -> Loaded:
        try:
            items, unread = read_page(self._client, self._table, ids)
        except (ClientError, BotoCoreError) as error:
            return Loaded(failures=dict.fromkeys(ids, unavailable("read the stacks", error)))
        stacks: dict[str, Stack] = {}
        failures: dict[str, CloudSeamError] = dict.fromkeys(
            unread, unavailable("read the stacks", None)
        )
        for item in items:
            try:
                stacks[item["id"]["S"]] = from_row(self._whole(row_of(item)))
            except (UnreadableRowError, ServiceUnavailableError) as error:
                failures[item["id"]["S"]] = error
        refused = self._refused([name for name, stack in stacks.items() if not stack.version])
        kept = {name: stack for name, stack in stacks.items() if name not in refused}
        return Loaded(kept, failures | refused)

    def _whole(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with what is kept beside it, which costs a read; most rows have nothing there."""
        pieces = row.get("memoryPieces")
        if not pieces:
            return row
        ids = piece_ids(row["id"], row["version"], pieces)
        items = read_all(self._client, self._table, ids, "read the memory of a stack")
        found = {item["id"]["S"]: row_of(item).get("memory") for item in items}
        texts = [found.get(each) for each in ids]
        if not all(texts):  # another commit has just taken their place
            raise unavailable("have the memory of a stack any more", None)
        return row | {"memory": "".join(map(str, texts))}

    def _refused(self, unversioned: Sequence[str]) -> dict[str, CloudSeamError]:
        """Rows without a version are the original's, until its installation was taken over."""
        try:
            if unversioned and self._marker.is_there():
                return {stack_id: foreign_write(stack_id) for stack_id in unversioned}
        except ServiceUnavailableError as error:
            return dict.fromkeys(unversioned, error)
        return {}

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        made = {stack.id: commit_of(stack) for stack in stacks}
        commits = [commit for commit in made.values() if isinstance(commit, Commit)]
        failures = {name: made for name, made in made.items() if not isinstance(made, Commit)}
        return {**failures, **self._writes.write(commits)}

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """See `StackRepository.scan`. What a language keeps beside the row is left out."""
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
        ids = [history_id(stack_id, number) for number in commits]
        items = read_all(self._client, self._table, ids, "read the history")
        rows = {item["id"]["S"]: row_of(item) for item in items}
        return [
            entry
            for number, row_id in zip(commits, ids, strict=True)
            if row_id in rows
            for entry in entries_from_text(stack_id, number, rows[row_id].get("entries"))
        ]

    def log(self, stack_id: str, version: int) -> Sequence[Mapping[str, Any]]:
        """See `StackRepository.log`. Ids are known as those of the history are; a further piece
        of a commit's log costs a further read."""
        ids = {log_id(stack_id, number): number for number in range(1, version + 1)}
        rows = of_last_life(self._log_rows(list(ids)))
        more = [
            log_id(stack_id, number, piece)
            for row_id, number in ids.items()
            if row_id in rows
            for piece in range(1, rows[row_id].get("pieces", 1))
        ]
        rows |= self._log_rows(more)
        return [
            event
            for row_id, number in ids.items()
            if row_id in rows
            for event in events_of(stack_id, number, _log_text(rows, stack_id, number))
        ]

    def _log_rows(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        items = read_all(self._client, self._table, ids, "read the log")
        return {item["id"]["S"]: row_of(item) for item in items}

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


def _log_text(rows: Mapping[str, Mapping[str, Any]], stack_id: str, version: int) -> str:
    """The text of one commit, of all its pieces; what is missing leaves no JSON."""
    pieces = range(rows[log_id(stack_id, version)].get("pieces", 1))
    found = (rows.get(log_id(stack_id, version, piece), {}) for piece in pieces)
    return "".join(str(row.get("events", "")) for row in found)


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
