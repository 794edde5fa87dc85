"""Every case of the corpus, over ports in memory and through the function's handler."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cloudseam.delivery import Delivery
from cloudseam.errors import MachineNotFoundError
from cloudseam.languages import load_machine
from cloudseam.machine import Machine
from cloudseam.outcome import Outcome
from cloudseam.persistence.memory import InMemoryStackRepository
from cloudseam.stack import Stack
from tests.builders import FakeClock
from tests.conformance.corpus import FOLDER, Player, System, load_case
from tests.emulated import EmulatedAws, emulated_aws
from tests.fakes import CountingQueue
from tests.function import StateMachineFunction, state_machine_function
from tests.world import World

CASES = sorted(FOLDER.glob("*.yml"))


class TextMachines:
    """Machines by their texts, read anew each time."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        if name not in self.texts:
            raise MachineNotFoundError(f"There is no machine '{name}'.", machine=name)
        return load_machine(name, self.texts[name], f"{name}.yml")

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        return sorted(self.texts)


class InMemorySystem:
    """The service over ports in memory."""

    def __init__(self) -> None:
        self._stacks = InMemoryStackRepository()
        self._machines = TextMachines()
        clock = FakeClock()
        self._containers = CountingQueue()
        self._world = World(self._stacks, self._machines, clock, container_tasks=self._containers)
        self._looked = {"tasks": 0, "containers": 0}
        self.move_on = clock.move_on

    def put_machines(self, texts: Mapping[str, str]) -> None:
        """See `System.put_machines`."""
        self._machines.texts = dict(texts)

    def put_row(self, row: Mapping[str, Any]) -> None:
        """See `System.put_row`."""
        self._stacks.rows[row["id"]] = json.dumps(row)

    def deliver(self, *deliveries: Delivery) -> list[Outcome]:
        """See `System.deliver`."""
        return self._world.deliver(*deliveries)

    def tasks(self) -> list[dict[str, Any]]:
        """See `System.tasks`."""
        return self._fresh("tasks", self._world.tasks)

    def container_tasks(self) -> list[dict[str, Any]]:
        """See `System.container_tasks`."""
        return self._fresh("containers", self._containers)

    def _fresh(self, name: str, queue: CountingQueue) -> list[dict[str, Any]]:
        sent = queue.sent[self._looked[name] :]
        self._looked[name] += len(sent)
        return [json.loads(message.body) for message in sent]

    def stack(self, stack_id: str) -> Stack | None:
        """See `System.stack`."""
        return self._stacks.load([stack_id]).stacks.get(stack_id)


class HandlerSystem:
    """The function's handler over emulated AWS."""

    def __init__(self, function: StateMachineFunction, clock: FakeClock) -> None:
        self._function = function
        self.move_on = clock.move_on
        self.put_row = function.put_row
        self.deliver = function.deliver
        self.tasks = function.tasks
        self.container_tasks = function.container_tasks
        self.stack = function.stack

    def put_machines(self, texts: Mapping[str, str]) -> None:
        """See `System.put_machines`."""
        for path in self._function.machines.glob("*.yml"):
            path.unlink()
        for name, text in texts.items():
            self._function.put_machine(name, text)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture(params=["memory", "handler"])
def system(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    if request.param == "memory":
        yield InMemorySystem()
        return
    clock = FakeClock()
    with state_machine_function(request.getfixturevalue("aws"), tmp_path, clock) as function:
        yield HandlerSystem(function, clock)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_rule_holds(path: Path, system: System) -> None:
    Player(system).play(load_case(path))


def test_the_corpus_has_many_cases_with_a_number_and_a_rule_of_their_own() -> None:
    rules = [load_case(path)["rule"] for path in CASES]

    assert [path.name[:3] for path in CASES] == [f"{n:03}" for n in range(1, len(CASES) + 1)]
    assert len(set(rules)) == len(rules) >= 45
    assert all(rule.endswith(".") for rule in rules)
