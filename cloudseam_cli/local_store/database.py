"""The file: its tables, and transactions one at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

SCHEMA = """
CREATE TABLE IF NOT EXISTS stacks (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, machine TEXT NOT NULL, state TEXT NOT NULL,
    row TEXT NOT NULL, is_unfinished INTEGER NOT NULL, is_removed INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unfinished ON stacks (id) WHERE is_unfinished;
CREATE INDEX IF NOT EXISTS of_machine ON stacks (machine, state);
CREATE TABLE IF NOT EXISTS logs (
    stack_id TEXT NOT NULL, version INTEGER NOT NULL, events TEXT NOT NULL,
    PRIMARY KEY (stack_id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS histories (
    stack_id TEXT NOT NULL, version INTEGER NOT NULL, entries TEXT NOT NULL,
    PRIMARY KEY (stack_id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, claim TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS machines (
    name TEXT NOT NULL, digest TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (name, digest)
) WITHOUT ROWID;
"""


class Database:
    """One connection, which threads take turns on."""

    def __init__(self, path: Path | str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._turn = RLock()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed at the end of the block, and undone if that raises."""
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def read(self, sql: str, *parameters: object) -> list[tuple[str, ...]]:
        """All rows of a query."""
        with self._turn:
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Closes the file."""
        with self._turn:
            self._connection.close()
