"""A fleet in virtual time: the simulator's system, driven by a crowd instead of by faults.

Nothing fails here but what a crowd brings by itself: two containers that work on one stack at the
same moment. The simulator's seeds are not touched: this is a plan of its own.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from random import Random
from unittest.mock import patch

from cloudseam.step import Verdict
from cloudseam.task_spec import TaskSpec
from task_satisfier import attempt
from tests.builders import a_state
from tests.simulation.faults import Faults, Kind, Mix
from tests.simulation.machines import EXECUTOR, machine_of
from tests.simulation.record import Record
from tests.simulation.sqs import SqsModel
from tests.simulation.system import Setup, System
from tests.simulation.world import EPOCH_MS, StrandLock, World

# Two tasks at the start of a life that has no end, and no timer.
MACHINE = machine_of(
    "crowd",
    1,
    [TaskSpec(name, EXECUTOR, {}) for name in ("network", "app")],
    a_state("INIT", on={"LAUNCH": "PROVISION", "NOTE": None}),
    a_state("PROVISION", tasks=("network", "app"), on={"NEXT": "RUN", "NOTE": None}),
    a_state("RUN", on={"NOTE": None}),
)
CALM = Mix("calm")
STEP_MS = 60_000
MOST_STEPS = 600


@dataclass(frozen=True, slots=True)
class Crowd:
    """What comes to a fleet: launches of so many stacks, then so many notes for them.

    `consumers` are containers of each function. The stacks are chosen as Zipf's law has it: with
    `skew` 0 all alike, with 1 the first as often as the second and third together. `per_second`
    is how many events come in a second, at random moments.
    """

    consumers: int
    stacks: int
    events: int
    per_second: float
    skew: float = 1.0
    seed: int = 1

    def plan(self) -> Iterator[tuple[int, str, str]]:
        """Milliseconds from the start, a message id and its body."""
        rng = Random(self.seed)
        span = (self.stacks + self.events) / self.per_second * 1000
        weights = [1 / (rank + 1) ** self.skew for rank in range(self.stacks)]
        chosen = rng.choices(range(self.stacks), weights, k=self.events)
        for stack in range(self.stacks):
            yield round(stack / self.per_second * 1000), f"e-{stack}", _body(stack, "LAUNCH")
        began = self.stacks / self.per_second * 1000
        for number, stack in enumerate(chosen, start=self.stacks):
            yield round(rng.uniform(began, span)), f"e-{number}", _body(stack, "NOTE")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a crowd. Events are the crowd's own and the answers of tasks; `calls` are I/Os
    of both functions by kind; `waits` is how long each event's message was there, in virtual
    milliseconds, in order."""

    events: int
    applied: int
    calls: Counter[str]
    commits: int
    conflicts: int
    redeliveries: int
    letters: int
    waits: Sequence[int]

    def wait(self, share: float) -> int:
        """The milliseconds within which so many of the events were done with."""
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))]


class CountingWorld(World):
    """Counts I/Os by their first word: load, save, send …"""

    def __init__(self, seed: int, faults: Faults) -> None:
        super().__init__(seed, faults)
        self.calls: Counter[str] = Counter()

    def enter(self, what: str, *, can_fail: bool = True, ms: int | None = None) -> Kind | None:
        """See `World.enter`."""
        self.calls[what.split(" ", 1)[0]] += 1
        return super().enter(what, can_fail=can_fail, ms=ms)


class TimedQueue:
    """Notes when messages come into a queue, and how long each was there until it was deleted."""

    def __init__(self, queue: SqsModel, world: World) -> None:
        self.waits: list[int] = []
        self.redeliveries = 0
        self._queue = queue
        self._world = world
        self._since: dict[str, int] = {}
        self._put, self._delete = queue.put, queue.delete

    @contextmanager
    def timed(self) -> Iterator[None]:
        """While the block runs."""
        with (
            patch.object(self._queue, "put", self.put),
            patch.object(self._queue, "delete", self.delete),
        ):
            yield

    def put(self, message_id: str, body: str, *, delay_ms: int = 0) -> None:
        """See `SqsModel.put`."""
        self._since.setdefault(message_id, self._world.now + delay_ms)
        self._put(message_id, body, delay_ms=delay_ms)

    def delete(self, receipts: Sequence[str]) -> None:
        """See `SqsModel.delete`."""
        keys = [self._queue.in_flight.get(receipt) for receipt in receipts]
        for key in keys:
            message = self._queue.messages.get(key) if key else None
            if message is not None:
                self.redeliveries += message.receives - 1
                self.waits.append(self._world.now - self._since[message.id])
        self._delete(receipts)


def gathered(crowd: Crowd) -> Outcome:
    """Runs a crowd until all is quiet."""
    world, record = CountingWorld(crowd.seed, Faults.of_mix(CALM, Random(crowd.seed))), Record()
    consumers = crowd.consumers
    setup = Setup(event_consumers=consumers, task_consumers=consumers, failing=0, slow=0)
    system = System(world, record, setup)
    system.files.put(MACHINE)
    queue = TimedQueue(system.events, world)
    with _unnoted(world), queue.timed():
        for at, message_id, body in crowd.plan():
            world.at(EPOCH_MS + at, partial(system.events.put, message_id, body))
        _run_until_idle(system, crowd)
    world.is_over = True
    applied = {
        ack.event.id
        for ack in record.acks
        if ack.event is not None and ack.verdict == Verdict.APPLIED.value
    }
    return Outcome(
        events=len(queue.waits),
        applied=len(applied),
        calls=world.calls,
        commits=sum(map(len, record.commits.values())),
        conflicts=record.conflicts,
        redeliveries=queue.redeliveries,
        letters=len(record.letters),
        waits=sorted(queue.waits),
    )


def _run_until_idle(system: System, crowd: Crowd) -> None:
    world = system.world
    last = EPOCH_MS + round((crowd.stacks + crowd.events) / crowd.per_second * 1000)
    for moment in range(EPOCH_MS + STEP_MS, EPOCH_MS + MOST_STEPS * STEP_MS, STEP_MS):
        world.run(moment)
        if moment > last and system.is_idle:
            return
    raise SystemExit("the fleet did not get done: the figures would mean nothing")


@contextmanager
def _unnoted(world: World) -> Iterator[None]:
    """No log, and locks that virtual time knows of."""
    logger = logging.getLogger("cloudseam")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with patch.object(attempt, "Lock", lambda: StrandLock(world)):
            yield
    finally:
        logger.setLevel(level)


def _body(stack: int, event: str) -> str:
    body: Mapping[str, object] = {"stackId": f"s{stack}", "event": event}
    return json.dumps({**body, "machine": MACHINE.name} if event == "LAUNCH" else body)
