"""The whole system, with everything going wrong that can: every invariant holds all the same."""

from dataclasses import replace
from random import SystemRandom

import pytest

from tests.simulation.campaign import run_seeds
from tests.simulation.exhaustive import (
    SMALL_CALL,
    SMALL_DEED,
    SMALL_EXECUTION,
    Life,
    singles,
    small_plan,
)
from tests.simulation.faults import MIXES, Kind
from tests.simulation.history import DEEDS_MIXES, deeds_plan_of, executions_plan_of, plan_of, run
from tests.simulation.shrink import shrink, told

pytestmark = pytest.mark.once
HISTORIES = 220
HISTORIES_OF_DEEDS = 40
HISTORIES_OF_EXECUTIONS = 22


def test_no_invariant_breaks_in_fresh_histories() -> None:
    seed = SystemRandom().randrange(1 << 40)
    print(f"Replay with: python -m tests.simulation --replay SEED; seeds from {seed}")

    tally = run_seeds(range(seed, seed + HISTORIES))

    if tally.failed:
        print(told(shrink(run(plan_of(min(tally.failed))))))
    assert not tally.failed
    assert tally.events >= 20 * HISTORIES
    assert set(tally.by_mix) == {mix.name for mix in MIXES}
    assert set(tally.faults) == set(Kind)


def test_no_invariant_breaks_in_fresh_histories_of_machines_of_actions() -> None:
    seed = SystemRandom().randrange(1 << 40)
    print(f"Replay with: python -m tests.simulation --actions --replay SEED; from {seed}")

    tally = run_seeds(range(seed, seed + HISTORIES_OF_DEEDS), deeds_plan_of)

    if tally.failed:
        print(told(shrink(run(deeds_plan_of(min(tally.failed))))))
    assert not tally.failed
    assert tally.events >= 20 * HISTORIES_OF_DEEDS
    assert set(tally.by_mix) == {mix.name for mix in DEEDS_MIXES}


def test_no_invariant_breaks_in_fresh_histories_of_executions() -> None:
    seed = SystemRandom().randrange(1 << 40)
    print(f"Replay with: python -m tests.simulation --executions --replay SEED; from {seed}")

    tally = run_seeds(range(seed, seed + HISTORIES_OF_EXECUTIONS), executions_plan_of)

    if tally.failed:
        print(told(shrink(run(executions_plan_of(min(tally.failed))))))
    assert not tally.failed
    assert tally.events >= 20 * HISTORIES_OF_EXECUTIONS
    assert set(tally.by_mix) == {mix.name for mix in MIXES}
    assert tally.ended["SUCCEEDED"]
    assert len(tally.ended) > 1
    assert tally.figures["spilled"]


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(24630, id="an-answer-without-a-token-after-the-stack-was-gone"),
        pytest.param(71323, id="a-claim-given-back-without-a-word"),
    ],
)
def test_a_history_that_was_once_found_harmed_is_well(seed: int) -> None:
    assert run(plan_of(seed)).violations == ()


def test_no_crash_at_any_single_point_harms_a_life() -> None:
    found = singles()

    assert found.tried > 100
    assert [told(history) for history in found.harmed] == []
    assert found.dead_lettered == 0
    assert found.reruns <= found.crashes


def test_no_crash_at_any_single_point_harms_a_machine_of_actions() -> None:
    found = singles(SMALL_DEED)

    assert found.tried > 250
    assert [told(history) for history in found.harmed] == []
    assert found.dead_lettered == 0
    assert found.reruns <= found.crashes


@pytest.mark.parametrize("life", [SMALL_EXECUTION, SMALL_CALL], ids=["one", "calling"])
def test_no_crash_at_a_third_of_all_points_harms_an_execution(life: Life) -> None:
    begin = SystemRandom().randrange(3)
    print(f"every third point from {begin} on")

    found = singles(life, slice(begin, None, 3))

    assert found.tried > 40
    assert [told(history) for history in found.harmed] == []
    assert found.dead_lettered == 0
    assert found.reruns <= found.crashes


def test_a_seed_goes_the_same_way_each_time() -> None:
    first, second = (run(plan_of(10), traced=True) for _ in range(2))

    assert len(first.trace) > 100
    assert first == second


@pytest.mark.parametrize("seed", range(4 * len(MIXES), 5 * len(MIXES)))
def test_the_faults_that_struck_make_the_same_history_again(seed: int) -> None:
    drawn = run(plan_of(seed), traced=True)

    told = run(replace(drawn.plan, faults=drawn.struck), traced=True)

    assert told.trace == drawn.trace
    assert told.struck == drawn.struck


def test_a_seed_of_machines_of_actions_goes_the_same_way_each_time() -> None:
    first, second = (run(deeds_plan_of(9), traced=True) for _ in range(2))

    assert len(first.trace) > 100
    assert first == second


def test_a_seed_of_executions_goes_the_same_way_each_time() -> None:
    first, second = (run(executions_plan_of(9), traced=True) for _ in range(2))

    assert len(first.trace) > 100
    assert first == second


def test_the_small_execution_is_large_at_times_and_ends_well() -> None:
    history = run(small_plan(life=SMALL_EXECUTION))

    assert (history.violations, history.struck, history.reruns) == ((), (), 0)
    assert history.finals == {"s1": "SUCCEEDED"}
    assert 0 < history.spilled < history.commits


def test_the_small_life_ends_where_it_should_when_nothing_goes_wrong() -> None:
    history = run(small_plan())

    assert (history.violations, history.struck, history.reruns) == ((), (), 0)
    assert history.finals == {"s1": "REMOVED"}
