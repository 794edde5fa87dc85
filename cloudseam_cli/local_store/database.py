"""The file: its tables, and transactions one at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from cloudseam.errors import CloudSeamError

# Of 4 kB each, before a checkpoint: SQLite's own 1,000 had some hundred commits share two waits for
# the disk, of several milliseconds each.
JOURNAL_PAGES = 4_000
# Rows are long, so those of most tables are not kept in the tree of their keys
# (https://www.sqlite.org/withoutrowid.html): each commit would write it anew.
SCHEMA = """
CREATE TABLE IF NOT EXISTS stacks (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, machine TEXT NOT NULL, state TEXT NOT NULL,
    row TEXT NOT NULL, is_unfinished INTEGER NOT NULL, is_removed INTEGER NOT NULL,
    created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, memory TEXT
);
CREATE INDEX IF NOT EXISTS unfinished ON stacks (id) WHERE is_unfinished;
CREATE INDEX IF NOT EXISTS of_machine ON stacks (machine, created_at, id);
CREATE INDEX IF NOT EXISTS expiring ON stacks (expires_at) WHERE expires_at;
CREATE TABLE IF NOT EXISTS logs (
    stack_id TEXT NOT NULL, version INTEGER NOT NULL, events TEXT NOT NULL,
    PRIMARY KEY (stack_id, version)
);
CREATE TABLE IF NOT EXISTS machines (
    name TEXT NOT NULL, digest TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (name, digest)
) WITHOUT ROWID;
"""


class DatabaseUnusableError(CloudSeamError):
    """The file cannot be opened, or is another's."""


class Database:
    """One connection, which threads take turns on. Nobody else can open the file meanwhile.

    Raises:
        DatabaseUnusableError: it cannot be opened, another process has it, or it is no database.
    """

    def __init__(self, path: Path | str) -> None:
        self._turn = RLock()
        try:
            # Whoever has it has it for long: there is nothing to wait for.
            self._connection = sqlite3.connect(
                path, timeout=0, check_same_thread=False, isolation_level=None
            )
        except sqlite3.Error as error:
            raise DatabaseUnusableError(f"The file {path} cannot be used: {error}.") from error
        try:
            # The lock goes with the process, however that ends.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            # What was committed outlives the process whatever ends it. The disk is waited for at
            # checkpoints only: waiting each time makes a commit five times as slow.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {JOURNAL_PAGES}")
            self._connection.executescript(f"BEGIN EXCLUSIVE; {SCHEMA} COMMIT;")
        except sqlite3.Error as error:
            self._connection.close()
            raise DatabaseUnusableError(
                f"The file {path} cannot be used: {error}. One process at a time may have it."
            ) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed at the end of the block, and undone if that raises."""
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._turn:
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Closes the file."""
        with self._turn:
            self._connection.close()
