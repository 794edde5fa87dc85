"""A schema of its own for each test, with a store on it and a way past the store."""

from collections.abc import Iterator
from typing import Any

import pytest

from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from tests.postgres import PostgresServer


@pytest.fixture
def user(postgres: PostgresServer) -> Credentials:
    """The way in for a new user with an empty schema."""
    return postgres.new_user()


@pytest.fixture
def beside(postgres: PostgresServer, user: Credentials) -> Iterator[Any]:
    """A connection that knows nothing of CloudSeam."""
    connection = postgres.connect(user)
    yield connection
    connection.close()


@pytest.fixture
def connection(user: Credentials) -> Iterator[PostgresConnection]:
    """The kept connection of a container."""
    connection = PostgresConnection(FixedCredentials(user))
    yield connection
    connection.close()


@pytest.fixture
def stacks(connection: PostgresConnection) -> PostgresStackRepository:
    """The store of a container."""
    return PostgresStackRepository(connection)


@pytest.fixture
def others(user: Credentials) -> Iterator[PostgresStackRepository]:
    """The store of another container."""
    connection = PostgresConnection(FixedCredentials(user))
    yield PostgresStackRepository(connection)
    connection.close()
