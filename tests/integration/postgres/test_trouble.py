"""Chaos on PostgreSQL: statements that are not made, and statements whose answer is lost."""

from collections.abc import Iterator

import pytest

from cloudseam.chaos import Chaos, ChaosSettings
from cloudseam.errors import ServiceUnavailableError
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.persistence.postgres.trouble import trouble
from tests.builders import a_stack

CHAOS = {"CHAOS_FAILURE_RATE": "0.6", "CHAOS_SEED": "3"}


@pytest.fixture
def troubled(user: Credentials) -> Iterator[PostgresStackRepository]:
    chaos = Chaos(ChaosSettings.from_environment(CHAOS))
    connection = PostgresConnection(FixedCredentials(user), around=trouble(chaos))
    yield PostgresStackRepository(connection)
    connection.close()


def test_writes_fail_before_and_after_they_are_made_and_are_told_as_failed(
    troubled: PostgresStackRepository, stacks: PostgresStackRepository
) -> None:
    ids = [f"s-{number}" for number in range(40)]
    failures = {name: troubled.save([a_stack(id=name, version=0)]) for name in ids}

    stored = set(stacks.load(ids).stacks)
    failed = {name for name in ids if failures[name]}

    assert set(ids) - failed < stored
    assert failed & stored
    assert failed - stored
    assert {type(failures[name][name]) for name in failed} == {ServiceUnavailableError}


def test_reads_fail_and_work_again(troubled: PostgresStackRepository) -> None:
    told = [troubled.load(["s"]).failures for _ in range(30)]

    assert {type(failures["s"]) for failures in told if failures} == {ServiceUnavailableError}
    assert {} in told
