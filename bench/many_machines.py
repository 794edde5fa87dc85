"""What an event costs with one machine loaded, and with a thousand."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import boto3
from moto import mock_aws

from bench.figures import Cell, Tell, times
from bench.life import machine_text
from bench.touches import BATCH, a_machine, a_service, a_stack, spent, touch, touches
from cloudseam.locators import MachineLocator
from cloudseam.locators.folder import FolderMachineLocator
from cloudseam.locators.s3 import S3MachineLocator
from cloudseam.machine import Machine
from cloudseam.persistence.memory import InMemoryMachineVersions, InMemoryStackRepository
from cloudseam.persistence.row import to_row

MACHINES = (1, 10, 100, 1_000)
IN_BUCKET = (1, 1_000)
BUCKET = "machines"
# They take turns on the machines.
STACKS = 1_000
EVENTS = 1_000  # of one pass
PASSES = 5


def rows(scale: float, tell: Tell) -> Iterator[tuple[Cell, ...]]:
    """Machines as their files have them; of a bucket; old versions of files that have changed."""
    for size in MACHINES:
        names = _names(times(size, scale))
        tell(f"{len(names):,} machines in a folder")
        with _folder(names, revision=1) as locator:
            yield (f"{len(names):,} machines in a folder", *_cost(locator, names, scale))
    for size in IN_BUCKET:
        names = _names(times(size, scale))
        tell(f"{len(names):,} machines in a bucket")
        with _bucket(names) as locator:
            yield (f"{len(names):,} machines in a bucket", *_cost(locator, names, scale))
    for size in MACHINES:
        names = _names(times(size, scale))
        tell(f"{len(names):,} old versions of machines")
        with _folder(names, revision=2) as locator:
            yield (f"{len(names):,} old versions of machines", *_cost(locator, names, scale))


def _cost(locator: MachineLocator, names: Sequence[str], scale: float) -> tuple[Cell, ...]:
    """Stacks on the first version of each machine, all of which are loaded before it counts."""
    stacks, versions = InMemoryStackRepository(), CountingVersions()
    machines = [a_machine(name) for name in names]
    for machine in machines:
        versions.keep(machine)
    for number in range(STACKS):
        row = to_row(a_stack(f"stack-{number}", machines[number % len(machines)]))
        stacks.rows[f"stack-{number}"] = json.dumps(row)
    service = a_service(stacks, locator, versions)
    spent(service, [[touch(f"stack-{number}") for number in range(STACKS)]])
    versions.reads = 0
    events = max(BATCH, round(EVENTS * scale))
    passes = [list(touches(STACKS, events, seed=number)) for number in range(PASSES)]
    cpu = median(spent(service, batches).cpu for batches in passes)
    return (cpu * 1e6, None, versions.reads / sum(map(len, chain.from_iterable(passes))))


def _names(number: int) -> list[str]:
    return [f"machine-{each}" for each in range(number)]


@contextmanager
def _folder(names: Sequence[str], revision: int) -> Iterator[MachineLocator]:
    with TemporaryDirectory(prefix="cloudseam-bench-") as folder:
        for name in names:
            Path(folder, f"{name}.yml").write_text(machine_text(name, revision))
        yield FolderMachineLocator(folder)


@contextmanager
def _bucket(names: Sequence[str]) -> Iterator[MachineLocator]:
    """Emulated in this process: once all is loaded, nothing of it is in the figures."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        for name in names:
            s3.put_object(Bucket=BUCKET, Key=f"{name}.yml", Body=machine_text(name))
        yield S3MachineLocator(s3, BUCKET, "", refresh=3600)


class CountingVersions(InMemoryMachineVersions):
    """Counts how often a version is read from the store."""

    reads = 0

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`. A real store gives the text, which is parsed again."""
        self.reads += 1
        found = super().get(name, digest)
        return found and a_machine(found.name)
