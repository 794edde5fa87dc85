"""Waiting until a store waits."""

from typing import Any

from cloudseam.persistence.postgres.credentials import Credentials
from tests.processes import wait_until


def wait_for_lock(rival: Any, user: Credentials) -> None:
    """Until the user's store waits for what the rival, or another, has locked."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE usename = :user AND wait_event_type = 'Lock'"
    )
    assert wait_until(lambda: bool(rival.run(waiting, user=user.username)[0][0]))
