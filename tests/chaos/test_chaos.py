"""The short form of `make chaos`: real processes, killed, on both stores side by side."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.chaos.experiment import Result, run_crowd, run_lives
from tests.chaos.installation import Installation, installed
from tests.postgres import PostgresServer

pytestmark = pytest.mark.once


@pytest.fixture
def installations(
    on_emulator: EmbeddedAws, postgres: PostgresServer, tmp_path: Path
) -> Iterator[list[Installation]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(installed("dynamodb", tmp_path / "dynamodb", None)),
            stack.enter_context(installed("postgres", tmp_path / "postgres", postgres)),
        ]


def on_all(
    installations: list[Installation], run: Callable[[Installation], Result]
) -> list[Result]:
    with ThreadPoolExecutor(len(installations)) as pool:
        return list(pool.map(run, installations))


def test_killed_processes_lose_nothing_and_do_nothing_twice(
    installations: list[Installation],
) -> None:
    results = on_all(installations, lambda each: run_lives(each, 10, 1, 2, print))

    for result in results:
        assert not result.violations, result.summary
        assert result.kills.total() == 10
        assert len(result.evidence.starts) > 5
        assert sum(map(len, result.evidence.history.values())) > 20


def test_a_hundred_events_at_once_are_each_applied_once(
    installations: list[Installation],
) -> None:
    results = on_all(installations, lambda each: run_crowd(each, 2, 1, print))

    for result in results:
        assert not result.violations, result.summary
        assert result.kills.total() == 2
        [stack] = result.evidence.stacks.values()
        assert len(stack.metadata) == 101, "the launch and each of the notes"
        assert stack.version > 50, "in small batches, by several processes"
