"""The stacks of the installation that a command talks to."""

from __future__ import annotations

import os

from cloudseam.persistence import StackRepository
from cloudseam.stack import Stack
from cloudseam_cli.target import Target


def stacks_of(target: Target) -> StackRepository:
    """The repository there.

    Raises:
        InvalidSettingsError: a setting for PostgreSQL cannot be used.
    """
    if target.in_postgres:
        return _in_postgres()
    from cloudseam.persistence.dynamodb import DynamoDBStackRepository

    return DynamoDBStackRepository(target.client("dynamodb"), target.table)


def _in_postgres() -> StackRepository:
    """As the state machine's settings say. Those that are not about the store are filled in."""
    from state_machine.settings import StateMachineSettings
    from state_machine.wiring import build_stacks

    others = {"MACHINE_LOCATOR": "LOCAL_FS", "MACHINE_SPEC_DIR": ".", "SQS_TASK_QUEUE_URL": "none"}
    return build_stacks(StateMachineSettings.from_environment({**os.environ, **others}))


def load_one(stacks: StackRepository, stack_id: str) -> Stack | None:
    """One stack, its tombstone included.

    Raises:
        CloudSeamError: the store does not answer, or the row cannot be read.
    """
    loaded = stacks.load([stack_id])
    if stack_id in loaded.failures:
        raise loaded.failures[stack_id]
    return loaded.stacks.get(stack_id)
