"""Versions of machines in the file."""

from collections.abc import Callable

from cloudseam.machine import Machine
from cloudseam.persistence.kept_version import load_version
from cloudseam_cli.local_store.database import Database

KEEP = "INSERT INTO machines VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
GET = "SELECT source FROM machines WHERE name = ? AND digest = ?"

# (name, digest, source) → machine
LoadVersion = Callable[[str, str, str], Machine]


class SqliteMachineVersions:
    """See `cloudseam.persistence.MachineVersions`."""

    def __init__(self, database: Database, load: LoadVersion = load_version) -> None:
        self._database = database
        self._load = load

    def keep(self, machine: Machine) -> None:
        """See `MachineVersions.keep`."""
        with self._database.transaction() as connection:
            connection.execute(KEEP, (machine.name, machine.digest, machine.source))

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`."""
        for (source,) in self._database.read(GET, name, digest):
            return self._load(name, digest, source)
        return None
