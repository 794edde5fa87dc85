"""Stacks in the file, each a row with its version beside it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudseam.errors import CloudSeamError, StackConflictError
from cloudseam.history import Entry
from cloudseam.persistence import Loaded
from cloudseam.persistence.row import (
    entry_from_row,
    entry_row,
    from_text,
    refuse_oversize,
    to_row,
)
from cloudseam.stack import Stack
from cloudseam_cli.local_store.database import Database

SCANNED_AT_ONCE = 500
LOAD = "SELECT row FROM stacks WHERE id = ?"
INSERT = """
INSERT INTO stacks (id, version, machine, state, row, is_unfinished, is_removed, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
UPDATE = """
UPDATE stacks SET version = ?, machine = ?, state = ?, row = ?, is_unfinished = ?, is_removed = ?,
    expires_at = ?
WHERE id = ? AND version = ?
"""
SCAN = """
SELECT id, row FROM stacks
WHERE id > ? AND NOT is_removed AND (? IS NULL OR machine = ?) AND (? IS NULL OR state = ?)
ORDER BY id LIMIT ?
"""
SCAN_UNFINISHED = "SELECT id, row FROM stacks WHERE is_unfinished AND id > ? ORDER BY id LIMIT ?"


class SqliteStackRepository:
    """See `cloudseam.persistence.StackRepository`. It keeps the full history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        stacks: dict[str, Stack] = {}
        failures: dict[str, CloudSeamError] = {}
        for stack_id in stack_ids:
            for (text,) in self._database.read(LOAD, stack_id):
                try:
                    stacks[stack_id] = from_text(stack_id, text)
                except CloudSeamError as error:
                    failures[stack_id] = error
        return Loaded(stacks, failures)

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        failures: dict[str, CloudSeamError] = {}
        with self._database.transaction() as connection:
            for stack in stacks:
                try:
                    _put(connection, stack)
                except CloudSeamError as error:
                    failures[stack.id] = error
        return failures

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """See `StackRepository.scan`."""
        after = ""
        while True:
            rows = self._database.read(
                SCAN, after, machine, machine, state, state, SCANNED_AT_ONCE
            )
            for stack_id, text in rows:
                yield from_text(stack_id, text)
            if len(rows) < SCANNED_AT_ONCE:
                return
            after = rows[-1][0]

    def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
        """See `StackRepository.scan_unfinished`. The order is that of the ids."""
        while rows := self._database.read(SCAN_UNFINISHED, after, SCANNED_AT_ONCE):
            for stack_id, text in rows:
                yield from_text(stack_id, text)
            after = rows[-1][0]

    def history(self, stack_id: str, version: int, limit: int) -> Sequence[Entry]:
        """See `StackRepository.history`."""
        rows = self._database.read(
            "SELECT version, entries FROM histories WHERE stack_id = ? AND version <= ? "
            "AND version > ? ORDER BY version DESC",
            stack_id,
            version,
            version - limit,
        )
        return [
            entry_from_row(parts, int(number))
            for number, text in rows
            for parts in reversed(json.loads(text))
        ]

    def log(self, stack_id: str, version: int) -> Sequence[Mapping[str, Any]]:
        """What the machine's language told of each commit up to a version, in order."""
        rows = self._database.read(
            "SELECT events FROM logs WHERE stack_id = ? AND version <= ? ORDER BY version",
            stack_id,
            version,
        )
        return [event for (text,) in rows for event in json.loads(text)]


def _put(connection: sqlite3.Connection, stack: Stack) -> None:
    row = to_row(stack)
    text = json.dumps(row)
    refuse_oversize(stack, row, len(text))
    made = stack.version + 1
    values = (
        made,
        stack.machine,
        stack.state,
        text,
        not stack.is_removed and not stack.is_satisfied,
        stack.is_removed,
        stack.expires_at,
    )
    if stack.version:
        done = connection.execute(UPDATE, (*values, stack.id, stack.version))
    else:
        done = connection.execute(INSERT, (stack.id, *values))
    if not done.rowcount:
        raise StackConflictError(
            f"Stack '{stack.id}' was changed by another writer.", stack_id=stack.id
        )
    if stack.fresh_history:
        entries = json.dumps([entry_row(entry) for entry in stack.fresh_history])
        connection.execute("INSERT INTO histories VALUES (?, ?, ?)", (stack.id, made, entries))
    if stack.log:
        events = json.dumps(stack.log)
        connection.execute("INSERT INTO logs VALUES (?, ?, ?)", (stack.id, made, events))
