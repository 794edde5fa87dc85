"""Stacks in a PostgreSQL table: a whole batch is one statement to read and one to commit."""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from cloudseam.errors import CloudSeamError, StackConflictError
from cloudseam.history import Entry
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import TOMBSTONE_SECONDS, Loaded
from cloudseam.persistence.history_row import entries_from_text, entries_text
from cloudseam.persistence.log_row import events_of, log_texts
from cloudseam.persistence.postgres.arrays import is_text, numbers, texts
from cloudseam.persistence.postgres.connection import PostgresConnection, Rows
from cloudseam.persistence.postgres.errors import (
    ABOUT_A_VALUE,
    ConnectionLostError,
    PostgresError,
    refused_row,
    unavailable,
)
from cloudseam.persistence.row import (
    UnreadableRowError,
    UnwritableRowError,
    from_text,
    refuse_oversize,
    to_row,
)
from cloudseam.stack import Stack

# Rows of one statement. A batch of SQS is at most 10,000 messages; a row at most 350 kB.
ROWS_AT_ONCE = 500
ROWS_PER_PAGE = 100
# A batch that removes stacks clears away up to as many tombstones whose time is over.
TOMBSTONES_CLEARED = 100

# Statements are put together of constants only, here and nowhere else: values are parameters. The
# original keeps times in columns, and in the row only since it knows DynamoDB.
READ = """
SELECT id, data, version,
    CASE WHEN version IS NULL THEN floor(extract(epoch FROM creation_time) * 1000)::bigint END,
    CASE WHEN version IS NULL THEN floor(extract(epoch FROM last_updated_time) * 1000)::bigint END
FROM stacks WHERE {which}
"""
LOAD = READ.format(which="id = ANY(CAST(:ids AS text[]))")

# Rows come sorted by id and are locked in that order, so that two batches never deadlock. A stack
# that was read with a version must still have it; one without has to be new, or the original's.
WRITE = """
WITH wanted AS (
    SELECT id, read, data, machine,
        to_timestamp(created / 1000.0) AS created, to_timestamp(updated / 1000.0) AS updated,
        to_timestamp(expires) AS expires
    FROM unnest(
        CAST(:ids AS text[]), CAST(:reads AS bigint[]), CAST(:rows AS text[]),
        CAST(:machines AS text[]), CAST(:created AS bigint[]), CAST(:updated AS bigint[]),
        CAST(:expires AS bigint[])
    ) AS wanted (id, read, data, machine, created, updated, expires)
),
updated AS (
    UPDATE stacks
    SET data = wanted.data, version = wanted.read + 1, machine = wanted.machine,
        last_updated_time = wanted.updated, expires_at = wanted.expires
    FROM wanted
    WHERE wanted.read > 0 AND stacks.id = wanted.id AND stacks.version = wanted.read
    RETURNING stacks.id
),
inserted AS (
    INSERT INTO stacks
        (id, data, version, machine, creation_time, last_updated_time, expires_at)
    SELECT id, data, 1, machine, created, updated, expires FROM wanted WHERE read = 0
    ON CONFLICT (id) DO UPDATE
    SET data = excluded.data, version = 1, machine = excluded.machine,
        last_updated_time = excluded.last_updated_time, expires_at = excluded.expires_at
    WHERE coalesce(stacks.version, 0) = 0
    RETURNING id
),
written AS (SELECT id FROM updated UNION ALL SELECT id FROM inserted){then}
"""

# The same, and what it adds to the history of those that were written. A version may have been
# there before: in an earlier life whose tombstone is gone.
KEEP_HISTORY = """,
kept AS (
    INSERT INTO cloudseam_history (stack_id, version, entries, at)
    SELECT told.id, told.read + 1, told.entries, now()
    FROM written JOIN unnest(
        CAST(:ids AS text[]), CAST(:reads AS bigint[]), CAST(:entries AS text[])
    ) AS told (id, read, entries) ON told.id = written.id
    WHERE told.entries IS NOT NULL
    ON CONFLICT (stack_id, version) DO UPDATE SET entries = excluded.entries, at = excluded.at
)
"""
KEEP_LOG = """,
logged AS (
    INSERT INTO cloudseam_logs (stack_id, version, events, at)
    SELECT told.id, told.read + 1, told.events, now()
    FROM written JOIN unnest(
        CAST(:ids AS text[]), CAST(:reads AS bigint[]), CAST(:logs AS text[])
    ) AS told (id, read, events) ON told.id = written.id
    WHERE told.events IS NOT NULL
    ON CONFLICT (stack_id, version) DO UPDATE SET events = excluded.events, at = excluded.at
)
"""
WRITTEN = " SELECT id FROM written"
SAVE = WRITE.format(then=WRITTEN)
SAVE_WITH_HISTORY = WRITE.format(then=KEEP_HISTORY + WRITTEN)
SAVE_WITH_LOG = WRITE.format(then=KEEP_LOG + WRITTEN)
SAVE_WITH_BOTH = WRITE.format(then=KEEP_HISTORY + KEEP_LOG + WRITTEN)

LOG = """
SELECT version, events FROM cloudseam_logs
WHERE stack_id = :id AND version <= CAST(:version AS bigint)
ORDER BY version
"""

# By what is kept beside the rows.
SAVES = {
    (): SAVE,
    ("entries",): SAVE_WITH_HISTORY,
    ("logs",): SAVE_WITH_LOG,
    ("entries", "logs"): SAVE_WITH_BOTH,
}

HISTORY = """
SELECT version, entries FROM cloudseam_history
WHERE stack_id = :id
    AND version <= CAST(:version AS bigint)
    AND version > CAST(:version AS bigint) - CAST(:limit AS bigint)
ORDER BY version DESC
"""

# A log goes with its row: it must not be taken for that of the next stack of the same id.
CLEARING = """
WITH gone AS (
    DELETE FROM stacks WHERE id IN (
        SELECT id FROM stacks WHERE expires_at <= to_timestamp(CAST(:now AS bigint))
        ORDER BY expires_at LIMIT {most} FOR UPDATE SKIP LOCKED
    )
    RETURNING id
)
DELETE FROM cloudseam_logs USING gone WHERE stack_id = gone.id
"""
CLEAR = CLEARING.format(most=TOMBSTONES_CLEARED)

# Pages by id: of all stacks, of one machine's, and of those whose machine only the row knows.
PAGE = f" AND id > :after ORDER BY id LIMIT {ROWS_PER_PAGE}"
PAGE_OF_ALL = READ.format(which="true" + PAGE)
PAGE_OF_MACHINE = READ.format(which="machine = :machine" + PAGE)
PAGE_OF_UNKNOWN = READ.format(which="machine IS NULL" + PAGE)

Item = TypeVar("Item")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Commit:
    """A row to write, and the version of it that was read (0: none, or the original's)."""

    stack: Stack
    text: str
    expires: int | None


class PostgresStackRepository:
    """See `cloudseam.persistence.StackRepository`.

    The column `version` counts, not the one in the row's JSON: a row that another program has
    written since has none, and is taken over by the first commit that finds it still without.
    """

    def __init__(self, connection: PostgresConnection, *, full_history: bool = False) -> None:
        self._connection = connection
        self._keeps_history = full_history

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        stacks: dict[str, Stack] = {}
        failures: dict[str, CloudSeamError] = {}
        for ids in _chunks([name for name in stack_ids if is_text(name)]):
            try:
                rows = self._read("read the stacks", LOAD, ids=texts(ids))
            except CloudSeamError as error:
                failures |= dict.fromkeys(ids, error)
                continue
            for row in rows:
                try:
                    stacks[row[0]] = _stack(row)
                except UnreadableRowError as error:
                    failures[row[0]] = error
        return Loaded(stacks, failures)

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        commits: list[Commit] = []
        failures: dict[str, CloudSeamError] = {}
        for stack in sorted(stacks, key=lambda stack: stack.id):
            try:
                commits.append(_commit(stack))
            except CloudSeamError as error:
                failures[stack.id] = error
        for chunk in _chunks(commits):
            failures |= self._write(chunk)
        self._clear_tombstones(stacks)
        return failures

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """See `StackRepository.scan`."""
        if machine is None:
            yield from self._wanted(PAGE_OF_ALL, machine, state)
            return
        seen = set()  # one that is upgraded between the two walks is met in both
        for stack in self._wanted(PAGE_OF_UNKNOWN, machine, state):
            seen.add(stack.id)
            yield stack
        for stack in self._wanted(PAGE_OF_MACHINE, machine, state):
            if stack.id not in seen:
                yield stack

    def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
        """See `StackRepository.scan_unfinished`. The order is that of the ids."""
        for stack in self._wanted(PAGE_OF_ALL, None, None, after):
            if not stack.is_satisfied:
                yield stack

    def history(self, stack_id: str, version: int, limit: int) -> Sequence[Entry]:
        """See `StackRepository.history`."""
        if not is_text(stack_id):
            return ()
        rows = self._read(
            "read the history", HISTORY, id=stack_id, version=str(version), limit=str(limit)
        )
        return [
            entry for number, text in rows for entry in entries_from_text(stack_id, number, text)
        ]

    def log(self, stack_id: str, version: int) -> Sequence[Mapping[str, Any]]:
        """See `StackRepository.log`."""
        if not is_text(stack_id):
            return ()
        rows = self._read("read the log", LOG, id=stack_id, version=str(version))
        return [event for number, text in rows for event in events_of(stack_id, number, text)]

    def _wanted(
        self, page: str, machine: str | None, state: str | None, after: str = ""
    ) -> Iterator[Stack]:
        for row in self._pages(page, machine or "", after):
            try:
                stack = _stack(row)
            except UnreadableRowError as error:
                logger.warning("%s", error)
                continue
            wanted = machine in (None, stack.machine) and state in (None, stack.state)
            if wanted and not stack.is_removed:
                yield stack

    def _pages(self, page: str, machine: str, after: str) -> Iterator[Sequence[Any]]:
        while rows := self._read("list the stacks", page, after=after, machine=machine):
            yield from (row for row in rows if not row[0].startswith(RESERVED_ID_PREFIX))
            after = rows[-1][0]

    def _read(self, what: str, sql: str, **parameters: str) -> Rows:
        try:
            return self._connection.read(sql, **parameters)
        except (PostgresError, ConnectionLostError) as error:
            raise unavailable(what, error) from error

    def _write(self, commits: Sequence[Commit]) -> Mapping[str, CloudSeamError]:
        ids = [commit.stack.id for commit in commits]
        try:
            written = {row[0] for row in self._save(commits)}
        except PostgresError as error:
            return self._refused(commits, error)
        except ConnectionLostError as error:
            return dict.fromkeys(ids, unavailable("write the stacks", error))
        except CloudSeamError as error:
            return dict.fromkeys(ids, error)
        return {stack_id: _conflict(stack_id) for stack_id in ids if stack_id not in written}

    def _save(self, commits: Sequence[Commit]) -> Rows:
        stacks = [commit.stack for commit in commits]
        beside: dict[str, str] = {}
        if self._keeps_history:
            fresh = (stack.fresh_history for stack in stacks)
            beside["entries"] = texts(entries_text(told) if told else None for told in fresh)
        if any(stack.log for stack in stacks):
            logs = (stack.log for stack in stacks)
            beside["logs"] = texts("".join(log_texts(log)) if log else None for log in logs)
        return self._connection.write(SAVES[tuple(beside)], **beside, **_parameters(commits))

    def _refused(
        self, commits: Sequence[Commit], error: PostgresError
    ) -> Mapping[str, CloudSeamError]:
        """What became of rows that were refused together: a bad one must not cost the others."""
        if len(commits) == 1:
            return {commits[0].stack.id: refused_row(commits[0].stack.id, error)}
        if error.sqlstate[:2] not in ABOUT_A_VALUE:
            return dict.fromkeys(
                (c.stack.id for c in commits), unavailable("write the stacks", error)
            )
        half = len(commits) // 2
        return {**self._write(commits[:half]), **self._write(commits[half:])}

    def _clear_tombstones(self, stacks: Iterable[Stack]) -> None:
        """Whoever leaves a tombstone, or a stack to be forgotten, clears a few whose time is over,
        so that they do not pile up."""
        ending = (stack for stack in stacks if stack.is_removed or stack.expires_at)
        now = max((stack.removed_at or stack.updated_at for stack in ending), default=0) // 1000
        if not now:
            return
        try:
            self._connection.write(CLEAR, now=str(now))
        except (PostgresError, ConnectionLostError, CloudSeamError) as error:
            logger.warning("Tombstones were not cleared: %s", error)


def _stack(row: Sequence[Any]) -> Stack:
    stack_id, text, version, created, updated = row
    stack = from_text(stack_id, text or "")
    return replace(
        stack,
        version=version or 0,
        created_at=stack.created_at or created or 0,
        updated_at=stack.updated_at or updated or 0,
    )


def _commit(stack: Stack) -> Commit:
    if not is_text(stack.id) or not is_text(stack.machine):
        raise UnwritableRowError(
            f"Stack {stack.id!a} has an id or a machine that PostgreSQL cannot keep: it has no NUL "
            "and no lone surrogates.",
            stack_id=stack.id,
        )
    try:
        row = to_row(stack)
        text = json.dumps(row)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnwritableRowError(
            f"Stack '{stack.id}' holds a value that JSON cannot keep ({type(error).__name__}).",
            stack_id=stack.id,
        ) from None
    refuse_oversize(stack, row, len(text))
    gone = stack.removed_at
    expires = stack.expires_at // 1000 or None
    return Commit(stack, text, expires if gone is None else gone // 1000 + TOMBSTONE_SECONDS)


def _parameters(commits: Sequence[Commit]) -> dict[str, str]:
    stacks = [commit.stack for commit in commits]
    return {
        "ids": texts(stack.id for stack in stacks),
        "reads": numbers(stack.version for stack in stacks),
        "rows": texts(commit.text for commit in commits),
        "machines": texts(stack.machine for stack in stacks),
        "created": numbers(stack.created_at for stack in stacks),
        "updated": numbers(stack.updated_at for stack in stacks),
        "expires": numbers(commit.expires for commit in commits),
    }


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), ROWS_AT_ONCE):
        yield items[start : start + ROWS_AT_ONCE]


def _conflict(stack_id: str) -> StackConflictError:
    return StackConflictError(
        f"Stack '{stack_id}' was changed by another writer.", stack_id=stack_id
    )
