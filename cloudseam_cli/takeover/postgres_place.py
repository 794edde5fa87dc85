"""The original's table in PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence.adoption import MARKER_ID
from cloudseam.persistence.postgres.arrays import texts
from cloudseam.persistence.postgres.connection import PostgresConnection, Rows
from cloudseam.persistence.postgres.errors import ConnectionLostError, PostgresError, unavailable
from cloudseam.persistence.row import UnreadableRowError, from_text, to_row
from cloudseam_cli.takeover.found_row import FoundRow, nameless_tasks
from cloudseam_cli.takeover.remark import About, Remark

ROWS_PER_PAGE = 100
CONSTRAINT_FAILED = "23514"
NO_TABLE = "42P01"

# Columns that the original's table need not have are found by name in the row as a whole.
READ = """
SELECT id, CAST(data AS text), CAST(to_json(stacks) ->> 'version' AS bigint),
    floor(extract(epoch FROM CAST(to_json(stacks) ->> 'creation_time' AS timestamptz)) * 1000),
    floor(extract(epoch FROM CAST(to_json(stacks) ->> 'last_updated_time' AS timestamptz)) * 1000)
FROM stacks WHERE id > :after ORDER BY id LIMIT {most}
"""
PAGE = READ.format(most=ROWS_PER_PAGE)

TAKE_OVER = """
UPDATE stacks SET data = wanted.data, version = 1, machine = wanted.machine
FROM unnest(
    CAST(:ids AS text[]), CAST(:found AS text[]), CAST(:rows AS text[]), CAST(:machines AS text[])
) AS wanted (id, found, data, machine)
WHERE stacks.id = wanted.id AND stacks.version IS NULL AND stacks.data = wanted.found
RETURNING stacks.id
"""

# An UPDATE without a version loses the row's (migration 2), so that this refuses it as well as an
# INSERT without one: all that the original ever writes.
REFUSE_WRITES = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint
                   WHERE conname = 'cloudseam_adopted' AND conrelid = CAST('stacks' AS regclass))
    THEN
        ALTER TABLE stacks ADD CONSTRAINT cloudseam_adopted CHECK (version IS NOT NULL);
    END IF;
END
$$
"""
# CloudSeam removes tombstones only, once their time is over.
REFUSE_REMOVALS = (
    """
CREATE OR REPLACE FUNCTION cloudseam_keep_stack() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'these stacks were taken over by CloudSeam for Python' USING ERRCODE = '23514';
END
$$
""",
    "DROP TRIGGER IF EXISTS cloudseam_adopted ON stacks",
    """
CREATE TRIGGER cloudseam_adopted BEFORE DELETE ON stacks
FOR EACH ROW WHEN (OLD.expires_at IS NULL) EXECUTE FUNCTION cloudseam_keep_stack()
""",
)
MARK = """
INSERT INTO stacks (id, data, version, creation_time, last_updated_time)
VALUES (:id, :data, 1, now(), now()) ON CONFLICT (id) DO NOTHING
"""
RELEASE = (
    "ALTER TABLE stacks DROP CONSTRAINT IF EXISTS cloudseam_adopted",
    "DROP TRIGGER IF EXISTS cloudseam_adopted ON stacks",
)
UNMARK = "DELETE FROM stacks WHERE id = :id"
CLEAR = "DELETE FROM stacks WHERE expires_at IS NOT NULL RETURNING id"
MARKER = "SELECT data FROM stacks WHERE id = :id"


class PostgresPlace:
    """See `Place`. `reading` must not migrate the tables as it connects; `writing` has to."""

    def __init__(self, reading: PostgresConnection, writing: PostgresConnection) -> None:
        self._reading = reading
        self._writing = writing

    def rows(self) -> Iterator[FoundRow]:
        """See `Place.rows`."""
        after = ""
        while page := self._run(self._reading.read, PAGE, after=after):
            for row in page:
                if not row[0].startswith(RESERVED_ID_PREFIX):
                    yield _found(row)
            after = page[-1][0]

    def remarks(self) -> Sequence[Remark]:
        """See `Place.remarks`."""
        [[there]] = self._run(self._reading.read, "SELECT to_regclass('stacks') IS NOT NULL")
        if there:
            return ()
        problem = "the database of the secret has no table `stacks`."
        fix = "Name the secret of the original, in POSTGRES_CONNECTION_SECRET."
        return [Remark(About.STORE, "PostgreSQL", problem, fix, blocks=True)]

    def adopted_at(self) -> int | None:
        """See `Place.adopted_at`."""
        found = self._run(self._reading.read, MARKER, id=MARKER_ID)
        return int(json.loads(found[0][0])["adoptedAt"]) if found else None

    def take_over(self, rows: Sequence[FoundRow]) -> Sequence[str]:
        """See `Place.take_over`."""
        readable = [(row, row.stack) for row in rows if row.stack is not None]
        taken = self._run(
            self._writing.write,
            TAKE_OVER,
            ids=texts(row.id for row, _ in readable),
            found=texts(row.text for row, _ in readable),
            rows=texts(json.dumps(to_row(stack)) for _, stack in readable),
            machines=texts(stack.machine for _, stack in readable),
        )
        missed = {row.id for row in rows} - {row[0] for row in taken}
        return sorted(missed)

    def seal(self, now: int) -> bool:
        """See `Place.seal`. The database itself refuses what the original writes from then on."""
        try:
            for statement in (REFUSE_WRITES, *REFUSE_REMOVALS):
                self._writing.write(statement)
        except PostgresError as error:
            if error.sqlstate == CONSTRAINT_FAILED:
                return False
            raise unavailable("change the stacks", error) from error
        except ConnectionLostError as error:
            raise unavailable("change the stacks", error) from error
        data = json.dumps({"id": MARKER_ID, "adoptedAt": now})
        self._run(self._writing.write, MARK, id=MARKER_ID, data=data)
        return True

    def release(self) -> int:
        """See `Place.release`."""
        for statement in RELEASE:
            self._run(self._writing.write, statement)
        self._run(self._writing.write, UNMARK, id=MARKER_ID)
        return len(self._run(self._writing.write, CLEAR))

    def _run(self, call: Any, sql: str, **parameters: str) -> Rows:
        try:
            rows: Rows = call(sql, **parameters)
        except PostgresError as error:
            if error.sqlstate == NO_TABLE:
                return []
            raise unavailable("read or change the stacks", error) from error
        except ConnectionLostError as error:
            raise unavailable("read or change the stacks", error) from error
        return rows


def _found(row: Sequence[Any]) -> FoundRow:
    stack_id, text, version, created, updated = row
    try:
        stack = from_text(stack_id, text)
    except UnreadableRowError as error:
        return FoundRow(stack_id, text, None, str(error))
    stack = replace(
        stack,
        version=version or 0,
        # The original keeps times in columns only.
        created_at=stack.created_at or int(created or 0),
        updated_at=stack.updated_at or int(updated or 0),
    )
    return FoundRow(stack_id, text, stack, nameless=nameless_tasks(json.loads(text)))
