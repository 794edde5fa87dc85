"""Versions of machines in the file."""

from cloudseam.errors import InvalidDefinitionError
from cloudseam.finding import FindingsError
from cloudseam.languages import load_machine
from cloudseam.machine import Machine
from cloudseam_cli.local_store.database import Database


class SqliteMachineVersions:
    """See `cloudseam.persistence.MachineVersions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, machine: Machine) -> None:
        """See `MachineVersions.keep`."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO machines VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (machine.name, machine.digest, machine.source),
            )

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`."""
        rows = self._database.read(
            "SELECT source FROM machines WHERE name = ? AND digest = ?", name, digest
        )
        for (source,) in rows:
            try:
                return load_machine(name, source, f"version {digest[:8]} of {name}")
            except FindingsError as error:
                raise InvalidDefinitionError(str(error), machine=name) from error
        return None
