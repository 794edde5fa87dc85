"""The state machines that were created through the API, in the store's file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudseam.errors import MachineNotFoundError
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.languages.asl.spec import machine_of
from cloudseam.machine import Machine
from cloudseam_cli.local_store.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS state_machines (
    name TEXT PRIMARY KEY, told TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tags (arn TEXT PRIMARY KEY, tags TEXT NOT NULL) WITHOUT ROWID;
"""
PUT = (
    "INSERT INTO state_machines VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET told = excluded.told"
)


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A state machine as DescribeStateMachine tells of it. `created` is in epoch seconds."""

    arn: str
    name: str
    definition: str
    role: str
    kind: str
    created: float
    revision: str
    logging: Mapping[str, Any] = field(default_factory=dict)
    tracing: Mapping[str, Any] = field(default_factory=dict)
    encryption: Mapping[str, Any] = field(default_factory=dict)


class StateMachines:
    """Keeps them, and finds the machine of one; see `cloudseam.locators.MachineLocator`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
        rows = database.read("SELECT told FROM state_machines")
        found = (StateMachine(**json.loads(told)) for (told,) in rows)
        self._known = {each.name: each for each in found}
        self._machines: dict[str, AslMachine] = {}

    def put(self, machine: StateMachine) -> None:
        """Keeps a state machine, or takes the place of the one of that name."""
        told = {name: getattr(machine, name) for name in StateMachine.__slots__}
        with self._database.transaction() as connection:
            connection.execute(PUT, (machine.name, json.dumps(told)))
        self._known[machine.name] = machine
        self._machines.pop(machine.name, None)

    def remove(self, name: str) -> None:
        """Forgets one. Executions under way keep their version of it."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM state_machines WHERE name = ?", (name,))
        self._known.pop(name, None)
        self._machines.pop(name, None)

    def find(self, name: str) -> StateMachine | None:
        """The one of that name."""
        return self._known.get(name)

    def all(self) -> Sequence[StateMachine]:
        """All there are, the newest first."""
        return sorted(self._known.values(), key=lambda each: each.created, reverse=True)

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        machine = self._machines.get(name)
        if machine is None:
            known = self._known.get(name)
            if known is None:
                raise MachineNotFoundError(f"There is no state machine '{name}'.", machine=name)
            machine = self._machines[name] = machine_of(
                name, json.loads(known.definition), known.definition
            )
        return machine

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        return sorted(self._known)

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource."""
        for (told,) in self._database.read("SELECT tags FROM tags WHERE arn = ?", arn):
            tags: dict[str, str] = json.loads(told)
            return tags
        return {}

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Replaces the tags of a resource."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM tags WHERE arn = ?", (arn,))
            connection.execute("INSERT INTO tags VALUES (?, ?)", (arn, json.dumps(dict(tags))))
