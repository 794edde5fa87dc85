"""Versions of machines in a PostgreSQL table, by digest."""

from cloudseam.machine import Machine
from cloudseam.persistence.kept_version import load_version
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.errors import ConnectionLostError, PostgresError, unavailable

KEEP = """
INSERT INTO cloudseam_machines (digest, name, source) VALUES (:digest, :name, :source)
ON CONFLICT (digest) DO NOTHING
"""
GET = "SELECT source FROM cloudseam_machines WHERE digest = :digest"


class PostgresMachineVersions:
    """See `cloudseam.persistence.MachineVersions`."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    def keep(self, machine: Machine) -> None:
        """See `MachineVersions.keep`."""
        try:
            self._connection.write(
                KEEP, digest=machine.digest, name=machine.name, source=machine.source
            )
        except (PostgresError, ConnectionLostError) as error:
            raise unavailable("keep a machine's version", error) from error

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`."""
        try:
            rows = self._connection.read(GET, digest=digest)
        except (PostgresError, ConnectionLostError) as error:
            raise unavailable("read a machine's version", error) from error
        return load_version(name, digest, rows[0][0]) if rows else None
