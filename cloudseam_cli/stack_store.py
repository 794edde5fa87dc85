"""The stacks of the installation that a command talks to."""

from __future__ import annotations

from cloudseam.persistence import StackRepository
from cloudseam.stack import Stack
from cloudseam_cli.target import Target


def stacks_of(target: Target) -> StackRepository:
    """The repository there."""
    from cloudseam.persistence.dynamodb import DynamoDBStackRepository

    return DynamoDBStackRepository(target.client("dynamodb"), target.table)


def load_one(stacks: StackRepository, stack_id: str) -> Stack | None:
    """One stack, its tombstone included.

    Raises:
        CloudSeamError: the store does not answer, or the row cannot be read.
    """
    loaded = stacks.load([stack_id])
    if stack_id in loaded.failures:
        raise loaded.failures[stack_id]
    return loaded.stacks.get(stack_id)
