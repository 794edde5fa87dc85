"""Stacks in the file, each a row with its version beside it."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from cloudseam.errors import CloudSeamError, StackConflictError
from cloudseam.history import Entry
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import Loaded
from cloudseam.persistence.log_row import events_of, log_texts
from cloudseam.persistence.row import (
    UnreadableRowError,
    from_text,
    memory_of,
    refuse_oversize,
    to_row,
)
from cloudseam.stack import Stack
from cloudseam_cli.local_store.database import Database

SCANNED_AT_ONCE = 500
LOAD = "SELECT row, memory FROM stacks WHERE id = ?"
MEMORY = "SELECT memory FROM stacks WHERE id = ? AND NOT is_removed AND memory IS NOT NULL"
INSERT = """
INSERT INTO stacks
    (id, version, machine, state, row, is_unfinished, is_removed, created_at, expires_at, memory)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, machine = excluded.machine, state = excluded.state,
    row = excluded.row, is_unfinished = excluded.is_unfinished, is_removed = excluded.is_removed,
    created_at = excluded.created_at, expires_at = excluded.expires_at,
    memory = excluded.memory
WHERE stacks.version = 0
"""
UPDATE = """
UPDATE stacks SET version = ?, machine = ?, state = ?, row = ?, is_unfinished = ?, is_removed = ?,
    created_at = ?, expires_at = ?, memory = ?
WHERE id = ? AND version = ?
"""
SCAN = """
SELECT id, row, memory FROM stacks
WHERE id > ? AND NOT is_removed AND (? IS NULL OR machine = ?) AND (? IS NULL OR state = ?)
ORDER BY id LIMIT ?
"""
# The newest first, from behind one of them on.
PAGE = """
SELECT id, row, memory FROM stacks
WHERE machine = ? AND NOT is_removed AND (? IS NULL OR state = ?) AND (created_at, id) < (?, ?)
ORDER BY created_at DESC, id DESC LIMIT ?
"""
FORGET = (
    "DELETE FROM logs WHERE stack_id IN (SELECT id FROM stacks WHERE expires_at BETWEEN 1 AND ?)",
    "DELETE FROM stacks WHERE expires_at BETWEEN 1 AND ?",
)
SCAN_UNFINISHED = (
    "SELECT id, row, memory FROM stacks WHERE is_unfinished AND id > ? ORDER BY id LIMIT ?"
)


class SqliteStackRepository:
    """See `cloudseam.persistence.StackRepository`. Beside the log of a stack, which whoever uses
    this store goes by, it keeps no history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        stacks: dict[str, Stack] = {}
        failures: dict[str, CloudSeamError] = {}
        for stack_id in stack_ids:
            for text, memory in self._database.read(LOAD, stack_id):
                try:
                    stacks[stack_id] = _stack(stack_id, text, memory)
                except CloudSeamError as error:
                    failures[stack_id] = error
        return Loaded(stacks, failures)

    def memory(self, stack_id: str) -> Mapping[str, Any]:
        """What the machine's language keeps of a stack, without the rest of it; {} if nothing."""
        for (text,) in self._database.read(MEMORY, stack_id):
            return memory_of(text)
        return {}

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
            rows = self._database.read(SCAN, after, machine, machine, state, state, SCANNED_AT_ONCE)
            yield from _readable(rows)
            if len(rows) < SCANNED_AT_ONCE:
                return
            after = rows[-1][0]

    def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
        """See `StackRepository.scan_unfinished`. The order is that of the ids."""
        while rows := self._database.read(SCAN_UNFINISHED, after, SCANNED_AT_ONCE):
            yield from _readable(rows)
            after = rows[-1][0]

    def page(
        self, machine: str, state: str | None, behind: tuple[int, str], most: int
    ) -> Sequence[Stack]:
        """Stacks of a machine, the newest first, from behind a moment (epoch ms) and an id on."""
        rows = self._database.read(PAGE, machine, state, state, *behind, most)
        return list(_readable(rows))

    def forget_expired(self, now: int) -> None:
        """Lets go of the stacks that may be forgotten by now (epoch ms), with all that is kept."""
        with self._database.transaction() as connection:
            for statement in FORGET:
                connection.execute(statement, (now,))

    def history(self, stack_id: str, version: int, limit: int) -> Sequence[Entry]:
        """See `StackRepository.history`."""
        return []

    def log(self, stack_id: str, version: int) -> Sequence[Mapping[str, Any]]:
        """See `StackRepository.log`."""
        rows = self._database.read(
            "SELECT version, events FROM logs WHERE stack_id = ? AND version <= ? ORDER BY version",
            stack_id,
            version,
        )
        return [event for number, text in rows for event in events_of(stack_id, number, text)]


def _readable(rows: Sequence[tuple[str, str, str | None]]) -> Iterator[Stack]:
    """The stacks of rows, without the damaged ones and what is no stack."""
    for stack_id, text, memory in rows:
        if not stack_id.startswith(RESERVED_ID_PREFIX):
            with suppress(UnreadableRowError):
                yield _stack(stack_id, text, memory)


def _stack(stack_id: str, text: str, memory: str | None) -> Stack:
    stack = from_text(stack_id, text)
    return stack if memory is None else replace(stack, memory=memory_of(memory))


def _put(connection: sqlite3.Connection, stack: Stack) -> None:
    row = to_row(stack)
    memory = row.get("memory")
    text = json.dumps({name: value for name, value in row.items() if name != "memory"})
    refuse_oversize(stack, row, len(text) + len(memory or ""))
    made = stack.version + 1
    values = (
        made,
        stack.machine,
        stack.state,
        text,
        not stack.is_removed and not stack.is_satisfied,
        stack.is_removed,
        stack.created_at,
        stack.expires_at,
        memory,
    )
    if stack.version:
        done = connection.execute(UPDATE, (*values, stack.id, stack.version))
    else:
        done = connection.execute(INSERT, (stack.id, *values))
    if not done.rowcount:
        raise StackConflictError(
            f"Stack '{stack.id}' was changed by another writer.", stack_id=stack.id
        )
    if stack.log:
        events = "".join(log_texts(stack.log))
        connection.execute("INSERT OR REPLACE INTO logs VALUES (?, ?, ?)", (stack.id, made, events))
