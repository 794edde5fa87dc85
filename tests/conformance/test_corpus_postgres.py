"""Every case of the corpus through the function's handler, with stacks kept in PostgreSQL."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.builders import FakeClock
from tests.conformance.corpus import FOLDER, Player, System, load_case
from tests.emulated import EmulatedAws, emulated_aws
from tests.postgres import PostgresServer
from tests.postgres_function import PostgresFunction, postgres_function

CASES = sorted(FOLDER.glob("*.yml"))


class HandlerSystem:
    """The function's handler over emulated AWS and a real PostgreSQL."""

    def __init__(self, kept: PostgresFunction, clock: FakeClock) -> None:
        self.move_on = clock.move_on
        self._machines = kept.function
        self.put_row = kept.put_row
        self.stack = kept.stack
        self.deliver = kept.function.deliver
        self.tasks = kept.function.tasks
        self.container_tasks = kept.function.container_tasks

    def put_machines(self, texts: Mapping[str, str]) -> None:
        """See `System.put_machines`."""
        for path in self._machines.machines.glob("*.yml"):
            path.unlink()
        for name, text in texts.items():
            self._machines.put_machine(name, text)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def system(aws: EmulatedAws, postgres: PostgresServer, tmp_path: Path) -> Iterator[System]:
    clock = FakeClock()
    with postgres_function(aws, postgres, tmp_path, clock) as kept:
        yield HandlerSystem(kept, clock)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_rule_holds_on_postgresql(path: Path, system: System) -> None:
    Player(system).play(load_case(path))
