"""Published versions of state machines, in the store's file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cloudseam.errors import MachineNotFoundError
from cloudseam.event import START, Event
from cloudseam.machine import Machine
from cloudseam.persistence import MachineVersions
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.stack import Stack
from cloudseam_cli.local_store.database import Database
from cloudseam_cli.stepfunctions.state_machines import StateMachine, StateMachines

# A removed one leaves its number behind, which no other version gets.
SCHEMA = """
CREATE TABLE IF NOT EXISTS state_machine_versions (
    name TEXT NOT NULL, number INTEGER NOT NULL, told TEXT, PRIMARY KEY (name, number)
) WITHOUT ROWID
"""
NEXT = "SELECT coalesce(max(number), 0) + 1 FROM state_machine_versions WHERE name = ?"
OF_NAME = """
SELECT told FROM state_machine_versions WHERE name = ? AND told IS NOT NULL ORDER BY number DESC
"""
ONE = "SELECT told FROM state_machine_versions WHERE name = ? AND number = ? AND told IS NOT NULL"
REMOVE = "UPDATE state_machine_versions SET told = NULL WHERE name = ? AND number = ?"


@dataclass(frozen=True, slots=True)
class Version:
    """A state machine as it was published as `number`. `created` is in epoch seconds."""

    number: int
    machine: StateMachine
    description: str
    created: float


class Versions:
    """Keeps them, by the names of state machines."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as connection:
            connection.execute(SCHEMA)

    def publish(self, machine: StateMachine, description: str, now: float) -> Version:
        """A new version of a state machine; or the newest one, if it is of this revision."""
        newest = next(iter(self.of(machine.name)), None)
        if newest is not None and newest.machine.revision == machine.revision:
            return newest
        with self._database.transaction() as connection:
            (number,) = connection.execute(NEXT, (machine.name,)).fetchone()
            version = Version(number, machine, description, now)
            told = json.dumps(asdict(version))
            connection.execute(
                "INSERT INTO state_machine_versions VALUES (?, ?, ?)", (machine.name, number, told)
            )
        return version

    def of(self, name: str) -> Sequence[Version]:
        """All of a state machine, the newest first."""
        return [_version(told) for (told,) in self._database.read(OF_NAME, name)]

    def find(self, name: str, number: int) -> Version | None:
        """One of them."""
        for (told,) in self._database.read(ONE, name, number):
            return _version(told)
        return None

    def remove(self, name: str, number: int) -> None:
        """Forgets one. Executions under way keep their definition."""
        with self._database.transaction() as connection:
            connection.execute(REMOVE, (name, number))

    def remove_all(self, name: str) -> None:
        """Forgets all of a state machine."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM state_machine_versions WHERE name = ?", (name,))


class PublishedMachines(PinnedMachines):
    """See `PinnedMachines`. A START that names a version begins on it."""

    def __init__(self, current: StateMachines, published: Versions, kept: MachineVersions) -> None:
        super().__init__(current, kept)
        self._current_machines = current
        self._published = published

    def machine_of(self, stack: Stack, event: Event) -> Machine:
        """See `Machines.machine_of`."""
        number = event.payload.get("version") if event.name == START else None
        if stack.machine_digest or not isinstance(number, int):
            return super().machine_of(stack, event)
        version = self._published.find(stack.machine, number)
        if version is None:
            text = f"State machine '{stack.machine}' has no version {number}."
            raise MachineNotFoundError(text, machine=stack.machine)
        machine = self._current_machines.version(stack.machine, "", version.machine.definition)
        self._hold((stack.machine, machine.digest), machine)
        return machine


def _version(text: str) -> Version:
    told = json.loads(text)
    return Version(**{**told, "machine": StateMachine(**told["machine"])})
