"""The simulation sees every protection that is taken away: it would see one that is broken."""

import re
from pathlib import Path

import pytest

from tests.simulation.history import executions_plan_of, plan_of
from tests.simulation.shrink import MOST_RUNS, shrink
from tests.simulation.witnesses import BUDGET, WITNESSES, Witness, first_harmed

pytestmark = pytest.mark.once

EACH = pytest.mark.parametrize("witness", WITNESSES, ids=lambda each: each.protection)
# As many histories as fit into a test run, where nothing is to be found.
CLEAN_HISTORIES, FEWER_HISTORIES = 10, 2
MOST_STEPS = 25
# A history of machines of actions takes longer.
MOST_RUNS_OF_DEEDS = 50


@EACH
def test_without_the_protection_a_history_is_harmed_and_shrinks(witness: Witness) -> None:
    with witness.removed():
        harmed = first_harmed(witness.histories(BUDGET))
        assert harmed is not None
        if witness.plan is executions_plan_of:
            return  # what is stuck runs for half a day each time
        most = MOST_RUNS if witness.plan is plan_of else MOST_RUNS_OF_DEEDS
        smallest = shrink(harmed[1], most)

    assert smallest.violations
    assert smallest.plan.steps <= MOST_STEPS


@EACH
def test_with_it_no_history_is_harmed(witness: Witness) -> None:
    most = FEWER_HISTORIES if witness.plan is executions_plan_of else CLEAN_HISTORIES

    assert first_harmed(witness.histories(most)) is None


def test_the_page_names_every_protection() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reliability.md").read_text()
    table = page.split("| protection |")[1].split("\n## ")[0]

    named = re.findall(r"^\| ([a-z][^|]+?) \| ", table, re.MULTILINE)

    assert named == [each.protection for each in WITNESSES]
