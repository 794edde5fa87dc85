"""SnapStart: what is done before a snapshot, and what is different after it."""

import random
import sys
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest

from cloudseam.errors import InvalidDefinitionError, ServiceUnavailableError
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.machine import Machine
from state_machine import snapshot
from tests.builders import a_machine

Hook = Callable[[], None]


class Runtime(ModuleType):
    """As much of Lambda's module `snapshot_restore_py` as hooks need."""

    def __init__(self) -> None:
        super().__init__("snapshot_restore_py")
        self.before: list[Hook] = []
        self.after: list[Hook] = []

    def register_before_snapshot(self, hook: Hook) -> None:
        self.before.append(hook)

    def register_after_restore(self, hook: Hook) -> None:
        self.after.append(hook)


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    runtime = Runtime()
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", runtime)
    return runtime


def prepare() -> None:
    """Stands for what a function builds."""


def test_lambda_calls_the_hooks_where_it_takes_a_snapshot(runtime: Runtime) -> None:
    snapshot.register_hooks({snapshot.STARTED_BY: "snap-start"}, prepare)

    assert (runtime.before, runtime.after) == ([prepare], [snapshot.renew])


@pytest.mark.parametrize("started_by", [None, "on-demand", "provisioned-concurrency"])
def test_where_no_snapshot_is_taken_nothing_is_registered(
    runtime: Runtime, started_by: str | None
) -> None:
    snapshot.register_hooks({snapshot.STARTED_BY: started_by} if started_by else {}, prepare)

    assert (runtime.before, runtime.after) == ([], [])


def test_containers_of_one_snapshot_draw_different_numbers() -> None:
    taken, drawn = random.getstate(), set()
    for _ in range(2):
        random.setstate(taken)
        snapshot.renew()
        drawn.add(random.random())

    assert len(drawn) == 2


class Machines(InMemoryMachineLocator):
    """Counts what is read, cannot read `broken`, and may not be listed."""

    def __init__(self, names: Sequence[str], *, is_listed: bool = True) -> None:
        super().__init__([a_machine(name=name) for name in names])
        self.is_listed = is_listed
        self.told: list[str] = []

    def names(self) -> Sequence[str]:
        if not self.is_listed:
            raise ServiceUnavailableError("S3 did not answer.")
        return super().names()

    def get(self, name: str) -> Machine:
        self.told.append(name)
        if name == "broken":
            raise InvalidDefinitionError("It has errors.")
        return super().get(name)

    def let_go(self) -> None:
        self.told.append("let go")


@pytest.mark.parametrize(
    ("machines", "told"),
    [
        pytest.param(Machines(["a", "b"]), ["a", "b", "let go"], id="all"),
        pytest.param(Machines(["a", "broken", "c"]), ["a", "broken", "c", "let go"], id="broken"),
        pytest.param(Machines(["a"], is_listed=False), ["let go"], id="not listed"),
    ],
)
def test_every_machine_is_read_before_a_snapshot_and_then_let_go_of(
    machines: Machines, told: list[str]
) -> None:
    snapshot.read_machines(machines)

    assert machines.told == told
