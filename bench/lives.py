"""Lives of five durable steps on one PostgreSQL, beside engines that one could pick instead."""

import json
import os
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Self

from bench.figures import Cell, Figures, Tell, times
from bench.function import PASSED_ON
from bench.stand_in import ROOT
from bench.subjects.protocol import DATABASE, STEPS
from tests.postgres import PostgresServer

ROUNDS = 3
PEERS = ROOT / ".venv-bench" / "bin" / "python"
NOT_INSTALLED = "not installed: `make bench-peers`"


@dataclass(frozen=True, slots=True)
class Subject:
    """An engine: its module, its interpreter, and how many lives of a round in each mode."""

    name: str
    module: str
    lives: Mapping[str, int]
    python: Path
    needs: str = "sys"  # a module that is there where it can run


OURS = {
    "events, batches of 1": 50,
    "events, batches of 10": 300,
    "events, batches of 100": 400,
    "events and tasks, batches of 1": 30,
    "events and tasks, batches of 10": 60,
    "events and tasks, batches of 100": 100,
}
SUBJECTS = (
    Subject("CloudSeam", "cloudseam_lives", OURS, Path(sys.executable)),
    Subject("DBOS", "dbos_lives", {"one by one": 20, "all at once": 40}, PEERS, "dbos"),
    Subject(
        "Temporal",
        "temporal_lives",
        {"activities": 20, "local activities": 40},
        PEERS,
        "temporalio",
    ),
)


class Engine:
    """A subject's process, from `with` on."""

    def __init__(self, subject: Subject, server: PostgresServer) -> None:
        self._subject = subject
        self._server = server

    def __enter__(self) -> Self:
        passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self._process = subprocess.Popen(
            [self._subject.python, "-m", f"bench.subjects.{self._subject.module}", _free_port()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=passed_on | {DATABASE: json.dumps(_own_database(self._server))},
        )
        assert self._process.stdout
        self._process.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def live(self, mode: str, lives: int) -> Mapping[str, float]:
        """Seconds by the clock, of CPU, and of CPU of a server of its own."""
        assert self._process.stdin
        assert self._process.stdout
        print(f"{mode} {lives}", file=self._process.stdin, flush=True)
        cost: Mapping[str, float] = json.loads(self._process.stdout.readline())
        return cost


def run(scale: float, tell: Tell) -> Figures:
    """The engines take turns, round by round."""
    found: dict[tuple[str, str], list[tuple[Cell, ...]]] = defaultdict(list)
    present = [subject for subject in SUBJECTS if _is_installed(subject)]
    with PostgresServer() as server, ExitStack() as running:
        engines = {each.name: running.enter_context(Engine(each, server)) for each in present}
        for number in range((rounds := times(ROUNDS, scale)) + 1):
            for subject in present:
                for mode, most in subject.lives.items():
                    tell(f"round {number} of {rounds}, {subject.name}, {mode}")
                    lives = max(1, round(most * scale)) if number else min(10, most)
                    cost = engines[subject.name].live(mode, lives)
                    if number:  # the first round warms up
                        found[subject.name, mode].append(_figures(cost, lives))
    return Figures(
        f"Lives of {STEPS} durable steps on PostgreSQL",
        ("engine", "lives/s", "CPU ms per life", "CPU ms of its server"),
        tuple(_rows(found)),
        "The engines take turns in one run, on one PostgreSQL server; Temporal's own server keeps "
        "its SQLite file. A step does nothing. CloudSeam's life is five events and three tasks: "
        "`events` is the state machine function's part, `events and tasks` also claims each task, "
        "runs it with an executor that does nothing, and answers it. Its queues are in memory, as "
        f"the others have none. CPU of PostgreSQL is nobody's. Median of {rounds} rounds.",
    )


def row_name(engine: str, mode: str) -> str:
    """How the row is called."""
    return f"{engine}, {mode}"


def _figures(cost: Mapping[str, float], lives: int) -> tuple[Cell, ...]:
    return (lives / cost["wall"], cost["cpu"] / lives * 1000, cost["server"] / lives * 1000 or None)


def _rows(
    found: Mapping[tuple[str, str], Sequence[tuple[Cell, ...]]],
) -> Iterator[tuple[Cell, ...]]:
    for subject in SUBJECTS:
        for mode in subject.lives:
            rounds = found.get((subject.name, mode))
            name = row_name(subject.name, mode)
            if rounds is None:
                yield (name, NOT_INSTALLED, None, None)
            else:
                yield (name, *(_median(column) for column in zip(*rounds, strict=True)))


def _median(column: Sequence[Cell]) -> Cell:
    figures = [cell for cell in column if isinstance(cell, int | float)]
    return median(figures) if figures else None


def _is_installed(subject: Subject) -> bool:
    if not subject.python.exists():
        return False
    asked = [str(subject.python), "-c", f"import {subject.needs}"]
    return subprocess.run(asked, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _own_database(server: PostgresServer) -> dict[str, Any]:
    """A database of its own, and the way in."""
    user = server.over_tcp(server.new_user())
    with closing(server.connect(server.superuser)) as connection:
        connection.run(f"CREATE DATABASE {user.username} OWNER {user.username}")
    parts = ("username", "password", "host", "port")
    return {"dbname": user.username, **{part: getattr(user, part) for part in parts}}


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])
