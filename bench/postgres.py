"""One connection to PostgreSQL: the store, and pgbench with the same statements as the limit."""

import time
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from statistics import median

from bench.figures import Figures, Tell, times
from bench.pgbench import transactions_per_second
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.stack import Stack, Task, TaskStatus
from tests.postgres import PostgresServer

ROUNDS = 3
STACKS = 1_000
SECONDS = 2  # of one round of each subject
BATCHES = (1, 10, 100)
LIMIT = "pgbench -c1, prepared"


def run(scale: float, tell: Tell) -> Figures:
    """pgbench and the store take turns, on the same rows."""
    seconds = max(1, round(SECONDS * scale))
    rates: dict[str, list[float]] = defaultdict(list)
    cpu: dict[str, list[float]] = defaultdict(list)
    with PostgresServer() as server:
        user = server.over_tcp(server.new_user())
        with closing(PostgresConnection(FixedCredentials(user))) as connection:
            store = PostgresStackRepository(connection)
            store.save([a_stack(f"bench-{number}") for number in range(1, STACKS + 1)])
            for number in range(rounds := times(ROUNDS, scale)):
                tell(f"round {number + 1} of {rounds}")
                program = server.binaries / "pgbench"
                rates[LIMIT].append(transactions_per_second(program, user, STACKS, seconds))
                for batch in BATCHES:
                    rate, per_event = _rate(store, batch, seconds)
                    rates[row_name(batch)].append(rate)
                    cpu[row_name(batch)].append(per_event * 1e6)
    limit = median(rates[LIMIT])
    rows = tuple(
        (name, median(found), median(found) / limit, median(cpu[name]) if name in cpu else None)
        for name, found in rates.items()
    )
    return Figures(
        "Reading and committing on one connection",
        ("subject", "stacks/s", "times pgbench", "CPU µs per stack"),
        rows,
        "Two statements for each batch: read these stacks, commit each if it is as it was read. "
        "pgbench, a program in C, sends the very same statements for one stack at a time. The "
        "server does not wait for its disk (`fsync=off`), which favours who commits more often. "
        f"Rows as of a stack with two tasks; median of {rounds} rounds of {seconds} s.",
    )


def row_name(batch: int) -> str:
    """How the store's row is called."""
    return f"the store, batches of {batch}"


def a_stack(stack_id: str) -> Stack:
    """A stack that waits for two tasks, as it is before its first commit."""
    tasks = tuple(
        Task(name, TaskStatus.PENDING, token=f"{name:0>32}") for name in ("network", "app")
    )
    metadata = {"branch": "main", "image": "v1"}
    return Stack(stack_id, "bench", "PROVISION", tasks=tasks, metadata=metadata, epoch=1)


def _rate(store: PostgresStackRepository, batch: int, seconds: float) -> tuple[float, float]:
    """Stacks per second, and seconds of CPU of each."""
    began, cpu, done = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        numbers = (1 + (done + each) % STACKS for each in range(batch))
        loaded = store.load([f"bench-{number}" for number in numbers])
        if loaded.failures or store.save([_moved(each) for each in loaded.stacks.values()]):
            raise SystemExit("a stack was not committed: the figures would mean nothing")
        done += batch
    return done / (time.perf_counter() - began), (time.process_time() - cpu) / done


def _moved(stack: Stack) -> Stack:
    return replace(stack, updated_at=stack.updated_at + 1)
