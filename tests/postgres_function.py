"""The state machine function over emulated queues and secrets and a real PostgreSQL."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3

from cloudseam.clock import Clock
from cloudseam.persistence.postgres import connection as postgres_connection
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.stack import Stack
from tests.emulated import EmulatedAws
from tests.function import StateMachineFunction, state_machine_function
from tests.postgres import PostgresServer

_numbers = count(1)


class PostgresFunction:
    """The function, with a schema of its own to keep stacks in."""

    def __init__(
        self, function: StateMachineFunction, server: PostgresServer, user: Credentials
    ) -> None:
        self.function = function
        self.server = server
        self.user = user

    def put_row(self, row: Mapping[str, Any]) -> None:
        """Puts a row straight into the table."""
        self.stack("")  # makes the table
        with closing(self.server.connect(self.user)) as beside:
            beside.run(
                "INSERT INTO stacks (id, data, creation_time, last_updated_time) "
                "VALUES (:id, :data, now(), now())",
                id=row["id"],
                data=json.dumps(row),
            )

    def stack(self, stack_id: str = "s") -> Stack | None:
        """The stack as it is stored."""
        connection = PostgresConnection(FixedCredentials(self.user))
        with closing(connection):
            loaded = PostgresStackRepository(connection).load([stack_id])
        assert loaded.failures == {}
        return loaded.stacks.get(stack_id)


@contextmanager
def postgres_function(
    aws: EmulatedAws, server: PostgresServer, machines: Path, clock: Clock | None = None
) -> Iterator[PostgresFunction]:
    """The function with everything new around it, told of PostgreSQL by a secret."""
    user, name = server.new_user(), f"cloudseam/postgres-{next(_numbers)}"
    parts = ("username", "password", "host", "dbname", "port")
    boto3.client("secretsmanager").create_secret(
        Name=name,
        SecretString=json.dumps({part: getattr(server.over_tcp(user), part) for part in parts}),
    )
    made: list[PostgresConnection] = []

    class Closed(PostgresConnection):
        """A connection that does not outlive the test, as a container's does its invocations."""

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    with (
        patch.object(postgres_connection, "PostgresConnection", Closed),
        state_machine_function(aws, machines, clock, POSTGRES_CONNECTION_SECRET=name) as function,
    ):
        try:
            yield PostgresFunction(function, server, user)
        finally:
            for connection in made:
                connection.close()
