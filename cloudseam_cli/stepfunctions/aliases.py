"""Aliases of state machines: names that lead to one or two versions, in the store's file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from cloudseam_cli.local_store.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS state_machine_aliases (
    machine TEXT NOT NULL, name TEXT NOT NULL, told TEXT NOT NULL, PRIMARY KEY (machine, name)
) WITHOUT ROWID
"""
PUT = """
INSERT INTO state_machine_aliases VALUES (?, ?, ?)
ON CONFLICT (machine, name) DO UPDATE SET told = excluded.told
"""
ONE = "SELECT told FROM state_machine_aliases WHERE machine = ? AND name = ?"


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias. `routing` has the weight of each version, by its number as a text; together they
    are 100. Moments are in epoch seconds."""

    machine: str
    name: str
    routing: Mapping[str, int]
    description: str
    created: float
    updated: float

    def version(self, chance: float) -> int:
        """The number of the version that an execution gets; `chance` is below 1."""
        left = 100 * chance
        for number, weight in self.routing.items():
            left -= weight
            if left < 0:
                return int(number)
        raise AssertionError("the weights are 100 together")


class Aliases:
    """Keeps them, by the names of state machines."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            connection.execute(SCHEMA)

    def put(self, alias: Alias) -> None:
        """Keeps an alias, or takes the place of the one of that name."""
        with self._database.transaction() as connection:
            connection.execute(PUT, (alias.machine, alias.name, json.dumps(asdict(alias))))

    def find(self, machine: str, name: str) -> Alias | None:
        """The one of that name."""
        for (told,) in self._database.read(ONE, machine, name):
            return Alias(**json.loads(told))
        return None

    def of(self, machine: str) -> Sequence[Alias]:
        """All of a state machine, in the order of their names."""
        rows = self._database.read(
            "SELECT told FROM state_machine_aliases WHERE machine = ? ORDER BY name", machine
        )
        return [Alias(**json.loads(told)) for (told,) in rows]

    def remove(self, machine: str, name: str) -> None:
        """Forgets one."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM state_machine_aliases WHERE machine = ? AND name = ?", (machine, name)
            )

    def remove_all(self, machine: str) -> None:
        """Forgets all of a state machine."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM state_machine_aliases WHERE machine = ?", (machine,))
