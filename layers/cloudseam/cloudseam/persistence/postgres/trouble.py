"""Statements that fail on purpose; see `cloudseam.chaos`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from cloudseam.chaos import Chaos
from cloudseam.persistence.postgres.errors import ConnectionLostError, PostgresError

REFUSALS = (
    lambda: PostgresError("53300"),  # no connection left
    lambda: PostgresError("57P01"),  # it closes down
    lambda: ConnectionLostError("Chaos"),
)
LOSSES = (lambda: ConnectionLostError("Chaos", sent=True),)


def trouble(chaos: Chaos) -> Callable[[], AbstractContextManager[None]]:
    """What to put around each statement."""
    return partial(chaos.around, "postgresql:statement", REFUSALS, LOSSES)
