"""Migrations of the PostgreSQL tables: the files in `sql/`, each applied once, in order.

Each file can be run again without harm, and itself notes in `cloudseam_migrations` that it has
been applied, so `psql -1 -f` does the same.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol

# Any number will do, as long as nobody else locks it: the bytes of "cloudsea".
MIGRATING = 0x636C6F7564736561
LOCK = f"SELECT pg_advisory_xact_lock({MIGRATING})"


class Connection(Protocol):
    """What migrations need of a connection."""

    def run(self, sql: str) -> Sequence[Sequence[Any]]:
        """Carries out one or more statements.

        Raises:
            PostgresError: the server refused one of them.
        """


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name and its statements."""

    number: int
    name: str
    sql: str


def migrations() -> Iterator[Migration]:
    """All migrations there are, in order."""
    folder = files("cloudseam.persistence.postgres").joinpath("sql")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            yield Migration(int(number), name, file.read_text("utf-8"))


def migrate(connection: Connection) -> None:
    """Applies what the database lacks, all of it or nothing. Two at once do it once.

    Costs one query where there is nothing to do. A database that is ahead is left alone: an
    older release works on the tables of a newer one.

    Raises:
        PostgresError: the server refused a statement; nothing has changed.
    """
    if not _missing(connection):
        return
    connection.run("BEGIN")
    try:
        connection.run(LOCK)
        for migration in _missing(connection):
            connection.run(migration.sql)
        connection.run("COMMIT")
    except BaseException:
        with suppress(Exception):  # a connection that is gone has rolled back
            connection.run("ROLLBACK")
        raise


def _missing(connection: Connection) -> list[Migration]:
    [[there]] = connection.run("SELECT to_regclass('cloudseam_migrations') IS NOT NULL")
    rows = connection.run("SELECT number FROM cloudseam_migrations") if there else []
    applied = {row[0] for row in rows}
    return [migration for migration in migrations() if migration.number not in applied]
