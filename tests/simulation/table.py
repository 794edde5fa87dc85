"""Stacks as DynamoDB keeps them: the adapter itself, over a table in memory. Each call is an I/O.

What a machine's language keeps of a stack and tells of a commit is in rows beside the stack's own.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError
from greenlet import getcurrent

from cloudseam.errors import CloudSeamError, StackConflictError
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import Loaded
from cloudseam.persistence.dynamodb.items import row_of
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.memory_rows import piece_ids
from cloudseam.persistence.row import from_row, to_row
from cloudseam.stack import Stack
from tests.simulation.faults import FAILURES, Kind
from tests.simulation.ports import Stored
from tests.simulation.record import Record
from tests.simulation.world import Strand, World

NAME = "stacks"
Item = dict[str, Any]


class Table:
    """The calls of DynamoDB that are made, over items in memory.

    `written` is told of each row of a stack that was put, as soon as it is there.
    """

    def __init__(self, world: World, written: Callable[[str], None]) -> None:
        self.items: dict[str, Item] = {}
        self._world = world
        self._written = written

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # AWS's names
        """See BatchGetItem."""
        ids = [key["id"]["S"] for key in RequestItems[NAME]["Keys"]]
        kind = self._enter(f"read {ids[0]}")
        found = [dict(self.items[each]) for each in ids if each in self.items]
        self._leave(kind)
        return {"Responses": {NAME: found}}

    def put_item(self, **put: Any) -> None:
        """See PutItem."""
        kind = self._enter(f"write {put['Item']['id']['S']}")
        self._put([put])
        self._leave(kind)

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> None:
        """See TransactWriteItems."""
        puts = [each["Put"] for each in TransactItems]
        kind = self._enter(f"write {' '.join(put['Item']['id']['S'] for put in puts)}")
        self._put(puts)
        self._leave(kind)

    def scan(self, **scan: Any) -> dict[str, Any]:
        """See Scan. What its filter would leave out the adapter leaves out again."""
        kind = self._enter("scan")
        after = scan.get("ExclusiveStartKey", {}).get("id", {}).get("S", "")
        found = [dict(self.items[each]) for each in sorted(self.items) if each > after]
        self._leave(kind)
        return {"Items": [item for item in found if "_state" in item]}

    def expire(self, now: int) -> list[str]:
        """Takes away what has expired (epoch ms); the ids."""
        gone = [
            name for name, item in self.items.items() if "ttl" in item and _ttl(item) * 1000 <= now
        ]
        for name in gone:
            del self.items[name]
        return gone

    def _put(self, puts: Sequence[Mapping[str, Any]]) -> None:
        """All of them or none."""
        for put in puts:
            if not _may_put(self.items.get(put["Item"]["id"]["S"], {}), put):
                raise _refused("ConditionalCheckFailedException")
        for put in puts:
            self.items[put["Item"]["id"]["S"]] = dict(put["Item"])
        for put in puts:
            name = put["Item"]["id"]["S"]
            if not name.startswith(RESERVED_ID_PREFIX):
                self._written(name)

    def _enter(self, what: str) -> Kind | None:
        """A call, up to its effect. Who looks on from outside makes none."""
        kind = self._world.enter(what) if isinstance(getcurrent(), Strand) else None
        if kind in (Kind.FAIL_BEFORE, Kind.FAIL_PARTLY):
            raise _refused("InternalServerError")
        return kind

    def _leave(self, kind: Kind | None) -> None:
        self._world.leave(kind)
        if kind in FAILURES:
            raise _refused("InternalServerError")


def _may_put(there: Item, put: Mapping[str, Any]) -> bool:
    match put.get("ConditionExpression"):
        case None:
            return True
        case "attribute_not_exists(version)":
            return "version" not in there
        case "version = :read":
            return bool(there.get("version") == put["ExpressionAttributeValues"][":read"])
    raise AssertionError(f"no condition that is known here: {put['ConditionExpression']}")


def _ttl(item: Item) -> int:
    return int(item["ttl"]["N"])


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "Simulated"}}, "Call")


class TableStacks:
    """See `cloudseam.persistence.StackRepository`: that of DynamoDB. Notes each commit."""

    def __init__(self, world: World, record: Record) -> None:
        self.table = Table(world, self._written)
        self.rows = DynamoDBStackRepository(self.table, NAME, batched=False)  # type: ignore[arg-type]  # the calls that are made
        self._world = world
        self._record = record
        self._stored = Stored(world, record)
        self._saving: dict[str, Stack] = {}
        self._last: dict[str, Stack] = {}

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        self._world.process().taken.clear()
        return self.rows.load(stack_ids)

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`. One after the other, where the adapter would have threads."""
        failures: dict[str, CloudSeamError] = {}
        for stack in stacks:
            self._saving[self._world.process().name] = stack
            failures |= self.rows.save([stack])
        self._record.conflicts += sum(
            isinstance(error, StackConflictError) for error in failures.values()
        )
        return failures

    def __getattr__(self, name: str) -> Any:
        """Everything else as the adapter has it."""
        return getattr(self.rows, name)

    def expire(self, now: int) -> None:
        """Takes away what has expired by now (epoch ms)."""
        for name in self.table.expire(now):
            self._last.pop(name, None)

    def beside(self) -> list[tuple[str, int]]:
        """The rows beside those of stacks: their ids, and when they expire, 0 if never."""
        return [
            (name, _ttl(item) if "ttl" in item else 0)
            for name, item in self.table.items.items()
            if name.startswith(RESERVED_ID_PREFIX)
        ]

    def _has(self, item_id: str) -> bool:
        return item_id in self.table.items

    def _written(self, stack_id: str) -> None:
        """Notes a commit, by what is in the table now."""
        written = self._saving[self._world.process().name]
        row, asked = row_of(self.table.items[stack_id]), to_row(written)
        pieces = row.pop("memoryPieces", 0)
        if pieces:
            ids = piece_ids(stack_id, row["version"], pieces)
            texts = [self.table.items[each]["memory"]["S"] for each in ids if self._has(each)]
            row["memory"] = "".join(texts) if len(texts) == pieces else asked["memory"]
            self._record.spilled += 1
        text = json.dumps({name: row[name] for name in asked if name in row})
        after = from_row(row)
        self._stored.note(written, self._last.get(stack_id), after, text)
        self._last[stack_id] = after
