"""A function as those who measure see it: batches in, what they cost out."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from bench.life import MACHINE, MACHINE_NAME
from bench.stand_in import ROOT, StandIn
from tests.postgres import PostgresServer

STATE_MACHINE, TASK_SATISFIER = "state_machine", "task_satisfier"
STORES = ("DynamoDB", "PostgreSQL")
# What a process needs of this one's environment, and nothing that could lead it to a real account.
PASSED_ON = ("PATH", "PYTHONPATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", "VIRTUAL_ENV")
SECRET_PARTS = ("username", "password", "host", "dbname", "port")


_numbers = count(1)


class NotAppliedError(Exception):
    """An event was not applied: the figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What batches cost: seconds by the clock, of CPU of the function's own process, and the peak
    of its memory in bytes."""

    wall: float = 0
    cpu: float = 0
    memory: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.cpu + other.cpu, max(self.memory, other.memory))


class Function:
    """One container: a process, from `with` on. `profile` is a file to write one to."""

    def __init__(
        self,
        environment: Mapping[str, str],
        log: Path,
        profile: Path | None = None,
        name: str = STATE_MACHINE,
    ) -> None:
        self._name = name
        self._environment = environment
        self._log = log
        self._profile = profile

    def __enter__(self) -> Self:
        worker = ["bench.worker", str(self._log), self._name]
        if self._profile:
            worker = ["bench.profiled_worker", str(self._log), self._name, str(self._profile)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", *worker],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=dict(self._environment),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def handle(self, batches: Sequence[Sequence[str]]) -> Cost:
        """Has batches of bodies handled, one after the other.

        Raises:
            NotAppliedError: an event came back.
        """
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(batches), file=self._process.stdin, flush=True)
        told = json.loads(self._process.stdout.readline() or '{"returned": "all"}')
        if told.pop("returned"):
            raise NotAppliedError(f"An event was not applied: {self._last_words()}")
        return Cost(**told)

    def _last_words(self) -> str:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return lines[-1] if lines else "it logged nothing"


@dataclass(slots=True)
class Installation:
    """All that the function needs around it, on this computer."""

    aws: StandIn
    machines: Path
    postgres: PostgresServer | None = None
    settings: dict[str, str] = field(default_factory=dict)

    def environment(self, store: str) -> dict[str, str]:
        """The function's, with a store of that kind that is empty."""
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        queue = f"{self.aws.url}/000000000000"
        settings = {
            "MACHINE_LOCATOR": "LOCAL_FS",
            "MACHINE_SPEC_DIR": str(self.machines),
            "SQS_TASK_QUEUE_URL": f"{queue}/tasks",
            "SQS_EVENT_QUEUE_URL": f"{queue}/events",
            "SQS_EVENT_DLQ_URL": f"{queue}/letters",
            **self.settings,
        }
        return {**kept, **self.aws.environment, **settings, **self._store(store)}

    def _store(self, store: str) -> dict[str, str]:
        if store == "DynamoDB":
            return {"DYNAMODB_TABLE": f"Stacks-{next(_numbers)}"}
        assert self.postgres
        user = self.postgres.over_tcp(self.postgres.new_user())
        self.aws.set_secret(json.dumps({part: getattr(user, part) for part in SECRET_PARTS}))
        return {"POSTGRES_CONNECTION_SECRET": "bench"}


@contextmanager
def installation(*stores: str) -> Iterator[Installation]:
    """With a PostgreSQL server where that is one of the stores."""
    with StandIn() as aws, TemporaryDirectory(prefix="cloudseam-bench-") as folder:
        machines = Path(folder) / "machines"
        machines.mkdir()
        (machines / f"{MACHINE_NAME}.yml").write_text(MACHINE)
        if "PostgreSQL" not in stores:
            yield Installation(aws, machines)
            return
        with PostgresServer() as server:
            yield Installation(aws, machines, server)


def container(place: Installation, store: str) -> AbstractContextManager[Function]:
    """A container of the function that has handled nothing yet."""
    return Function(place.environment(store), place.machines.parent / f"log-{next(_numbers)}")
