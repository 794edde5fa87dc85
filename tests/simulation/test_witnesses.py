"""The simulation sees every protection that is taken away: it would see one that is broken."""

import re
from pathlib import Path

import pytest

from tests.simulation.shrink import MOST_RUNS, shrink
from tests.simulation.witnesses import BUDGET, WITNESSES, Witness, first_harmed

pytestmark = pytest.mark.once

EACH = pytest.mark.parametrize("witness", WITNESSES, ids=lambda each: each.protection)
# As many histories as fit into a test run, where nothing is to be found.
CLEAN_HISTORIES = 10
MOST_STEPS = 25
# A history of machines of actions takes longer.
MOST_RUNS_OF_DEEDS = 50


@EACH
def test_without_the_protection_a_history_is_harmed_and_shrinks(witness: Witness) -> None:
    with witness.removed():
        harmed = first_harmed(witness.histories(BUDGET))
        assert harmed is not None
        most = MOST_RUNS_OF_DEEDS if witness.is_of_deeds else MOST_RUNS
        smallest = shrink(harmed[1], most)

    assert smallest.violations
    assert smallest.plan.steps <= MOST_STEPS


@EACH
def test_with_it_no_history_is_harmed(witness: Witness) -> None:
    assert first_harmed(witness.histories(CLEAN_HISTORIES)) is None


def test_the_page_names_every_protection() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    table = page.split("| protection |")[1].split("\n## ")[0]

    named = re.findall(r"^\| ([a-z][^|]+?) \| ", table, re.MULTILINE)

    assert named == [each.protection for each in WITNESSES]
