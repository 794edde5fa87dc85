"""The ports of the system over what the memory adapters keep, each call an I/O of the world."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from cloudseam.claim import Claim
from cloudseam.errors import CloudSeamError, ServiceUnavailableError
from cloudseam.event import Event
from cloudseam.history import Entry
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.machine import Machine
from cloudseam.persistence import Loaded
from cloudseam.persistence.memory import (
    InMemoryClaimRepository,
    InMemoryMachineVersions,
    InMemoryStackRepository,
)
from cloudseam.persistence.row import from_text, to_row
from cloudseam.pinned_machines import Machines
from cloudseam.stack import Stack
from cloudseam.transition import Notice
from tests.simulation.faults import FAILURES, Kind
from tests.simulation.record import Commit, Record, Taken, Told
from tests.simulation.world import Process, Strand, World

# A container looks for changed machine files so often, in milliseconds.
REFRESH_MS = 30_000


def unavailable() -> ServiceUnavailableError:
    """What a store says that does not answer."""
    return ServiceUnavailableError("The store did not answer: Simulated.")


class Rows(InMemoryStackRepository):
    """The rows of the memory adapter, each text of which is read but once."""

    def __init__(self) -> None:
        super().__init__()
        self._read: dict[str, Stack] = {}

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        return Loaded({each: self.stack(each) for each in stack_ids if each in self.rows})

    def stack(self, stack_id: str) -> Stack:
        """The stack that a row holds."""
        text = self.rows[stack_id]
        stack = self._read.get(text)
        if stack is None:
            stack = self._read[text] = from_text(stack_id, text)
        return stack


class Stored:
    """Notes what a store took, and what was folded in."""

    def __init__(self, world: World, record: Record) -> None:
        self._world = world
        self._record = record

    def note(self, written: Stack, before: Stack | None, after: Stack, text: str) -> None:
        """Notes a commit."""
        process = self._world.process()
        taken = tuple(each for each in process.taken if each.event.stack_id == written.id)
        seen = self._record.count()
        commit = Commit(seen, self._world.now, process.name, before, written, after, text, taken)
        self._record.commits[written.id].append(commit)
        if self._world.trace is not None:
            self._world.say(f"    {written.id} is now {shown(commit.after)}")


class SimulatedStacks:
    """See `cloudseam.persistence.StackRepository`. Notes each commit.

    A row is whole, however large, as in PostgreSQL; it expires with its log.
    """

    def __init__(self, world: World, record: Record) -> None:
        self.rows = Rows()
        self._world = world
        self._record = record
        self._stored = Stored(world, record)

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        world = self._world
        kind = world.enter(f"load {' '.join(stack_ids)}")
        world.process().taken.clear()
        loaded = self.rows.load(stack_ids)
        world.leave(kind)
        if kind not in FAILURES:
            return loaded
        lost = stack_ids[len(stack_ids) // 2 :] if kind is Kind.FAIL_PARTLY else stack_ids
        failures = dict.fromkeys(lost, unavailable())
        return Loaded({s: stack for s, stack in loaded.stacks.items() if s not in lost}, failures)

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        kind = self._world.enter(f"save {' '.join(stack.id for stack in stacks)}")
        taken = stacks
        if kind is Kind.FAIL_BEFORE:
            taken = []
        elif kind in (Kind.CRASH_AMID, Kind.FAIL_PARTLY):
            taken = stacks[: len(stacks) // 2]
        failures = {stack.id: error for stack in taken for error in self._put(stack)}
        self._world.leave(kind)
        if kind is Kind.FAIL_AFTER:
            return {stack.id: failures.get(stack.id, unavailable()) for stack in stacks}
        unsaved = {stack.id: unavailable() for stack in stacks[len(taken) :]}
        return {**failures, **unsaved}

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """See `StackRepository.scan`."""
        return self.rows.scan(machine, state)

    def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
        """See `StackRepository.scan_unfinished`."""
        kind = self._world.enter("scan")
        self._world.leave(kind)
        if kind in FAILURES:
            raise unavailable()
        yield from self.rows.scan_unfinished(after)

    def history(self, stack_id: str, version: int, limit: int) -> Sequence[Entry]:
        """See `StackRepository.history`."""
        return self.rows.history(stack_id, version, limit)

    def log(self, stack_id: str, version: int) -> Sequence[Mapping[str, Any]]:
        """See `StackRepository.log`."""
        return self.rows.log(stack_id, version)

    def expire(self, now: int) -> None:
        """Takes away what has expired by now (epoch ms)."""
        gone = {s.id for s in self.rows.scan() if s.expires_at and s.expires_at <= now}
        for stack_id in gone:
            del self.rows.rows[stack_id]
        for stack_id, version in list(self.rows.logs):
            if stack_id in gone:
                del self.rows.logs[stack_id, version]

    def beside(self) -> Sequence[tuple[str, int]]:
        """The rows beside those of stacks: their ids, and when they expire (epoch s), 0 if never.
        A log goes with its row."""
        return [
            (f"cloudseam#log#{stack_id}#{version:012}", 0)
            for stack_id, version in self.rows.logs
            if stack_id not in self.rows.rows
        ]

    def _put(self, stack: Stack) -> Iterator[CloudSeamError]:
        rows = self.rows.rows
        before = self.rows.stack(stack.id) if stack.id in rows else None
        error = self.rows.save([stack]).get(stack.id)
        if error is not None:
            self._record.conflicts += 1
            yield error
            return
        text = rows.get(stack.id) or json.dumps(to_row(stack))
        self._stored.note(stack, before, from_text(stack.id, text), text)


def shown(stack: Stack) -> str:
    """A stack on one line of a trace."""
    tasks = " ".join(f"{task.name}={task.status}:{task.token[:4]}" for task in stack.tasks)
    return f"v{stack.version} {stack.state} epoch {stack.epoch} {tasks}"


class SimulatedBus:
    """See `cloudseam.buses.Bus`. Notes each notice that it took."""

    def __init__(self, world: World, record: Record) -> None:
        self._world = world
        self._record = record

    def put(self, notices: Sequence[Notice]) -> Mapping[int, Exception]:
        """See `Bus.put`."""
        kind = self._world.enter(f"tell of {len(notices)} transitions")
        taken = len(notices)
        if kind is Kind.FAIL_BEFORE:
            taken = 0
        elif kind in (Kind.CRASH_AMID, Kind.FAIL_PARTLY):
            taken //= 2
        for notice in notices[:taken]:
            self._record.told[notice.id].append(Told(self._record.count(), notice))
        self._world.leave(kind)
        lost = range(0 if kind is Kind.FAIL_AFTER else taken, len(notices))
        return {number: unavailable() for number in lost}


class SimulatedClaims:
    """See `cloudseam.persistence.ClaimRepository`. Notes what its callers believe to hold."""

    def __init__(self, world: World) -> None:
        self.kept = InMemoryClaimRepository()
        self._world = world

    def take(self, claim: Claim, now: int) -> Claim | None:
        """See `ClaimRepository.take`."""
        kind = self._enter("claim", claim)
        former = self.kept.take(claim, now)
        self._left(kind)
        self._believed(claim)
        return former

    def renew(self, claim: Claim) -> bool:
        """See `ClaimRepository.renew`.

        One that ends the claim gives it back: whoever does that works under it no more, even if
        he is never told that it was done.
        """
        process = self._world.process()
        if claim.until - process.skew_ms <= self._world.now:
            process.leases.pop(claim.key, None)
        kind = self._enter("end" if claim.done else "renew", claim)
        is_held = self.kept.renew(claim)
        self._left(kind)
        if is_held:
            self._believed(claim)
        return is_held

    def release(self, claim: Claim) -> None:
        """See `ClaimRepository.release`."""
        self._world.process().leases.pop(claim.key, None)
        kind = self._enter("release", claim)
        self.kept.release(claim)
        self._left(kind)

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """See `ClaimRepository.find`."""
        kind = self._world.enter("find claims")
        self._left(kind)
        return self.kept.find(keys)

    def _enter(self, what: str, claim: Claim) -> Kind | None:
        kind = self._world.enter(f"{what} {claim.key[:24]}")
        if kind in (Kind.FAIL_BEFORE, Kind.FAIL_PARTLY):
            raise unavailable()
        return kind

    def _left(self, kind: Kind | None) -> None:
        self._world.leave(kind)
        if kind in FAILURES:
            raise unavailable()

    def _believed(self, claim: Claim) -> None:
        process = self._world.process()
        process.owners[claim.key] = claim.owner
        process.leases[claim.key] = claim.until - process.skew_ms


class SimulatedVersions:
    """See `cloudseam.persistence.MachineVersions`."""

    def __init__(self, world: World) -> None:
        self.kept = InMemoryMachineVersions()
        self._world = world

    def keep(self, machine: Machine) -> None:
        """See `MachineVersions.keep`."""
        kind = self._world.enter(f"keep {machine.digest}")
        if kind is not Kind.FAIL_BEFORE:
            self.kept.keep(machine)
        self._world.leave(kind)
        if kind in FAILURES:
            raise unavailable()

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`."""
        kind = self._world.enter(f"get {digest}")
        self._world.leave(kind)
        if kind in FAILURES:
            raise unavailable()
        return self.kept.get(name, digest)


class SimulatedLocator:
    """See `cloudseam.locators.MachineLocator`. One container's, which looks only now and then."""

    def __init__(self, world: World, files: InMemoryMachineLocator) -> None:
        self._world = world
        self._files = files
        self._known: dict[str, tuple[int, Machine]] = {}

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        looked_at, machine = self._known.get(name, (0, None))
        if machine is not None and self._world.now - looked_at < REFRESH_MS:
            return machine
        kind = self._world.enter(f"file of {name}")
        self._world.leave(kind)
        if kind in FAILURES:
            if machine is None:
                raise unavailable()
            return machine
        machine = self._files.get(name)
        self._known[name] = (self._world.now, machine)
        return machine

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        return self._files.names()


class RecordedMachines:
    """See `cloudseam.pinned_machines.Machines`. Notes which machine met which event."""

    def __init__(self, world: World, machines: Machines) -> None:
        self._world = world
        self._machines = machines

    def machine_of(self, stack: Stack, event: Event) -> Machine:
        """See `Machines.machine_of`."""
        process = self._world.process()
        given = process.given
        machine = self._machines.machine_of(stack, event)
        assert given is not None
        process.taken.append(Taken(event, given, machine))
        return machine

    def keep(
        self, changed: Sequence[Stack], stored: Mapping[str, Stack]
    ) -> Mapping[str, CloudSeamError]:
        """See `Machines.keep`."""
        return self._machines.keep(changed, stored)


class SimulatedHeartbeat:
    """See `cloudseam.heartbeat.Heartbeat`. Beats beside the work; they stop with its process."""

    def __init__(self, world: World) -> None:
        self._world = world

    @contextmanager
    def beating(self, beat: Callable[[], None], seconds: float) -> Iterator[None]:
        """See `Heartbeat.beating`."""
        beats = Beats(self._world, self._world.process(), beat, round(seconds * 1000))
        beats.next()
        try:
            yield
        finally:
            beats.end()


class Beats:
    """The beats of one block. One that has begun is waited for."""

    def __init__(
        self, world: World, process: Process, beat: Callable[[], None], every_ms: int
    ) -> None:
        self._world = world
        self._process = process
        self._beat = beat
        self._every_ms = every_ms
        self._is_over = False
        self._is_beating = False
        self._waits: Strand | None = None

    def next(self) -> None:
        """Plans the next beat."""
        self._world.at(self._world.now + self._every_ms, self._begin)

    def end(self) -> None:
        """Ends the beats, and waits for one that has begun."""
        self._is_over = True
        if self._is_beating and not self._process.is_dead:
            self._waits = self._world.strand()
            self._world.suspend()

    def _begin(self) -> None:
        if self._is_over or self._process.is_dead:
            return
        if self._process.frozen_until > self._world.now:
            self._world.at(self._process.frozen_until, self._begin)
            return
        self._is_beating = True
        self._world.beside(self._process, self._one)

    def _one(self) -> None:
        self._beat()
        self._is_beating = False
        if self._waits is not None:
            self._world.wake(self._waits)
        elif not self._is_over:
            self.next()
