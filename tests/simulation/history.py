"""One history: a plan of what comes from outside and of what goes wrong, run and judged."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from random import Random
from unittest.mock import patch

from cloudseam import service
from cloudseam.event import Event
from cloudseam.languages.asl import machine
from cloudseam.messages import parse_event
from cloudseam.persistence import memory_rows
from cloudseam.stack import Stack
from cloudseam.step import Step, Verdict, admit
from task_satisfier import attempt
from task_satisfier.executors.python import contexts
from task_satisfier.executors.states import nested_execution
from tests.simulation.chance import hashed
from tests.simulation.deeds import INLINE_BYTES
from tests.simulation.execution_invariants import EXECUTION_INVARIANTS
from tests.simulation.executions import KEPT_MS, MACHINES, OWN_MEMORY_BYTES, PIECE_CHARACTERS
from tests.simulation.faults import CRASHES, FAILURES, MIXES, Fault, Faults, Kind, Mix
from tests.simulation.invariants import INVARIANTS, Seen, Violation, judge, valid_letters
from tests.simulation.machines import VERSIONS
from tests.simulation.record import Record, Sent, Taken
from tests.simulation.services import Naps
from tests.simulation.system import Setup, System
from tests.simulation.workload import DeedsWorkload, ExecutionsWorkload, Planned, Workload
from tests.simulation.world import EPOCH_MS, StrandLock, World

# Faults that may cost the run of a task, or make a second one necessary.
COSTLY = CRASHES | FAILURES | {Kind.PAUSE, Kind.EXPIRY, Kind.POISON}
# Faults strike until so long after the last event; then the world is watched until it is quiet.
AFTERMATH_MS = 60_000
# Files of these machines do not change.
DEEDS_MIXES = tuple(mix for mix in MIXES if not mix.changes_file) + tuple(
    replace(mix, changes_file=False) for mix in MIXES if mix.name == "everything"
)
# An attempt that is lost each time is given up after 1 + 2 + 3 + 4 times the patience.
PATIENCES = 16


@dataclass(frozen=True, slots=True)
class Plan:
    """All that makes a history: run twice, it goes the same way.

    Without `faults` they are drawn from the mix.
    """

    seed: int
    mix: Mix
    setup: Setup
    planned: tuple[Planned, ...]
    faults: tuple[Fault, ...] | None = None

    @property
    def steps(self) -> int:
        """How many events and faults it has."""
        return len(self.planned) + len(self.faults or ())


@dataclass(frozen=True, slots=True)
class History:
    """What came of a plan. `struck` are the faults that struck, in order."""

    plan: Plan
    violations: tuple[Violation, ...]
    struck: tuple[Fault, ...]
    places: tuple[str, ...]
    crashes: int
    runs: int
    reruns: int
    commits: int
    conflicts: int
    messages: int
    rejected: int
    valid_letters: int
    virtual_ms: int
    spilled: int = 0
    # How the executions ended, how many did so.
    ended: Counter[str] = field(default_factory=Counter)
    trace: tuple[str, ...] = ()
    finals: dict[str, str] = field(default_factory=dict)

    @property
    def ios(self) -> int:
        """How many I/Os it had."""
        return len(self.places)

    @property
    def faults(self) -> Counter[Kind]:
        """How often each kind of fault struck."""
        found = Counter(fault.kind for fault in self.struck)
        if self.plan.setup.skew_ms:
            found[Kind.SKEW] = 1
        changes = sum(bool(planned.file) for planned in self.plan.planned)
        return found + Counter({Kind.FILE: changes})


def plan_of(seed: int, mixes: Sequence[Mix] = MIXES, setup: Setup | None = None) -> Plan:
    """The history of a seed. Every second one of each mix has a bus, unless the setup says so."""
    mix = mixes[seed % len(mixes)]
    planned = Workload(_rng(f"{seed}/workload"), changes_file=mix.changes_file).plan()
    setup = setup or Setup(has_bus=seed // len(mixes) % 2 == 0)
    return Plan(seed, mix, replace(setup, skew_ms=mix.skew_ms), tuple(planned))


def deeds_plan_of(
    seed: int, mixes: Sequence[Mix] = DEEDS_MIXES, setup: Setup | None = None
) -> Plan:
    """The history of a seed, on machines of actions."""
    mix = mixes[seed % len(mixes)]
    planned = DeedsWorkload(_rng(f"{seed}/deeds")).plan()
    setup = setup or Setup(has_bus=seed // len(mixes) % 2 == 0)
    return Plan(seed, mix, replace(setup, skew_ms=mix.skew_ms), tuple(planned))


def executions_plan_of(seed: int, mixes: Sequence[Mix] = MIXES, setup: Setup | None = None) -> Plan:
    """The history of a seed, of executions, whose branches keep many at work. Of each mix two of
    three have a table of DynamoDB, and every second one a bus."""
    mix = mixes[seed % len(mixes)]
    rng = _rng(f"{seed}/executions")
    planned = ExecutionsWorkload(rng, changes_file=mix.changes_file).plan()
    turn = seed // len(mixes)
    if setup is None:
        setup = Setup(6, 8, has_bus=turn % 2 == 0, has_table=turn % 3 > 0)
    return Plan(seed, mix, replace(setup, skew_ms=mix.skew_ms), tuple(planned))


def run(plan: Plan, *, traced: bool = False) -> History:
    """Runs a plan in virtual time and judges what was seen."""
    if plan.faults is None:
        faults = Faults.of_mix(plan.mix, _rng(f"{plan.seed}/faults"))
    else:
        faults = Faults.of_plan(plan.faults)
    world, record = World(plan.seed, faults, traced=traced), Record()
    system = System(world, record, plan.setup)
    _Outside(system, plan.planned).begin()
    last_event = max((each.at for each in plan.planned), default=0)
    with (
        _without_log(),
        patch.object(attempt, "Lock", lambda: StrandLock(world)),
        patch.object(service, "admit", partial(_admit_noting, world)),
        patch.object(contexts, "MAX_INLINE_BYTES", INLINE_BYTES),
        patch.object(machine, "KEPT_MS", KEPT_MS),
        patch.object(memory_rows, "MAX_OWN_MEMORY_BYTES", OWN_MEMORY_BYTES),
        patch.object(memory_rows, "PIECE_CHARACTERS", PIECE_CHARACTERS),
        patch.object(nested_execution, "time", Naps(world)),
    ):
        is_quiet = _run_until_quiet(system, last_event)
        world.is_over = True
        _look_at_logs(system)
        budget = sum(fault.kind in COSTLY for fault in world.struck) + world.crashes
        may_lose = bool(COSTLY & {fault.kind for fault in world.struck})
        seen = Seen(record, budget, is_quiet, plan.setup.max_receives, may_lose, plan.setup.has_bus)
        violations = judge(seen, {**INVARIANTS, **EXECUTION_INVARIANTS})
    return History(
        plan,
        tuple(violations),
        tuple(world.struck),
        places=tuple(world.places),
        crashes=world.crashes,
        runs=sum(len(runs) for runs in record.runs.values()),
        reruns=sum(len(runs) - 1 for runs in record.runs.values()),
        commits=sum(len(commits) for commits in record.commits.values()),
        conflicts=record.conflicts,
        messages=world.sends,
        rejected=len(record.letters),
        valid_letters=len(valid_letters(record)),
        virtual_ms=world.now - EPOCH_MS,
        spilled=record.spilled,
        ended=Counter(log.stack.state for log in record.logs),
        trace=tuple(world.trace or ()),
        finals={stack_id: commits[-1].after.state for stack_id, commits in record.commits.items()},
    )


def _look_at_logs(system: System) -> None:
    """Notes the logs of all that is left, and what is beside it."""
    for stack in system.stacks.rows.scan():
        if stack.machine in MACHINES:
            system.note_log(stack)
    system.record.beside += system.stacks.beside()


def _admit_noting(
    world: World, stored: Stack | None, event: Event, now: int
) -> Stack | Verdict | Step:
    """`admit`, with a note of what it does itself: no machine, and so no port, hears of that."""
    admitted = admit(stored, event, now)
    if isinstance(admitted, Step):
        process = world.process()
        assert process.given is not None
        process.taken.append(Taken(event, process.given, VERSIONS[admitted.stack.machine][0]))
    return admitted


@contextmanager
def _without_log() -> Iterator[None]:
    """Thousands of faults would be told of, and the time to do so is most of a history's."""
    logger = logging.getLogger("cloudseam")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _rng(name: str) -> Random:
    return Random(hashed(name))


class _Outside:
    """Plays what comes from outside."""

    def __init__(self, system: System, planned: Sequence[Planned]) -> None:
        self._system = system
        self._planned = planned

    def begin(self) -> None:
        """Puts all of it on the agenda."""
        for versions in VERSIONS.values():
            self._system.files.put(versions[0])
        for planned in self._planned:
            act: Callable[[Planned], None] = self._change if planned.file else self._send
            self._system.world.at(EPOCH_MS + planned.at, act, planned)

    def _change(self, planned: Planned) -> None:
        files, versions = self._system.files, VERSIONS[planned.file]
        following = versions.index(files.get(planned.file)) + 1
        self._system.world.say(f"the file of {planned.file} changes")
        files.put(versions[following % len(versions)])

    def _send(self, planned: Planned) -> None:
        system, record = self._system, self._system.record
        body = json.dumps(planned.body)
        if planned.echo is not None:
            if not system.answers:
                return
            body = system.answers[planned.echo % len(system.answers)]
        if planned.redrive is not None:
            letters = [each for each in record.letters if each.is_of_task]
            if not letters:
                return
            body = letters[planned.redrive % len(letters)].body
        event = parse_event(body, planned.message_id)
        if system.world.trace is not None:
            system.world.say(f"{planned.message_id} is sent: {body:.200}")
        is_copy = planned.echo is not None
        sent = Sent(
            record.count(),
            planned.number,
            planned.message_id,
            event.id,
            event.stack_id,
            is_copy,
        )
        record.sent.append(sent)
        system.events.put(planned.message_id, body)


def _run_until_quiet(system: System, last_event: int) -> bool:
    """Runs to the end; whether the end was quiet."""
    world, setup = system.world, system.setup
    world.calm_from = EPOCH_MS + last_event + AFTERMATH_MS
    latest = world.calm_from + round(PATIENCES * setup.lost_after * 1000) + 4_000_000
    moment = EPOCH_MS
    while moment < latest:
        moment += setup.sweep_every_ms
        world.run(moment)
        world.now = max(world.now, moment)
        if moment > world.calm_from and system.is_idle and not _waits(system):
            return True
        system.expire(world.now)
        system.sweeper.begin()
    return False


def _waits(system: System) -> bool:
    """Whether a stack waits for something that is to happen by itself."""
    return any(
        stack.timers or any(task.status == "PENDING" for task in stack.tasks)
        for stack in system.stacks.rows.scan_unfinished()
    )
