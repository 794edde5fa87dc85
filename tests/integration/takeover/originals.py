"""Installations of the original CloudSeam: its table, and how it writes and removes rows."""

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloudseam.persistence import StackRepository
from cloudseam.persistence.dynamodb.items import item_of, row_of
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam_cli.takeover.dynamodb_place import DynamoDBPlace
from cloudseam_cli.takeover.place import Place
from cloudseam_cli.takeover.postgres_place import PostgresPlace
from tests.builders import NOW
from tests.emulated import EmulatedAws
from tests.integration.postgres.tables import ORIGINAL, ORIGINAL_REMOVE, ORIGINAL_SAVE
from tests.postgres import PostgresServer

RECORDED = Path(__file__).parents[3].parent / "shared" / "conformance" / "cloudseam"
TIMES = ("createdAt", "updatedAt")
WRITTEN = "2019-11-05 08:30:00.123"


def an_original_row(stack_id: str = "s", **fields: Any) -> dict[str, Any]:
    """A row as the original keeps it: a stack whose tasks are under way, unless `fields` say."""
    row = {
        "id": stack_id,
        "previousState": "INIT",
        "machine": "branch",
        "_state": "PROVISION",
        "tasks": [
            {"name": "network", "status": "SATISFIED"},
            {"name": "database", "status": "PENDING"},
        ],
        "metadata": {"size": 2, "odd": "ż"},
        "createdAt": NOW - 2,
        "updatedAt": NOW - 1,
    }
    return row | fields


@dataclass(frozen=True)
class Original:
    """What it does to its table, which it believes to be its own; and ours beside it."""

    place: Place
    ours: StackRepository
    save: Callable[[dict[str, Any]], object]
    remove: Callable[[str], object]
    row: Callable[[str], Any]


def on_dynamodb(request: pytest.FixtureRequest) -> Original:
    """Its table in DynamoDB."""
    aws: EmulatedAws = request.getfixturevalue("aws")
    client, table = aws.dynamodb, aws.table()

    def row(stack_id: str) -> Any:
        item = client.get_item(TableName=table, Key={"id": {"S": stack_id}}).get("Item")
        return item and row_of(item)

    return Original(
        DynamoDBPlace(client, table),
        DynamoDBStackRepository(client, table, batched=False),
        lambda row: client.put_item(TableName=table, Item=item_of(row)),
        lambda stack_id: client.delete_item(TableName=table, Key={"id": {"S": stack_id}}),
        row,
    )


def on_postgres(request: pytest.FixtureRequest) -> Original:
    """Its table in PostgreSQL, as it makes it; its rows keep their times in columns only."""
    server: PostgresServer = request.getfixturevalue("postgres")
    user = server.new_user()
    with closing(server.connect(user)) as connection:
        connection.run(ORIGINAL)
    return in_database(request, user)


def in_database(request: pytest.FixtureRequest, user: Credentials) -> Original:
    """Whatever there is in the database of that user."""
    server: PostgresServer = request.getfixturevalue("postgres")
    beside = server.connect(user)
    reading = PostgresConnection(FixedCredentials(user), on_connect=lambda connection: None)
    writing = PostgresConnection(FixedCredentials(user))
    for each in (beside, reading, writing):
        request.addfinalizer(each.close)

    def save(row: dict[str, Any]) -> None:
        kept = {name: value for name, value in row.items() if name not in TIMES}
        text = json.dumps(kept, separators=(",", ":"), ensure_ascii=False)
        beside.run(ORIGINAL_SAVE, id=row["id"], data=text, now=WRITTEN)

    def row(stack_id: str) -> Any:
        found = beside.run("SELECT data FROM stacks WHERE id = :id", id=stack_id)
        return json.loads(found[0][0]) if found else None

    return Original(
        PostgresPlace(reading, writing),
        PostgresStackRepository(writing),
        save,
        lambda stack_id: beside.run(ORIGINAL_REMOVE, id=stack_id),
        row,
    )


ORIGINALS = {"dynamodb": on_dynamodb, "postgres": on_postgres}


def recorded_rows(*, harmed: bool = True) -> list[dict[str, Any]]:
    """The rows that the original left at each step of the recordings, where those are there.

    Those of recordings that show a defect of it are `harmed`.
    """
    rows = []
    for path in sorted(RECORDED.glob("[0-9]*.json")):
        recording = json.loads(path.read_text())
        if "defects" in recording and not harmed:
            continue
        for number, step in enumerate(recording["steps"]):
            after = step.get("stack_after")
            if after and after.get("state"):
                named = {"id": f"{path.stem[:3]}-{number}", "_state": after["state"]}
                kept = {name: value for name, value in after.items() if name != "state"}
                rows.append(kept | named | {"createdAt": NOW - 2, "updatedAt": NOW - 1})
    return rows
