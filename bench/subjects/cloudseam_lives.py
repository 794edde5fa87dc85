"""CloudSeam: a life is five events, as `bench.life` has it, over PostgreSQL and queues in memory.

Other engines of this kind have no queue between them and their steps, so none is measured here.
With tasks each task message is claimed, run by an executor that does nothing, and answered.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count

from bench.life import LIFE, MACHINE, MACHINE_NAME, Asked, body, tasks_of
from bench.subjects.protocol import database, serve
from cloudseam.clock import SystemClock
from cloudseam.delivery import Delivery
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.languages import load_machine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.outbox import Outbox
from cloudseam.outcome import Fate
from cloudseam.persistence.postgres.claims import PostgresClaimRepository
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.persistence.postgres.versions import PostgresMachineVersions
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.queues.memory import InMemoryQueue
from cloudseam.service import StackService
from cloudseam.timers import NoTimers
from task_satisfier.attempt import Attempts
from task_satisfier.executors.registry import SkippingRegistry
from task_satisfier.satisfier import TaskSatisfier

BATCHES = (1, 10, 100)

_numbers = count(1)


class Fleet:
    """Both functions, without what is between them."""

    def __init__(self, connection: PostgresConnection) -> None:
        machine = load_machine(MACHINE_NAME, MACHINE.encode(), f"{MACHINE_NAME}.yml")
        stacks, clock = PostgresStackRepository(connection), SystemClock()
        versions = PostgresMachineVersions(connection)
        machines = PinnedMachines(InMemoryMachineLocator([machine]), versions)
        self._tasks, self._answers = InMemoryQueue(), InMemoryQueue()
        self._service = StackService(stacks, machines, Outbox(self._tasks, NoTimers()), clock)
        claims = PostgresClaimRepository(connection)
        attempts = Attempts(claims, stacks, clock, ThreadHeartbeat(), place="bench")
        self._satisfier = TaskSatisfier(SkippingRegistry(), self._answers, attempts)

    def events(self, batch: int, lives: int) -> None:
        """Lives whose tasks are answered by nobody's work."""
        stacks, asked = _new_stacks(lives), Asked()
        for phase in LIFE:
            self._handle([body(phase, stack, asked) for stack in stacks], batch)
            asked |= tasks_of(message.body for message in self._tasks.sent)
            self._tasks.sent.clear()

    def events_and_tasks(self, batch: int, lives: int) -> None:
        """Lives whose tasks are claimed, run and answered."""
        stacks = _new_stacks(lives)
        for phase in (LIFE[0], LIFE[3]):
            self._handle([body(phase, stack, {}) for stack in stacks], batch)
            self._satisfy(batch)
            answers = [message.body for message in self._answers.sent]
            self._answers.sent.clear()
            # Both answers of a stack are not in one batch, as they are not in `events`.
            for half in (answers[::2], answers[1::2]) if phase is LIFE[0] else (answers,):
                self._handle(half, batch)

    def _handle(self, bodies: Sequence[str], batch: int) -> None:
        for deliveries in _batches(bodies, batch):
            for outcome in self._service.handle_batch(deliveries):
                if outcome.error or outcome.fate is not Fate.DONE:
                    raise SystemExit(f"an event was not applied: {outcome.error}")

    def _satisfy(self, batch: int) -> None:
        bodies = [message.body for message in self._tasks.sent]
        self._tasks.sent.clear()
        for deliveries in _batches(bodies, batch):
            for outcome in self._satisfier.handle_batch(deliveries, lambda: 300.0):
                if outcome.error or outcome.cause:
                    raise SystemExit(f"a task was not run: {outcome.error or outcome.cause}")


def _new_stacks(lives: int) -> list[str]:
    return [f"stack-{next(_numbers)}" for _ in range(lives)]


def _batches(bodies: Sequence[str], size: int) -> Iterator[list[Delivery]]:
    for start in range(0, len(bodies), size):
        chunk = bodies[start : start + size]
        yield [Delivery(f"message-{next(_numbers)}", text) for text in chunk]


def main() -> None:
    """Serves until stdin closes. What an executor that does nothing warns of is not measured."""
    logging.getLogger("cloudseam").setLevel(logging.ERROR)
    connection = PostgresConnection(FixedCredentials(Credentials(**database())))
    fleet = Fleet(connection)
    modes: dict[str, Callable[[int], None]] = {}
    for batch in BATCHES:
        modes[f"events, batches of {batch}"] = partial(fleet.events, batch)
        modes[f"events and tasks, batches of {batch}"] = partial(fleet.events_and_tasks, batch)
    serve(modes)
    connection.close()


if __name__ == "__main__":
    main()
