"""Every crash point of one small life, and every pair of them: nothing is left to chance."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cloudseam.stack import REMOVED
from tests.simulation.faults import Fault, Kind, Mix
from tests.simulation.history import History, Plan, run
from tests.simulation.system import Setup
from tests.simulation.workload import Planned, small_deed, small_life

POINTS = (Kind.CRASH_BEFORE, Kind.CRASH_AFTER)
CRASHES_ONLY = Mix("single crashes")
# The first run of a task fails once in this life, and is retried; none takes long.
SMALL = Setup(
    event_consumers=3,
    task_consumers=3,
    has_bus=True,
    failing=0,
    slow=0,
    failing_first=frozenset({"net"}),
)


@dataclass(frozen=True, slots=True)
class Life:
    """A small life. When nothing harms it all of its stacks are removed in the end."""

    planned: tuple[Planned, ...]
    stacks: int


SMALL_LIFE = Life(tuple(small_life()), 1)
# A machine of actions, and the two that it starts.
SMALL_DEED = Life(tuple(small_deed()), 3)


@dataclass(slots=True)
class Crashes:
    """What came of crashing at each point. `harmed` has those that ended wrong."""

    life: Life = SMALL_LIFE
    tried: int = 0
    dead_lettered: int = 0
    reruns: int = 0
    crashes: int = 0
    harmed: list[History] = field(default_factory=list)

    def add(self, history: History) -> None:
        """Counts one."""
        self.tried += 1
        self.dead_lettered += bool(history.rejected)
        self.reruns += history.reruns
        self.crashes += history.crashes
        is_whole = list(history.finals.values()) == [REMOVED] * self.life.stacks
        if history.violations or not is_whole:
            self.harmed.append(history)

    def merge(self, other: "Crashes") -> None:
        """Counts what was tried elsewhere."""
        self.tried += other.tried
        self.dead_lettered += other.dead_lettered
        self.reruns += other.reruns
        self.crashes += other.crashes
        self.harmed += other.harmed


def small_plan(*faults: Fault, life: Life = SMALL_LIFE) -> Plan:
    """A small life with these crashes."""
    return Plan(0, CRASHES_ONLY, SMALL, life.planned, faults)


def single_points(life: Life = SMALL_LIFE) -> Iterator[Fault]:
    """Every crash point of a life that nothing goes wrong in."""
    yield from _points(run(small_plan(life=life)).places)


def singles(life: Life = SMALL_LIFE) -> Crashes:
    """One crash at every point there is."""
    found = Crashes(life)
    for fault in single_points(life):
        found.add(run(small_plan(fault, life=life)))
    return found


def pairs(firsts: Iterable[Fault]) -> Crashes:
    """After each of these crashes, a second one at every point that is left."""
    found = Crashes()
    for first in firsts:
        places = run(small_plan(first)).places
        for second in _points(places[places.index(first.at) + 1 :]):
            found.add(run(small_plan(first, second)))
    return found


def _points(places: Sequence[str]) -> Iterator[Fault]:
    for place in places:
        for kind in POINTS:
            yield Fault(kind, place)
