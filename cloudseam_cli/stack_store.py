"""The stacks of the installation that a command talks to."""

from __future__ import annotations

import os

from cloudseam.persistence import StackRepository
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
    if target.in_postgres:
        with reaching(NOT_READ):
            return _in_postgres()
    from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository

    return DynamoDBStackRepository(target.client("dynamodb"), target.table)


def _in_postgres() -> StackRepository:
    """As the functions' settings say."""
    from cloudseam.persistence.store import StoreSettings, open_store

    return open_store(StoreSettings.from_environment(os.environ)).stacks


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
