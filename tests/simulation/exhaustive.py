"""Every crash point of one small life, and every pair of them: nothing is left to chance."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cloudseam.stack import REMOVED
from tests.simulation.faults import Fault, Kind, Mix
from tests.simulation.history import History, Plan, run
from tests.simulation.system import Setup
from tests.simulation.workload import Planned, small_call, small_deed, small_execution, small_life

POINTS = (Kind.CRASH_BEFORE, Kind.CRASH_AFTER)
CRASHES_ONLY = Mix("single crashes")
EVERY = slice(None)
# The first run of a task fails once in this life, and is retried; none takes long.
SMALL = Setup(
    event_consumers=3,
    task_consumers=3,
    has_bus=True,
    failing=0,
    slow=0,
    failing_first=frozenset({"net", "weigh"}),
)


@dataclass(frozen=True, slots=True)
class Life:
    """A small life. `ends` are the states that its stacks are in at the end when nothing harms
    it."""

    planned: tuple[Planned, ...]
    ends: tuple[str, ...] = (REMOVED,)
    setup: Setup = SMALL


SMALL_LIFE = Life(tuple(small_life()))
# A machine of actions, and the two that it starts.
SMALL_DEED = Life(tuple(small_deed()), (REMOVED,) * 3)
# Executions on a table of DynamoDB: one, and one that starts another.
ON_TABLE = replace(SMALL, has_table=True)
SMALL_EXECUTION = Life(tuple(small_execution()), ("SUCCEEDED",), ON_TABLE)
SMALL_CALL = Life(tuple(small_call()), ("SUCCEEDED",) * 2, ON_TABLE)


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
        is_whole = tuple(history.finals.values()) == self.life.ends
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
    return Plan(0, CRASHES_ONLY, life.setup, life.planned, faults)


def single_points(life: Life = SMALL_LIFE) -> Iterator[Fault]:
    """Every crash point of a life that nothing goes wrong in."""
    yield from _points(run(small_plan(life=life)).places)


def singles(life: Life = SMALL_LIFE, points: slice = EVERY) -> Crashes:
    """One crash at every point there is, or at some of them."""
    found = Crashes(life)
    for fault in list(single_points(life))[points]:
        found.add(run(small_plan(fault, life=life)))
    return found


def pairs(firsts: Iterable[Fault], life: Life = SMALL_LIFE) -> Crashes:
    """After each of these crashes, a second one at every point that is left."""
    found = Crashes(life)
    for first in firsts:
        places = run(small_plan(first, life=life)).places
        for second in _points(places[places.index(first.at) + 1 :]):
            found.add(run(small_plan(first, second, life=life)))
    return found


def _points(places: Sequence[str]) -> Iterator[Fault]:
    for place in places:
        for kind in POINTS:
            yield Fault(kind, place)
