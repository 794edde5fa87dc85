"""Every store that there is, each with a way past it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from cloudseam.persistence import ClaimRepository, MachineVersions, StackRepository
from cloudseam.persistence.dynamodb.claims import DynamoDBClaimRepository
from cloudseam.persistence.dynamodb.local_table import create_table
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.dynamodb.versions import DynamoDBMachineVersions
from cloudseam.persistence.memory import (
    InMemoryClaimRepository,
    InMemoryMachineVersions,
    InMemoryStackRepository,
)
from cloudseam.persistence.postgres.claims import PostgresClaimRepository
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.persistence.postgres.versions import PostgresMachineVersions
from cloudseam.stack import Stack
from cloudseam_cli.embedded_aws import EmbeddedAws
from cloudseam_cli.local_store.database import Database
from cloudseam_cli.local_store.stacks import SqliteStackRepository
from cloudseam_cli.local_store.versions import SqliteMachineVersions
from tests.emulated import EmulatedAws
from tests.emulator import boto3_on, lean_on
from tests.postgres import PostgresServer


@dataclass(frozen=True)
class Store:
    """A store, and a way past it: to put a row as others may have left it, and to see one."""

    repository: StackRepository
    put_row: Callable[[dict[str, Any]], object]
    row: Callable[[str], dict[str, Any]]
    remove_row: Callable[[str], object]
    claims: ClaimRepository
    versions: MachineVersions

    def load(self, stack_id: str = "s") -> Stack:
        """The stack of that id."""
        return self.repository.load([stack_id]).stacks[stack_id]


def memory_store(request: pytest.FixtureRequest) -> Store:
    """Everything in memory."""
    repository = InMemoryStackRepository()
    return Store(
        repository,
        lambda row: repository.rows.update({row["id"]: json.dumps(row)}),
        lambda stack_id: dict(json.loads(repository.rows[stack_id])),
        repository.rows.pop,
        InMemoryClaimRepository(),
        InMemoryMachineVersions(),
    )


def dynamodb_store(request: pytest.FixtureRequest) -> Store:
    """A table of its own on an emulated AWS, which does not know BatchExecuteStatement."""
    aws: EmulatedAws = request.getfixturevalue("aws")
    return _dynamodb_store(aws.dynamodb, aws.table(), full_history=True)


def batched_dynamodb_store(request: pytest.FixtureRequest) -> Store:
    """A table of its own on an embedded AWS; even a single commit is written as a batch."""
    return _embedded_store(request, boto3_on, full_history=False)


def lean_dynamodb_store(request: pytest.FixtureRequest) -> Store:
    """The same by the lean client, each commit with its history."""
    return _embedded_store(request, lean_on, full_history=True)


def lean_batched_dynamodb_store(request: pytest.FixtureRequest) -> Store:
    """The same by the lean client, in batches."""
    return _embedded_store(request, lean_on, full_history=False)


def _embedded_store(
    request: pytest.FixtureRequest,
    client_on: Callable[[EmbeddedAws, str], Any],
    *,
    full_history: bool,
) -> Store:
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    patch.setattr("cloudseam.persistence.dynamodb.batched_writes.FEWEST", 1)
    client = client_on(request.getfixturevalue("emulator"), "dynamodb")
    table = f"Contract-{uuid4()}"
    create_table(client, table)
    return _dynamodb_store(client, table, full_history=full_history)


def _dynamodb_store(client: Any, table: str, *, full_history: bool) -> Store:
    serialize, deserialize = TypeSerializer().serialize, TypeDeserializer().deserialize

    def row(stack_id: str) -> dict[str, Any]:
        item = client.get_item(TableName=table, Key={"id": {"S": stack_id}})["Item"]
        return {name: deserialize(value) for name, value in item.items()}

    return Store(
        DynamoDBStackRepository(client, table, full_history=full_history),
        lambda row: client.put_item(
            TableName=table, Item={name: serialize(value) for name, value in row.items()}
        ),
        row,
        lambda stack_id: client.delete_item(TableName=table, Key={"id": {"S": stack_id}}),
        DynamoDBClaimRepository(client, table),
        DynamoDBMachineVersions(client, table),
    )


def postgres_store(request: pytest.FixtureRequest) -> Store:
    """Tables of its own on a real server."""
    server: PostgresServer = request.getfixturevalue("postgres")
    credentials = server.new_user()
    connection = PostgresConnection(FixedCredentials(credentials))
    repository = PostgresStackRepository(connection, full_history=True)
    repository.load(["s"])
    beside = server.connect(credentials)
    request.addfinalizer(beside.close)
    request.addfinalizer(connection.close)

    def row(stack_id: str) -> dict[str, Any]:
        return dict(
            json.loads(beside.run("SELECT data FROM stacks WHERE id = :id", id=stack_id)[0][0])
        )

    return Store(
        repository,
        lambda row: beside.run(
            "INSERT INTO stacks (id, data, version, creation_time, last_updated_time) "
            "VALUES (:id, :data, :version, now(), now())",
            id=row["id"],
            data=json.dumps(row),
            version=row.get("version"),
        ),
        row,
        lambda stack_id: beside.run("DELETE FROM stacks WHERE id = :id", id=stack_id),
        PostgresClaimRepository(connection),
        PostgresMachineVersions(connection),
    )


def sqlite_store(request: pytest.FixtureRequest) -> Store:
    """A file of its own."""
    folder: Path = request.getfixturevalue("tmp_path")
    database = Database(folder / f"{uuid4()}.sqlite")
    request.addfinalizer(database.close)

    def put_row(row: dict[str, Any]) -> None:
        place = (row["id"], row.get("version") or 0, row.get("machine", ""), row.get("_state", ""))
        with database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO stacks VALUES (?, ?, ?, ?, ?, TRUE, ?, 0, 0, NULL)",
                (*place, json.dumps(row), "removedAt" in row),
            )

    def row(stack_id: str) -> dict[str, Any]:
        ((text, memory),) = database.read("SELECT row, memory FROM stacks WHERE id = ?", stack_id)
        return dict(json.loads(text)) | ({"memory": memory} if memory is not None else {})

    def remove_row(stack_id: str) -> None:
        with database.transaction() as connection:
            connection.execute("DELETE FROM stacks WHERE id = ?", (stack_id,))

    return Store(
        SqliteStackRepository(database),
        put_row,
        row,
        remove_row,
        InMemoryClaimRepository(),  # one process has the file: it needs no claims in it
        SqliteMachineVersions(database),
    )


STORES = {
    "memory": memory_store,
    "dynamodb": dynamodb_store,
    "dynamodb-batched": batched_dynamodb_store,
    "dynamodb-lean": lean_dynamodb_store,
    "dynamodb-lean-batched": lean_batched_dynamodb_store,
    "postgres": postgres_store,
    "sqlite": sqlite_store,
}
# Batches are for stores that keep no full history: a commit with its history is a transaction. Of
# what is in the file only the log is read.
STORES_WITH_HISTORY = {
    name: store
    for name, store in STORES.items()
    if not name.endswith("batched") and name != "sqlite"
}
