"""Events that change a stack without a task, and what the service spends on them.

Of each batch every event is for another stack. A stack remembers the events that it applied, so
one that is touched often costs more than others: whoever compares has to keep that alike.
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from bench.life import machine_text
from cloudseam.clock import SystemClock
from cloudseam.delivery import Delivery
from cloudseam.languages import load_machine
from cloudseam.locators import MachineLocator
from cloudseam.machine import Machine
from cloudseam.outbox import Outbox
from cloudseam.outcome import Fate
from cloudseam.persistence import MachineVersions, StackRepository
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.queues.memory import InMemoryQueue
from cloudseam.service import StackService
from cloudseam.stack import Stack
from cloudseam.timers import NoTimers

BATCH = 10

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Spent:
    """On one event: seconds of CPU, and by the clock."""

    cpu: float
    wall: float


def a_machine(name: str) -> Machine:
    """The machine of `bench.life`, with a digest of its own."""
    return load_machine(name, machine_text(name).encode(), f"{name}.yml")


def a_stack(stack_id: str, machine: Machine) -> Stack:
    """A stack that has been launched."""
    metadata = {"branch": "main", "image": "v1"}
    return Stack(
        stack_id,
        machine.name,
        "RUN",
        epoch=2,
        metadata=metadata,
        machine_digest=machine.digest,
    )


def a_service(
    stacks: StackRepository, locator: MachineLocator, versions: MachineVersions
) -> StackService:
    """A container's service over these."""
    machines = PinnedMachines(locator, versions)
    return StackService(stacks, machines, Outbox(InMemoryQueue(), NoTimers()), SystemClock())


def touches(stacks: int, events: int, seed: int = 0) -> Iterator[list[Delivery]]:
    """Batches for `stack-0` and on, chosen at random."""
    chance = random.Random(seed)
    for _ in range(max(1, events // BATCH)):
        numbers = chance.sample(range(stacks), min(BATCH, stacks))
        yield [touch(f"stack-{number}") for number in numbers]


def touch(stack: str) -> Delivery:
    """One event, with a value that replaces the one before."""
    number = next(_numbers)
    body = {"stackId": stack, "event": "TOUCH", "metadata": {"image": f"v{number}"}}
    return Delivery(f"message-{number}", json.dumps(body))


def spent(service: StackService, batches: Sequence[Sequence[Delivery]]) -> Spent:
    """What was spent on each event of these batches."""
    events = sum(map(len, batches))
    began, cpu = time.perf_counter(), time.process_time()
    for batch in batches:
        for outcome in service.handle_batch(batch):
            if outcome.error or outcome.fate is not Fate.DONE:
                raise SystemExit(f"an event was not applied: {outcome.error}")
    used, passed = time.process_time() - cpu, time.perf_counter() - began
    return Spent(used / events, passed / events)
