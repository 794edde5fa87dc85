"""Virtual time and processes: every I/O suspends the one that calls, and a seed says who goes on.

The code under simulation is the system's own, synchronous and unchanged. It runs in greenlets,
which a call of a port leaves and comes back to when its time has come.
"""

import heapq
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from greenlet import getcurrent, greenlet

from cloudseam.given import Given
from tests.simulation.chance import Chance
from tests.simulation.faults import CRASHES, FAILURES, Fault, Faults, Kind

EPOCH_MS = 1_700_000_000_000
# How long an I/O takes, in milliseconds.
SHORTEST_IO, LONGEST_IO = 1, 40
# A poisoned message ends its consumer at one of so many I/Os.
POISONED_IOS = 6


class CrashError(BaseException):
    """The process has ended, in the middle of whatever it did. No `except Exception` sees it."""


class Process:
    """One invocation of a function in a container whose clock is `skew_ms` ahead.

    It is named after the message that it began with, and draws its own random numbers: so it goes
    the same way wherever that message is received again.
    """

    def __init__(self, name: str, chance: Chance, skew_ms: int = 0) -> None:
        self.name = name
        self.chance = chance
        self.skew_ms = skew_ms
        self.began_at = 0
        self.began = 0  # as the record numbers what it sees
        self.is_dead = False
        self.is_over = False
        self.died_at = 0
        self.has_failed = False
        self.frozen_until = 0
        self.ios = 0
        self.sends = 0
        self.draws = 0
        self.crash_at: int | None = None
        self.given: Given | None = None
        self.taken: list[Any] = []
        self.run: Any = None  # of a task, as the record has it
        self.owners: dict[str, str] = {}
        self.leases: dict[str, int] = {}
        self.on_death: Callable[[], None] = lambda: None


class Strand(greenlet):
    """What runs inside a process: its work, or a beat beside it."""

    process: Process


class StrandLock:
    """See `threading.Lock`, of which a wait would end the only thread there is."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._is_held = False
        self._waiting: list[Strand] = []

    def __enter__(self) -> None:
        while self._is_held:
            self._waiting.append(self._world.strand())
            self._world.suspend()
        self._is_held = True

    def __exit__(self, *raised: object) -> None:
        self._is_held = False
        for strand in self._waiting:
            self._world.wake(strand)
        self._waiting.clear()


class World:
    """The agenda of one history, its clock and its faults. Times are epoch milliseconds."""

    def __init__(self, seed: int, faults: Faults, *, traced: bool = False) -> None:
        self._seed = seed
        self._ties = self.chance("ties")
        self.now = EPOCH_MS
        self.faults = faults
        self.struck: list[Fault] = []
        # From this moment on nothing new goes wrong.
        self.calm_from = 1 << 62
        # Every I/O, as faults name their places.
        self.places: list[str] = []
        self.sends = 0
        self.crashes = 0
        # What is left of a history that is over must not do anything when it is collected.
        self.is_over = False
        self.trace: list[str] | None = [] if traced else None
        self._hub = getcurrent()
        self._agenda: list[tuple[int, float, int, Callable[..., Any], tuple[Any, ...]]] = []
        self._entries = 0

    def chance(self, name: str) -> Chance:
        """A stream of random numbers of that name."""
        return Chance(f"{self._seed}/{name}")

    def at(self, moment: int, action: Callable[..., Any], *arguments: Any) -> None:
        """Has something done at a moment; what is due at the same one goes in random order."""
        self._entries += 1
        entry = (moment, self._ties.random(), self._entries, action, arguments)
        heapq.heappush(self._agenda, entry)

    def run(self, until: int) -> None:
        """Goes on until nothing is left to do, or until a moment."""
        agenda = self._agenda
        while agenda and agenda[0][0] <= until:
            moment, _, _, action, arguments = heapq.heappop(agenda)
            if moment > self.now:
                self.now = moment
            action(*arguments)

    def start(self, process: Process, work: Callable[[], None]) -> None:
        """Begins a process."""
        process.began_at = self.now
        self._strand(process, lambda: self._lived(process, work)).switch()

    def beside(self, process: Process, work: Callable[[], None]) -> None:
        """Begins one more strand of a process that runs."""
        self._strand(process, lambda: self._ran(work)).switch()

    def process(self) -> Process:
        """The process that runs now."""
        return self.strand().process

    def strand(self) -> Strand:
        """The strand that runs now."""
        current = getcurrent()
        assert isinstance(current, Strand), "a port was called from outside of every process"
        return current

    def draw(self) -> Given:
        """See `cloudseam.clock.Clock.draw`. Each container's clock is its own."""
        process = self.process()
        process.draws += 1
        entropy = blake2b(f"{process.name}/{process.draws}".encode(), digest_size=32).digest()
        given = Given(self.now + process.skew_ms, entropy)
        process.given = given
        return given

    def sleep(self, ms: int) -> None:
        """Lets time pass for the strand that runs."""
        strand = self.strand()
        self.at(self.now + ms, self._resume, strand)
        self.suspend()

    def suspend(self) -> None:
        """Waits until somebody wakes the strand that runs."""
        strand = self.strand()
        if strand.process.is_dead or self.is_over:
            raise CrashError
        self._hub.switch()
        if strand.process.is_dead:
            raise CrashError

    def wake(self, strand: Strand) -> None:
        """Has a strand that waits go on."""
        self.at(self.now, self._resume, strand)

    def enter(self, what: str, *, can_fail: bool = True, ms: int | None = None) -> Kind | None:
        """An I/O, up to the moment of its effect; the fault that the port has to play, if any."""
        process = self.process()
        if process.is_dead or self.is_over:
            raise CrashError
        process.ios += 1
        place = f"{process.name}#{process.ios}"
        self.places.append(place)
        fault = self.faults.at_io.at(place) if self.now < self.calm_from else None
        if fault is not None and fault.kind in FAILURES and not can_fail:
            fault = None
        kind = fault.kind if fault is not None else None
        wait = SHORTEST_IO + int(process.chance.random() * LONGEST_IO) if ms is None else ms
        if fault is not None:
            self.struck.append(fault)
            if fault.kind is Kind.PAUSE:
                process.frozen_until = self.now + fault.ms
                process.has_failed = True
                wait = max(wait, fault.ms)
            if fault.kind in FAILURES:
                process.has_failed = True
        self.say(f"{place}: {what}", kind)
        self.sleep(wait)
        if kind is Kind.CRASH_BEFORE or process.ios == process.crash_at:
            self.crash(process)
        return kind

    def leave(self, kind: Kind | None) -> None:
        """The end of an I/O, after its effect."""
        if kind in CRASHES:
            self.crash(self.process())

    def crash(self, process: Process) -> None:
        """Ends the process that runs."""
        self.crashes += 1
        self.say(f"{process.name} CRASHES")
        process.is_dead = True
        process.died_at = self.now
        process.on_death()
        raise CrashError

    def say(self, what: str, kind: Kind | None = None) -> None:
        """Adds a line to the trace, where one is kept."""
        if self.trace is not None:
            seconds = (self.now - EPOCH_MS) / 1000
            told = f"   <<< {kind}" if kind else ""
            self.trace.append(f"{seconds:10.3f} {what}{told}")

    def _strand(self, process: Process, run: Callable[[], None]) -> Strand:
        strand = Strand(run, parent=self._hub)
        strand.process = process
        return strand

    def _lived(self, process: Process, work: Callable[[], None]) -> None:
        self._ran(work)
        process.is_over = True

    def _ran(self, work: Callable[[], None]) -> None:
        try:
            work()
        except CrashError:
            return

    def _resume(self, strand: Strand) -> None:
        frozen = strand.process.frozen_until
        if frozen > self.now and not strand.process.is_dead:
            self.at(frozen, self._resume, strand)
        else:
            strand.switch()
