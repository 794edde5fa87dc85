"""Every bench runs in a tiny size, and what it counts is right."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench import actions, calls, lives
from bench.__main__ import BENCHES, main
from bench.figures import Figures, as_markdown, as_text
from bench.simulated_fleet import Crowd, gathered

pytestmark = pytest.mark.once
TINY = 0.01


def quietly(what: str) -> None:
    """Nobody is told how far it is."""


@pytest.fixture
def without_peers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other engines are not installed."""
    ours, *others = lives.SUBJECTS
    absent = [replace(each, python=tmp_path / "python") for each in others]
    monkeypatch.setattr(lives, "SUBJECTS", (ours, *absent))


@pytest.mark.usefixtures("without_peers")
@pytest.mark.parametrize("name", [name for name in BENCHES if name != "calls"])
def test_a_bench_runs_in_a_tiny_size(name: str) -> None:
    figures = BENCHES[name](TINY, quietly)

    assert figures.rows
    assert figures.note
    assert all(len(row) == len(figures.columns) for row in figures.rows)
    assert all(row[0] for row in figures.rows)
    assert any(isinstance(cell, float) and cell > 0 for row in figures.rows for cell in row)


@pytest.fixture(scope="module")
def counted() -> Figures:
    """The calls of every phase, one event at a time and ten."""
    return calls.run(1, quietly)


@pytest.mark.parametrize(
    ("row", "which"),
    [
        ("DynamoDB, batch of 1, LAUNCH", "1 BatchGetItem, 1 PutItem, 1 SendMessageBatch"),
        ("DynamoDB, batch of 1, TASK_COMPLETED network", "1 BatchGetItem, 1 PutItem"),
        (
            "DynamoDB, batch of 10, DESTROY",
            "1 BatchExecuteStatement, 1 BatchGetItem, 1 SendMessageBatch",
        ),
        (
            "DynamoDB, batch of 10, TASK_COMPLETED cleanup",
            "1 BatchExecuteStatement, 1 BatchGetItem",
        ),
        ("PostgreSQL, batch of 1, LAUNCH", "1 SendMessageBatch"),
        ("PostgreSQL, batch of 10, DESTROY", "1 SendMessageBatch"),
        ("PostgreSQL, batch of 10, TASK_COMPLETED app", "none"),
    ],
)
def test_a_batch_makes_these_calls_of_aws_and_no_other(
    counted: Figures, row: str, which: str
) -> None:
    assert {found[0]: found[2] for found in counted.rows}[row] == which


def test_a_transition_of_actions_makes_these_calls() -> None:
    figures = actions.run(TINY, quietly)

    def counted(row: str, column: str) -> float:
        found = figures.at(row, column)
        assert found is not None
        return round(found * actions.TRANSITIONS, 6)

    # A life has a START and the answer of each transition, the last of which asks for nothing.
    invocations = actions.TRANSITIONS + 1
    assert counted("DynamoDB, 1", "of the state machine") == 3 * invocations - 1
    assert counted("DynamoDB, 1", "of the satisfier") == 2 * actions.TRANSITIONS
    assert counted("PostgreSQL, 1", "calls per transition") == 2 * actions.TRANSITIONS
    assert counted("DynamoDB, 10", "of the state machine") == (3 * invocations - 1) / 10
    # A claim each, and a send for all answers, or for some where they took long.
    assert 1.1 <= counted("DynamoDB, 10", "of the satisfier") / actions.TRANSITIONS <= 2


@pytest.mark.usefixtures("without_peers")
def test_peers_that_are_missing_are_named_with_the_command_that_installs_them() -> None:
    figures = lives.run(TINY, quietly)

    peers = {row[0]: row[1] for row in figures.rows if not str(row[0]).startswith("CloudSeam")}
    assert set(peers.values()) == {"not installed: `make bench-peers`"}
    assert {str(name).split(",")[0] for name in peers} == {"DBOS", "Temporal"}


@pytest.mark.parametrize("consumers", [1, 16])
def test_a_crowd_on_one_stack_loses_no_event(consumers: int) -> None:
    came = gathered(Crowd(consumers, stacks=1, events=60, per_second=100))

    assert came.events == came.applied == 1 + 2 + 60
    assert came.letters == 0
    assert (came.conflicts > 0) == (consumers > 1)


def test_a_crowd_goes_the_same_way_each_time() -> None:
    crowd = Crowd(8, stacks=5, events=40, per_second=50)

    assert gathered(crowd) == gathered(crowd)


def test_the_command_prints_a_table_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "figures.json"

    assert main(["--only", "fleet", "--scale", str(TINY), "--json", str(told)]) == 0

    said = capsys.readouterr()
    assert "A simulated fleet" in said.out
    assert "fleet: done" in said.err
    assert list(json.loads(told.read_text())["benches"]) == ["fleet"]


def test_a_table_is_in_line_for_a_terminal_and_has_as_many_digits_as_mean_something() -> None:
    figures = Figures(
        "Title", ("name", "rate"), (("a", 1234.5), ("bc", 0.12345), ("d", None)), "N."
    )

    assert as_text(figures).splitlines() == [
        "Title",
        "  name   rate",
        "  a     1,234",
        "  bc    0.123",
        "  d         -",
    ]
    assert "| bc | 0.123 |" in as_markdown(figures)
