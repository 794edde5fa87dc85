"""The stacks of the installation that a command talks to."""

from __future__ import annotations

import os

from cloudseam.persistence import StackRepository
from cloudseam.persistence.store import Store, StoreSettings, open_store
from cloudseam.stack import Stack
from cloudseam_cli.target import Target
from cloudseam_cli.unreachable import reaching

NOT_READ = "The stacks were not read"


def stacks_of(target: Target) -> StackRepository:
    """The repository there.

    Raises:
        InvalidSettingsError: a setting for PostgreSQL cannot be used.
        NoTargetError: there is no way to the store.
    """
    return store_of(target).stacks


def store_of(target: Target) -> Store:
    """The same with the claims and the versions of machines that are kept beside the stacks.

    Raises:
        InvalidSettingsError: a setting for PostgreSQL cannot be used.
        NoTargetError: there is no way to the store.
    """
    if target.in_postgres:
        with reaching(NOT_READ):
            return open_store(StoreSettings.from_environment(os.environ))
    from cloudseam.persistence.dynamodb.claims import DynamoDBClaimRepository
    from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
    from cloudseam.persistence.dynamodb.versions import DynamoDBMachineVersions

    client, table = target.client("dynamodb"), target.table
    return Store(
        DynamoDBStackRepository(client, table),
        DynamoDBClaimRepository(client, target.claims_table or table),
        DynamoDBMachineVersions(client, table),
    )


def load_one(stacks: StackRepository, stack_id: str) -> Stack | None:
    """One stack, its tombstone included.

    Raises:
        CloudSeamError: the store does not answer, or the row cannot be read.
    """
    with reaching(NOT_READ):
        loaded = stacks.load([stack_id])
        if stack_id in loaded.failures:
            raise loaded.failures[stack_id]
    return loaded.stacks.get(stack_id)


def load_all(stacks: StackRepository, machine: str | None, state: str | None) -> list[Stack]:
    """The stacks of a machine, or in a state, or all of them, by id.

    Raises:
        CloudSeamError: the store does not answer.
    """
    with reaching(NOT_READ):
        return sorted(stacks.scan(machine, state), key=lambda stack: stack.id)
