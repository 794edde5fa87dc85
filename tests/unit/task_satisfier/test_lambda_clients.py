"""Invocations that begin about the same time share a client; none waits longer than it may."""

from typing import Any

import pytest

from task_satisfier.clients import LambdaClients


class MadeClients:
    """Makes clients that are their read time-outs, at a time that a test sets, in seconds."""

    def __init__(self) -> None:
        self.now = 100.0
        self.made: list[float] = []
        self.clients = LambdaClients(self._make, clock=lambda: self.now)

    def _make(self, read_timeout: float) -> Any:
        self.made.append(read_timeout)
        return object()


@pytest.mark.parametrize(
    ("wait", "read_timeout"),
    [(885.3, 885), (61, 60), (60, 60), (12.5, 12.5), (0.2, 0.2)],
)
def test_a_client_waits_for_no_longer_than_there_is_time(wait: float, read_timeout: float) -> None:
    made = MadeClients()

    made.clients.get(wait)

    assert made.made == [read_timeout]


def test_tasks_that_begin_about_the_same_time_share_a_client() -> None:
    made = MadeClients()

    first = made.clients.get(885.9)
    made.now += 0.7

    assert made.clients.get(885.2) is first
    assert made.made == [885]


@pytest.mark.parametrize(
    ("later", "wait"),
    [(5, 885.9), (0, 884.9), (0, 30)],
    ids=["its connections may be closed", "it would wait too long", "a short wait"],
)
def test_another_client_is_made_where(later: float, wait: float) -> None:
    made = MadeClients()
    first = made.clients.get(885.9)
    made.now += later

    assert made.clients.get(wait) is not first


def test_clients_that_nobody_may_use_any_more_are_let_go() -> None:
    made = MadeClients()
    for seconds in range(100):
        made.now += 1
        made.clients.get(seconds + 0.5)

    assert len(made.clients._made) <= 5
