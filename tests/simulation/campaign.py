"""Many histories, on several processes, and what came of them in figures."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from tests.simulation.exhaustive import Crashes, Life, pairs, single_points
from tests.simulation.history import History, Plan, plan_of, run

HISTORIES_AT_ONCE = 50

# From a seed to its history.
PlanOf = Callable[[int], Plan]


FIGURES = ("ios", "crashes", "runs", "reruns", "commits", "conflicts", "rejected", "spilled")
COUNTERS = ("figures", "faults", "by_mix", "messages", "valid_letters", "ended")


@dataclass(slots=True)
class Tally:
    """Figures of histories. `failed` has the seeds with violations, and the first of each."""

    histories: int = 0
    events: int = 0
    seconds: float = 0
    figures: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    by_mix: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    valid_letters: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)

    def add(self, history: History) -> None:
        """Counts one history."""
        mix = history.plan.mix.name
        self.histories += 1
        self.events += sum(not planned.file for planned in history.plan.planned)
        for name in FIGURES:
            self.figures[name] += getattr(history, name)
        self.faults.update({str(kind): n for kind, n in history.faults.items()})
        self.ended.update(history.ended)
        self.by_mix[mix] += 1
        self.messages[mix] += history.messages
        self.valid_letters[mix] += history.valid_letters
        if history.violations:
            self.failed[history.plan.seed] = str(history.violations[0])

    def merge(self, other: "Tally") -> None:
        """Counts the histories of another tally."""
        self.histories += other.histories
        self.events += other.events
        self.seconds += other.seconds
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))
        self.failed |= other.failed

    def as_json(self) -> dict[str, Any]:
        """The figures, for a program."""
        return {
            "histories": self.histories,
            "eventsPerHistory": self.events / max(1, self.histories),
            "cpuSeconds": round(self.seconds, 1),
            **self.figures,
            "executionsEnded": dict(self.ended),
            "faults": dict(self.faults),
            "historiesByMix": dict(self.by_mix),
            "messagesByMix": dict(self.messages),
            "validMessagesDeadLetteredByMix": dict(self.valid_letters),
            "violations": {str(seed): what for seed, what in sorted(self.failed.items())},
        }

    def lines(self) -> Iterator[str]:
        """The figures, for people."""
        count = max(1, self.histories)
        yield f"{self.histories} histories, {self.events / count:.1f} events each"
        yield f"{self.seconds / count * 1000:.1f} ms of processor time per history"
        for name, number in self.figures.items():
            yield f"  {name:<12} {number:>12,} ({number / count:.2f} per history)"
        if self.ended:
            told = ", ".join(f"{n:,} {status}" for status, n in self.ended.most_common())
            yield f"executions: {self.ended.total():,} ({told})"
        yield f"faults injected: {self.faults.total():,}"
        for kind, number in self.faults.most_common():
            yield f"  {number:>10,} {kind}"
        yield "valid messages dead-lettered, by mix:"
        for mix in self.by_mix:
            lost, of = self.valid_letters[mix], self.messages[mix]
            yield f"  {mix:<14} {lost:>8,} of {of:>12,} ({lost / max(1, of):.4%})"
        yield f"histories with violations: {len(self.failed)}"


def run_seeds(seeds: Sequence[int], planned: PlanOf = plan_of) -> Tally:
    """Runs the histories of these seeds, as they are planned."""
    tally, began = Tally(), time.process_time()
    for seed in seeds:
        tally.add(run(planned(seed)))
    tally.seconds = time.process_time() - began
    return tally


def campaign(
    first: int, histories: int, workers: int, planned: PlanOf = plan_of
) -> Iterator[Tally]:
    """Runs so many histories; gives the tally of all so far, again and again."""
    total = Tally()
    seeds = range(first, first + histories)
    chunks = (seeds[n : n + HISTORIES_AT_ONCE] for n in range(0, histories, HISTORIES_AT_ONCE))
    if workers == 1:
        for chunk in chunks:
            total.merge(run_seeds(chunk, planned))
            yield total
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(run_seeds, chunk, planned) for chunk in chunks}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for each in done:
                total.merge(each.result())
            yield total


def all_pairs(workers: int, life: Life) -> Iterator[Crashes]:
    """Crashes at every pair of points; gives what came of all so far, again and again."""
    total = Crashes(life)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(pairs, [point], life) for point in single_points(life)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for each in done:
                total.merge(each.result())
            yield total
