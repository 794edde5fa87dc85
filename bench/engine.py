"""CPU per event of the engine itself: the service over ports in memory, no network at all.

The yardstick of the same run is the least that any engine of this kind has to do with an event:
parse its body, and write its stack's row and the messages as JSON.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from bench.figures import Cell, Figures, Tell
from cloudseam.clock import SystemClock
from cloudseam.delivery import Delivery
from cloudseam.languages import load_machine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.outbox import Outbox
from cloudseam.outcome import Fate
from cloudseam.persistence.memory import InMemoryMachineVersions, InMemoryStackRepository
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.queues.memory import InMemoryQueue
from cloudseam.service import StackService
from cloudseam.timers import NoTimers

MACHINE = Path(__file__).parents[1] / "machines" / "preview-functions.yml"
STACKS = 200
ROUNDS = 5
BATCHES = (1, 10, 100)


def run(scale: float, tell: Tell) -> Figures:
    """One row per batch size, beside the yardstick."""
    tell("the yardstick")
    least = median(least_cpu() for _ in range(ROUNDS))
    rows: list[tuple[Cell, ...]] = [("the least that any engine does", least * 1e6, 1 / least, 1.0)]
    for batch in BATCHES:
        tell(f"batches of {batch}")
        stacks = max(batch, round(STACKS * scale))
        cpu = median(engine_cpu(batch, stacks) for _ in range(ROUNDS))
        rows.append((f"batches of {batch}", cpu * 1e6, 1 / cpu, cpu / least))
    return Figures(
        "The engine alone",
        ("in memory", "CPU µs per event", "events per CPU second", "times the least"),
        tuple(rows),
        "The service over ports in memory, no network, no log: whole lives of "
        "`machines/preview-functions.yml`. The least is to parse a body and to write a row and a "
        f"message as JSON. Median of {ROUNDS} rounds.",
    )


def engine_cpu(batch: int, stacks: int = STACKS) -> float:
    """Seconds of CPU per event of whole lives: launch, update and destroy, each with answers."""
    machine = load_machine("bench", MACHINE.read_bytes(), MACHINE.name)
    tasks = InMemoryQueue()
    service = StackService(
        InMemoryStackRepository(),
        PinnedMachines(InMemoryMachineLocator([machine]), InMemoryMachineVersions()),
        Outbox(tasks, NoTimers()),
        SystemClock(),
    )
    events, seconds = 0, 0.0
    for step in ("LAUNCH", "UPDATE", "DESTROY"):
        bodies = [_event(step, number) for number in range(stacks)]
        while bodies:
            deliveries = [Delivery(f"{step}-{events + n}", body) for n, body in enumerate(bodies)]
            seconds += _cpu(lambda: _handle(service, deliveries, batch))  # noqa: B023 - called here
            events += len(bodies)
            bodies = [_answer(message.body) for message in tasks.sent]
            tasks.sent.clear()
    return seconds / events


def least_cpu() -> float:
    """Seconds of CPU for what no engine can leave out."""
    body = _event("LAUNCH", 1)
    row = json.dumps({"id": "stack-1", "tasks": [{"name": "a", "status": "PENDING"}] * 3})

    def work() -> None:
        for _ in range(2_000):
            json.loads(body)
            json.dumps(json.loads(row))
            json.dumps({"task": {"name": "a", "config": {}}, "stack": {"id": "stack-1"}})

    return _cpu(work) / 2_000


def _handle(service: StackService, deliveries: Sequence[Delivery], batch: int) -> None:
    for chunk in _chunks(deliveries, batch):
        outcomes = service.handle_batch(chunk)
        if any(outcome.error or outcome.fate is not Fate.DONE for outcome in outcomes):
            raise SystemExit("an event was not applied: the figures would mean nothing")


def _chunks(deliveries: Sequence[Delivery], size: int) -> Iterator[Sequence[Delivery]]:
    for start in range(0, len(deliveries), size):
        yield deliveries[start : start + size]


def _event(name: str, number: int) -> str:
    machine = {"machine": "bench"} if name == "LAUNCH" else {}
    metadata = {"image_tag": name, "number": number}
    return json.dumps(
        {"stackId": f"stack-{number}", "event": name, "metadata": metadata, **machine}
    )


def _answer(task_message: str) -> str:
    message = json.loads(task_message)
    stack, task = message["stack"]["id"], message["task"]
    return json.dumps({"event": "TASK_COMPLETED", "stackId": stack, "task": task})


def _cpu(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
