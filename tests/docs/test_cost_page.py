"""docs/cost.md shows what the command prints, and figures that are the model's."""

import re
from pathlib import Path

import pytest

from cloudseam_cli.costs.estimate import cloudseam
from cloudseam_cli.costs.load import Load
from cloudseam_cli.costs.price_file import list_prices
from cloudseam_cli.main import main

PAGE = (Path(__file__).parents[2] / "docs" / "cost.md").read_text()
FIGURES = re.findall(r"^\| (\d+) \| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)


def test_the_example_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"^\$ cloudseam (.*)\n((?:.*\n)*?)```$", PAGE, re.MULTILINE)
    assert found is not None

    assert main(found[1].split()) == 0

    assert capsys.readouterr().out == found[2]


@pytest.mark.parametrize(("batch", "task_batch", "told"), FIGURES)
def test_the_figures_are_those_of_the_model(batch: str, task_batch: str, told: str) -> None:
    loads = [
        Load(batch=int(batch), task_batch=int(task_batch), tasks=tasks, row_kb=row_kb)
        for tasks in (0, 1)
        for row_kb in (1, 2)
    ]

    figures = [f"{cloudseam(load).per_million(list_prices()):.2f}" for load in loads]

    assert told.split(" | ") == figures


def test_there_are_figures() -> None:
    assert len(FIGURES) == 4
