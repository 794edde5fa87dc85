"""The state machines that were created through the API, in the store's file."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from cloudseam.errors import MachineNotFoundError
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.languages.asl.spec import machine_of
from cloudseam.machine import Machine
from cloudseam_cli.local_store.database import Database

SCHEMA = """
CREATE TABLE IF NOT EXISTS state_machines (
    name TEXT PRIMARY KEY, told TEXT NOT NULL
) WITHOUT ROWID
"""
PUT = """
INSERT INTO state_machines VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET told = excluded.told
"""
STANDARD, EXPRESS = "STANDARD", "EXPRESS"


@dataclass(frozen=True, slots=True)
class StateMachine:
    """A state machine as DescribeStateMachine tells of it.

    `created` and `updated` are in epoch seconds. One that was never updated has no `revision`.
    """

    arn: str
    name: str
    definition: str
    role: str
    kind: str
    created: float
    updated: float
    revision: str = ""
    logging: Mapping[str, Any] = field(default_factory=dict)
    tracing: Mapping[str, Any] = field(default_factory=dict)
    encryption: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_express(self) -> bool:
        """Whether its executions are short, and not looked at one by one."""
        return self.kind == EXPRESS


class StateMachines:
    """Keeps them, and finds the machine of one; see `cloudseam.locators.MachineLocator`.

    `is_missing` is what machines ask of activities; see `AslMachine`.
    """

    def __init__(self, database: Database, is_missing: Callable[[str], bool]) -> None:
        self._database = database
        self._is_missing = is_missing
        with database.transaction() as connection:
            connection.execute(SCHEMA)
        rows = database.read("SELECT told FROM state_machines")
        found = (StateMachine(**json.loads(told)) for (told,) in rows)
        self._known = {each.name: each for each in found}
        self._machines: dict[str, tuple[StateMachine, AslMachine]] = {}

    def put(self, machine: StateMachine) -> None:
        """Keeps a state machine, or takes the place of the one of that name."""
        with self._database.transaction() as connection:
            connection.execute(PUT, (machine.name, json.dumps(asdict(machine))))
            self._known[machine.name] = machine

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
        known = self._known.get(name)
        if known is None:
            raise MachineNotFoundError(f"There is no state machine '{name}'.", machine=name)
        held = self._machines.get(name)
        if held is None or held[0] is not known:
            held = self._machines[name] = known, self._made(name, known.definition)
        return held[1]

    def version(self, name: str, digest: str, source: str) -> AslMachine:
        """The machine as it was when its text was kept."""
        return self._made(name, source)

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        return sorted(self._known)

    def _made(self, name: str, source: str) -> AslMachine:
        machine = machine_of(name, json.loads(source), source)
        return replace(machine, is_missing=self._is_missing)
