"""What an event costs with ten stacks in the store, and with a million."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import astuple
from statistics import median
from typing import Any

from bench.figures import Cell, Tell, times
from bench.life import MACHINE_NAME
from bench.touches import BATCH, a_machine, a_service, a_stack, spent, touches
from cloudseam.delivery import Delivery
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.machine import Machine
from cloudseam.persistence.memory import InMemoryMachineVersions, InMemoryStackRepository
from cloudseam.persistence.postgres.connection import PostgresConnection, Rows
from cloudseam.persistence.postgres.credentials import FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.persistence.postgres.versions import PostgresMachineVersions
from cloudseam.persistence.row import to_row
from cloudseam.service import StackService
from tests.postgres import PostgresServer

STACKS = (10, 1_000, 100_000, 1_000_000)
# Events of one pass. The first pass warms up, and is not counted.
EVENTS_PER_STACK = 10
EVENTS = 2_000
PASSES = 5

CLEAR = "TRUNCATE stacks"
# The row of one stack, with another id in it each time.
FILL = """
INSERT INTO stacks (id, data, version, machine, creation_time, last_updated_time)
SELECT 'stack-' || n, replace(:row, '"stack-"', '"stack-' || n || '"'), 1, 'bench', now(), now()
FROM generate_series(0, CAST(:stacks AS bigint) - 1) AS n
"""


def rows(scale: float, tell: Tell) -> Iterator[tuple[Cell, ...]]:
    """In memory, then on PostgreSQL: CPU, time by the clock, statements."""
    sizes = [size if size < 100 else times(size, scale) for size in STACKS]
    events = max(BATCH, round(EVENTS * scale))
    yield from _in_memory(sizes, events, tell)
    yield from _on_postgres(sizes, events, tell)


def _in_memory(sizes: Sequence[int], events: int, tell: Tell) -> Iterator[tuple[Cell, ...]]:
    machine = a_machine(MACHINE_NAME)
    for size in sizes:
        tell(f"{size:,} stacks in memory")
        stacks = InMemoryStackRepository()
        service = a_service(stacks, InMemoryMachineLocator([machine]), InMemoryMachineVersions())
        cpu = []
        for number in range(PASSES + 1):
            stacks.rows = _texts(size, machine)
            cpu.append(spent(service, _batches(size, events, number)).cpu)
        yield (f"{size:,} stacks in memory", median(cpu[1:]) * 1e6, None, None)


def _on_postgres(sizes: Sequence[int], events: int, tell: Tell) -> Iterator[tuple[Cell, ...]]:
    machine = a_machine(MACHINE_NAME)
    with PostgresServer() as server:
        user = server.over_tcp(server.new_user())
        with (
            closing(Counting(FixedCredentials(user))) as connection,
            closing(server.connect(user)) as beside,
        ):
            stacks, locator = PostgresStackRepository(connection), InMemoryMachineLocator([machine])
            service = a_service(stacks, locator, PostgresMachineVersions(connection))
            stacks.load(["makes the tables"])
            for size in sizes:
                tell(f"{size:,} stacks on PostgreSQL")
                cells = _passes(service, connection, beside, size, events)
                yield (f"{size:,} stacks on PostgreSQL", *cells)


def _passes(
    service: StackService, connection: "Counting", beside: Any, size: int, events: int
) -> tuple[float, float, float]:
    """CPU in microseconds and time in milliseconds of an event, and its statements."""
    passes, machine = [], a_machine(MACHINE_NAME)
    for number in range(PASSES + 1):
        if number == 0 or size < EVENTS:
            _fill(beside, size, machine)
        connection.statements = 0
        batches = _batches(size, events, number)
        passes.append(spent(service, batches))
        statements = connection.statements / sum(map(len, batches))
    cpu, wall = (median(found) for found in zip(*map(astuple, passes[1:]), strict=True))
    return cpu * 1e6, wall * 1e3, statements


class Counting(PostgresConnection):
    """Counts the statements that it carries out."""

    statements = 0

    def read(self, sql: str, **parameters: Any) -> Rows:
        """See `PostgresConnection.read`."""
        self.statements += 1
        return super().read(sql, **parameters)

    def write(self, sql: str, **parameters: Any) -> Rows:
        """See `PostgresConnection.write`."""
        self.statements += 1
        return super().write(sql, **parameters)


def _fill(connection: Any, size: int, machine: Machine) -> None:
    connection.run(CLEAR)
    connection.run(FILL, row=json.dumps(to_row(a_stack("stack-", machine))), stacks=size)
    connection.run("ANALYZE stacks")


def _batches(size: int, events: int, number: int) -> list[list[Delivery]]:
    """The events of a pass: no stack has many, since it remembers them."""
    return list(touches(size, min(events, size * EVENTS_PER_STACK), seed=number))


def _texts(size: int, machine: Machine) -> dict[str, str]:
    before, _, after = json.dumps(to_row(a_stack("stack-", machine))).partition('"stack-"')
    return {f"stack-{n}": f'{before}"stack-{n}"{after}' for n in range(size)}
