"""`python -m tests.simulation`: many seeded histories, or one again."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from random import SystemRandom

from tests.simulation.campaign import PlanOf, Tally, all_pairs, campaign
from tests.simulation.exhaustive import (
    SMALL_CALL,
    SMALL_DEED,
    SMALL_EXECUTION,
    SMALL_LIFE,
    Crashes,
    Life,
    singles,
)
from tests.simulation.history import Plan, deeds_plan_of, executions_plan_of, plan_of, run
from tests.simulation.shrink import shrink, told

# Failing seeds that are shrunk and told of at the end.
MOST_SHRUNK = 3
PROGRESS_SECONDS = 5.0
LIVES = {
    "a life": SMALL_LIFE,
    "a machine of actions": SMALL_DEED,
    "an execution": SMALL_EXECUTION,
    "an execution that calls others": SMALL_CALL,
}
IN_PAIRS = ("a life", "an execution")
WORKLOADS = {
    "--actions": (deeds_plan_of, "machines of actions in Python"),
    "--executions": (executions_plan_of, "executions in Amazon States Language"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Exits with 1 where an invariant does not hold."""
    asked = _parser().parse_args(arguments)
    if asked.replay is not None:
        return _replay(asked.workload(asked.replay), is_traced=not asked.quiet)
    if asked.pairs:
        return _exhaustive(asked.workers)
    seed = SystemRandom().randrange(1 << 40) if asked.seed is None else asked.seed
    print(f"seed {seed}", file=sys.stderr)
    tally, began, told_at = Tally(), time.monotonic(), 0.0
    for tally in campaign(seed, asked.histories, asked.workers, asked.workload):
        if time.monotonic() - told_at > PROGRESS_SECONDS:
            told_at = time.monotonic()
            progress = f"{tally.histories}/{asked.histories} in {told_at - began:.0f} s"
            print(f"{progress}, {len(tally.failed)} with violations", file=sys.stderr)
    if asked.json:
        print(json.dumps(tally.as_json() | {"seed": seed}))
    else:
        print(*tally.lines(), f"in {time.monotonic() - began:.0f} s", sep="\n")
        _tell_failures(tally, asked.workload)
    return 1 if tally.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--seed", type=int, help="the first seed; without it a fresh one")
    parser.add_argument("--workers", type=int, default=2, help="processes side by side (2)")
    parser.set_defaults(workload=plan_of)
    for name, (planned, what) in WORKLOADS.items():
        parser.add_argument(name, action="store_const", const=planned, dest="workload", help=what)
    parser.add_argument("--pairs", action="store_true", help="crash at every point, and every pair")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run one history again")
    parser.add_argument("--quiet", action="store_true", help="of a replay no trace")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser


def _replay(plan: Plan, *, is_traced: bool) -> int:
    """Of a history that fails the smallest plan that still does, with its trace."""
    history = run(plan, traced=is_traced)
    if history.violations:
        print(told(shrink(history)))
        return 1
    print(*history.trace, sep="\n")
    told_of = f"seed {plan.seed}, mix '{plan.mix.name}', {len(history.struck)} faults"
    print(f"{told_of}: all is well")
    return 0


def _exhaustive(workers: int) -> int:
    found = []
    for what, life in LIVES.items():
        found.append(singles(life))
        _tell_crashes(f"every crash point of {what}", found[-1])
    for what in IN_PAIRS:
        found.append(_in_pairs(workers, LIVES[what]))
        _tell_crashes(f"every pair of them of {what}", found[-1])
    return 1 if any(each.harmed or each.dead_lettered for each in found) else 0


def _in_pairs(workers: int, life: Life) -> Crashes:
    found, told_at = Crashes(life), time.monotonic()
    for found in all_pairs(workers, life):
        if time.monotonic() - told_at > PROGRESS_SECONDS:
            told_at = time.monotonic()
            print(f"{found.tried} pairs, {len(found.harmed)} harmed", file=sys.stderr)
    return found


def _tell_crashes(what: str, found: Crashes) -> None:
    print(
        f"{what}: {found.tried:,} tried, {len(found.harmed)} harmed, "
        f"{found.dead_lettered} with dead letters, {found.reruns} tasks run twice"
    )
    for history in found.harmed[:MOST_SHRUNK]:
        print(told(history))


def _tell_failures(tally: Tally, planned: PlanOf) -> None:
    for seed, what in sorted(tally.failed.items()):
        print(f"seed {seed}: {what}")
    for seed in sorted(tally.failed)[:MOST_SHRUNK]:
        print(told(shrink(run(planned(seed)))))


if __name__ == "__main__":
    sys.exit(main())
