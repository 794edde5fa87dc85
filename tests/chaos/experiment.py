"""Runs: processes at work, killed and started again, until all is quiet; then the judgement."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.evidence import Evidence, gather
from tests.chaos.fleet import Fleet
from tests.chaos.installation import BATCH, Installation
from tests.chaos.judgement import applied_times, duplicates, violations
from tests.chaos.twice import TwiceDelivered
from tests.chaos.workload import Sent, Workload

TICK = 0.02
# Seconds between two kills, on average, and from a send to the kill that follows it, at most.
PAUSE = 0.7
SOON = 0.06
# Seconds that all has to be still for to count as quiet, and that this is waited for.
STILL = 0.5
LONGEST_WAIT = 180.0

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """What came of a run.

    `twice` is how many task messages were delivered twice, `seconds` how long it took.
    """

    name: str
    folder: Path
    kills: Counter[str]
    twice: int
    evidence: Evidence
    violations: Sequence[str]
    seconds: float

    @property
    def summary(self) -> str:
        """The figures, for people."""
        seen = self.evidence
        applied = sum(applied_times(seen, event) > 0 for event in seen.sent)
        reasons = Counter(letter.error for letter in seen.letters)
        lines = [
            f"{self.name}: {self.kills.total()} kills, {self.seconds:.0f} s",
            *(f"  killed: {phase}: {number}" for phase, number in sorted(self.kills.items())),
            f"  stacks {len(seen.stacks)}, lives that ended "
            f"{sum(map(len, seen.farewells.values()))}, commits "
            f"{sum(stack.version for stack in seen.stacks.values())}",
            f"  events sent {len(seen.sent)}, applied {applied}; dead letters {_told(reasons)}",
            f"  task messages delivered twice {self.twice}",
            f"  task runs {len(seen.starts)}, again after a kill {len(duplicates(seen))}",
            f"  taken up again after a kill: {_told(seen.handled_again)}",
            f"  violations {len(self.violations)}",
        ]
        return "\n".join([*lines, *(f"    {found}" for found in self.violations)])


class Experiment:
    """An installation with processes at work on it."""

    def __init__(self, installation: Installation, chance: Random, fleet: Fleet) -> None:
        self._installation = installation
        self._chance = chance
        self._fleet = fleet
        self._began = time.monotonic()
        self._found: list[str] = []

    def settle(self, stack_ids: Sequence[str], repair: Callable[[], object]) -> None:
        """Waits until nothing happens any more, and notes it if that takes too long.

        `repair` is called again and again, for what only a person can set right.
        """
        deadline, still_since = time.monotonic() + LONGEST_WAIT, time.monotonic()
        self._fleet.start_due(all_of_them=True)
        while time.monotonic() < deadline:
            repair()
            if self._is_busy(stack_ids):
                still_since = time.monotonic()
            elif time.monotonic() - still_since > STILL:
                return
            time.sleep(10 * TICK)
        self._found.append(f"it was not quiet after {LONGEST_WAIT:.0f} s")

    def echo(self, sent: Sequence[Sent], stack_ids: Sequence[str]) -> None:
        """Sends every event that was applied once more: nothing may come of it, nobody come back.

        All has to be quiet.
        """
        before = self._installation.stacks(stack_ids)
        known = [
            event
            for event in sent
            if (stack := before.get(event.stack_id)) and stack.has_applied(event.id)
        ]
        self._installation.send([event.body for event in known])
        self.settle(stack_ids, lambda: None)
        after = self._installation.stacks(stack_ids)
        moved = [stack_id for stack_id in before if after[stack_id] != before[stack_id]]
        self._found += [f"{stack_id}: events that came again changed it" for stack_id in moved]

    def result(self, name: str, machine: str, sent: Sequence[Sent], twice: int = 0) -> Result:
        """Ends the processes and judges what there is to see.

        `twice` is how many task messages were delivered twice.
        """
        fleet, installation = self._fleet, self._installation
        if not fleet.stop():
            self._found.append("a process did not end well at SIGTERM")
        self._found += [f"{life.log.name} ended by itself" for life in fleet.ended_by_themselves]
        evidence = gather(installation, machine, sent, fleet.lives)
        found = [*self._found, *violations(evidence)]
        took = time.monotonic() - self._began
        title = f"{name} on {installation.store}"
        return Result(title, installation.folder, fleet.kills, twice, evidence, found, took)

    def _is_busy(self, stack_ids: Sequence[str]) -> bool:
        queues = any(self._installation.waiting(each) for each in ("EVENT_QUEUE", "TASK_QUEUE"))
        stacks = self._installation.stacks(stack_ids).values()
        return queues or not all(stack.is_satisfied for stack in stacks)


def run_lives(installation: Installation, kills: int, seed: int, size: int, tell: Tell) -> Result:
    """Drives stacks through their lives while so many processes are killed, of `size` each."""
    chance = Random(f"{seed}/{installation.store}/lives")
    fleet = Fleet(installation, chance, {"state_machine": size, "task_satisfier": size})
    workload = Workload(installation, chance, stacks=2 * size)
    twice = TwiceDelivered(installation, Random(f"{seed}/{installation.store}/twice"))
    with fleet.running():
        experiment = Experiment(installation, chance, fleet)
        with twice.going_on():
            _kill(fleet, workload, kills, chance, tell)
        tell(f"{kills} kills, {len(workload.sent)} events; waiting until all is quiet")
        experiment.settle(workload.stack_ids, workload.repair)
        experiment.echo(workload.sent, workload.stack_ids)
        return experiment.result("Lives", "life", workload.sent, twice.number)


def run_crowd(installation: Installation, kills: int, seed: int, tell: Tell) -> Result:
    """A hundred events at once for one stack, while so many of the processes are killed."""
    chance = Random(f"{seed}/{installation.store}/crowd")
    # Small batches, so that there is something to race for.
    fleet = Fleet(installation, chance, {"state_machine": 4}, batch_size=2, receives=8)
    launch = Sent("launch", "crowd", "LAUNCH", machine="open")
    notes = [Sent(f"note-{number:02}", "crowd", "NOTE") for number in range(100)]
    with fleet.running():
        experiment = Experiment(installation, chance, fleet)
        installation.send([launch.body])
        experiment.settle(["crowd"], lambda: None)
        tell("100 events at once for one stack")
        _send_at_once(installation, notes)
        left = kills
        while left:
            time.sleep(chance.uniform(0, SOON))
            fleet.start_due()
            left -= int(fleet.kill_now() is not None)
        experiment.settle(["crowd"], lambda: None)
        experiment.echo([launch, *notes], ["crowd"])
        return experiment.result("Crowd", "open", [launch, *notes])


def _send_at_once(installation: Installation, events: Sequence[Sent]) -> None:
    bodies = [event.body for event in events]
    batches = [bodies[start : start + BATCH] for start in range(0, len(bodies), BATCH)]
    with ThreadPoolExecutor(len(batches)) as pool:
        list(pool.map(installation.send, batches))


def _kill(fleet: Fleet, workload: Workload, kills: int, chance: Random, tell: Tell) -> None:
    """Goes on with the work, and kills a process every now and then, many right after a send."""
    killed, next_at = 0, time.monotonic() + 2
    while killed < kills:
        fleet.start_due()
        sent = workload.go_on()
        if time.monotonic() < next_at:
            time.sleep(TICK)
            continue
        if sent:
            time.sleep(chance.uniform(0, SOON))
        next_at = time.monotonic() + chance.uniform(0.2, 1.8) * PAUSE
        if fleet.kill() is not None:
            killed += 1
            if killed % 10 == 0:
                tell(f"{killed} kills, {len(workload.sent)} events")


def _told(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {numbers[name]}" for name in sorted(numbers)) or "none"
