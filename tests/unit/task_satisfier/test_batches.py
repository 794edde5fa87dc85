"""Tasks of a batch run side by side: each under its own claim, none at the cost of another."""

import json
import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest

from cloudseam.clock import SystemClock
from cloudseam.delivery import Delivery
from cloudseam.errors import ClaimHeldError
from cloudseam.event import Json
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.persistence.memory import InMemoryClaimRepository
from task_satisfier.attempt import Attempts
from task_satisfier.executors import TaskRun
from task_satisfier.satisfier import NotBegunError, TaskOutcome, TaskSatisfier
from tests.fakes import CountingQueue
from tests.task_builders import FakeExecutor, FakeExecutors, a_task_delivery

PATIENCE = 10


class Batch:
    """A satisfier with its claims and answers, and the seconds that it has."""

    def __init__(self, executor: FakeExecutor, at_once: int = 10) -> None:
        self.claims, self.answers = InMemoryClaimRepository(), CountingQueue()
        self.seconds = 60.0
        attempts = Attempts(self.claims, None, SystemClock(), ThreadHeartbeat(), place="me@here")
        self._satisfier = TaskSatisfier(
            FakeExecutors(executor), self.answers, attempts, margin=15, at_once=at_once
        )

    def run(self, *deliveries: Delivery) -> list[TaskOutcome]:
        """The outcome of each."""
        return self._satisfier.handle_batch(deliveries, lambda: self.seconds)

    @property
    def answered(self) -> list[str]:
        """The tasks that were answered, in order of their names."""
        return sorted(json.loads(message.body)["task"]["name"] for message in self.answers.sent)


def a_batch_of(number: int) -> list[Delivery]:
    return [a_task_delivery(name=f"t{n}", token=f"token-{n}") for n in range(number)]


def test_ten_tasks_run_at_once_each_under_a_claim_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("task_satisfier.answers.PATIENCE", PATIENCE)
    all_run = threading.Barrier(10)

    def wait_for_the_others(run: TaskRun) -> Mapping[str, Json]:
        all_run.wait(PATIENCE)
        return {}

    batch = Batch(FakeExecutor(wait_for_the_others))
    outcomes = batch.run(*a_batch_of(10))

    assert [outcome.cause or outcome.error for outcome in outcomes] == [None] * 10
    assert set(batch.claims.claims) == {f"token-{n}" for n in range(10)}
    assert len({claim.owner for claim in batch.claims.claims.values()}) == 10
    assert batch.answers.calls == [10]


def test_two_deliveries_of_one_attempt_in_a_batch_run_once() -> None:
    executor = FakeExecutor()
    batch = Batch(executor)
    delivery = a_task_delivery(token="t")

    outcomes = batch.run(delivery, replace(delivery, message_id="again"))

    assert len(executor.runs) == len(batch.answers.sent) == 1
    assert {type(outcome.error) for outcome in outcomes} == {type(None), ClaimHeldError}


def test_of_two_tasks_with_one_resource_one_runs_and_the_other_does_not_wait_for_it() -> None:
    refused = threading.Event()

    def hold(run: TaskRun) -> Mapping[str, Json]:
        try:
            with run.hold("terraform/m/s/net"):
                assert refused.wait(PATIENCE), "the other waits for the resource"
        except ClaimHeldError:
            refused.set()
            raise
        return {}

    executor = FakeExecutor(hold)
    batch = Batch(executor)
    first, second = a_batch_of(2)
    outcomes = batch.run(first, second)

    [held] = [outcome for outcome in outcomes if outcome.error]
    assert isinstance(held.error, ClaimHeldError)
    assert len(batch.answers.sent) == 1

    [again] = batch.run(replace(held.delivery, receive_count=2))  # the resource is free now

    assert (again.error, batch.answered) == (None, ["t0", "t1"])


def test_no_more_tasks_run_at_once_than_were_asked_for() -> None:
    threads: set[int] = set()
    pair = threading.Barrier(2)

    def wait_for_another(run: TaskRun) -> Mapping[str, Json]:
        threads.add(threading.get_ident())
        pair.wait(PATIENCE)
        return {}

    batch = Batch(FakeExecutor(wait_for_another), at_once=2)
    batch.run(*a_batch_of(6))

    assert len(threads) == 2
    assert len(batch.answered) == 6


def test_a_task_whose_turn_comes_when_no_time_is_left_goes_back_unclaimed() -> None:
    def use_all_time(run: TaskRun) -> Mapping[str, Json]:
        batch.seconds = 15
        return {}

    batch = Batch(FakeExecutor(use_all_time), at_once=1)
    outcomes = batch.run(*a_batch_of(3))

    assert [type(outcome.error) for outcome in outcomes] == [
        type(None),
        NotBegunError,
        NotBegunError,
    ]
    assert (set(batch.claims.claims), batch.answered) == ({"token-0"}, ["t0"])
