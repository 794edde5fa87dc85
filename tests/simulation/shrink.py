"""Makes a failing plan small: which events and faults does it take?

Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002)
over the list of events and faults together. A plan whose invariant still breaks is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.simulation.faults import Fault
from tests.simulation.history import History, Plan, run
from tests.simulation.workload import Planned

# Histories that a shrink may run.
MOST_RUNS = 800

Step = Planned | Fault
Rebuild = Callable[[Plan, Sequence[Step]], Plan]


def shrink(failed: History, most_runs: int = MOST_RUNS) -> History:
    """The smallest failing history that was found, of the same invariant."""
    return _Shrinking(failed, most_runs).smallest()


class _Shrinking:
    def __init__(self, failed: History, most_runs: int) -> None:
        self._invariants = {violation.invariant for violation in failed.violations}
        self._best = failed
        self._runs_left = most_runs

    def smallest(self) -> History:
        pinned = replace(self._best.plan, faults=self._best.struck)
        self._fails(pinned)
        before = self._best.plan.steps + 1
        while self._best.plan.steps < before and self._runs_left > 0:
            before = self._best.plan.steps
            self._reduce([*(self._best.plan.faults or ())], _with_faults)
            self._reduce([*self._best.plan.planned], _with_planned)
        return self._best

    def _reduce(self, steps: list[Step], rebuilt: Rebuild) -> None:
        """One round over one list, in ever smaller pieces."""
        size = len(steps)
        while size and self._runs_left > 0:
            start = 0
            while start < len(steps) and self._runs_left > 0:
                rest = steps[:start] + steps[start + size :]
                if self._fails(rebuilt(self._best.plan, rest)):
                    steps = rest
                else:
                    start += size
            size //= 2

    def _fails(self, plan: Plan) -> bool:
        self._runs_left -= 1
        history = run(plan)
        if not self._invariants & {violation.invariant for violation in history.violations}:
            return False
        self._best = history
        return True


def _with_faults(plan: Plan, steps: Sequence[Step]) -> Plan:
    return replace(plan, faults=tuple(step for step in steps if isinstance(step, Fault)))


def _with_planned(plan: Plan, steps: Sequence[Step]) -> Plan:
    return replace(plan, planned=tuple(step for step in steps if isinstance(step, Planned)))


def told(history: History) -> str:
    """A failing history for people: its seed, its plan, what is wrong, and what happened."""
    plan = history.plan
    traced = run(plan, traced=True)
    return "\n".join(
        [
            f"seed {plan.seed}, mix '{plan.mix.name}': {plan.steps} steps",
            *(f"  violated: {violation}" for violation in history.violations),
            *(f"  event {planned}" for planned in plan.planned),
            *(f"  fault {fault.kind} at {fault.at} ({fault.ms} ms)" for fault in plan.faults or ()),
            "  trace (seconds, who#I/O, what):",
            *(f"  {line}" for line in traced.trace),
        ]
    )
