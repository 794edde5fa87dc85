"""The simulation sees every protection that is taken away: it would see one that is broken."""

import pytest

from tests.simulation.shrink import shrink
from tests.simulation.witnesses import BUDGET, WITNESSES, Witness, first_harmed

EACH = pytest.mark.parametrize("witness", WITNESSES, ids=lambda each: each.protection)
# As many histories as fit into a test run, where nothing is to be found.
CLEAN_HISTORIES = 10


@EACH
def test_a_history_is_harmed_once_the_protection_is_gone(witness: Witness) -> None:
    with witness.removed():
        harmed = first_harmed(witness.histories(BUDGET))

    assert harmed is not None


@EACH
def test_no_history_is_harmed_while_it_is_there(witness: Witness) -> None:
    assert first_harmed(witness.histories(CLEAN_HISTORIES)) is None


def test_a_harmed_history_shrinks_to_what_it_takes() -> None:
    witness = next(each for each in WITNESSES if each.protection == "tombstone")
    with witness.removed():
        harmed = first_harmed(witness.histories())
        assert harmed is not None
        smallest = shrink(harmed[1])

    assert smallest.violations
    assert smallest.plan.steps <= 5
