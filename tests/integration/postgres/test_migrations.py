"""Migrations: on nothing, on the original's table, twice, two at once, and when they fail."""

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from cloudseam.claim import Claim
from cloudseam.errors import ServiceUnavailableError, StackConflictError
from cloudseam.history import Entry
from cloudseam.persistence.postgres import migrations as migrations_module
from cloudseam.persistence.postgres.claims import PostgresClaimRepository
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.migrations import Migration, migrate, migrations
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.persistence.postgres.versions import PostgresMachineVersions
from tests.builders import NOW, a_machine, a_stack
from tests.integration.postgres.tables import (
    COLUMNS,
    EARLIER,
    JSON,
    JSONB,
    ORIGINAL,
    ORIGINAL_REMOVE,
    ORIGINAL_SAVE,
)
from tests.postgres import PostgresServer

WANTED = {
    "id": "character varying(255)",
    "data": "text",
    "version": "bigint",
    "machine": "text",
    "expires_at": "timestamp with time zone",
}
# A row as the original writes it: JavaScript's JSON, and its times in columns only.
ROW = {
    "id": "shop",
    "previousState": "INIT",
    "machine": "life",
    "_state": "PROVISION",
    "tasks": [{"name": "net", "status": "PENDING"}],
    "metadata": {"size": 2, "odd": "\x00 ż"},
}
ROW_TEXT = json.dumps(ROW, separators=(",", ":"))
INSERT = "INSERT INTO stacks (id, data) VALUES ('shop', :data)"
INSERTS = {
    ORIGINAL: "INSERT INTO stacks VALUES ('shop', :data, now(), now())",
    EARLIER: "INSERT INTO stacks VALUES ('shop', 'life', :data)",
}
WRITTEN = "2019-11-05 08:30:00.123"
WRITTEN_MS = 1_572_942_600_123


def columns(beside: Any) -> dict[str, str]:
    return {name: kind for name, kind, _ in beside.run(COLUMNS)}


def applied(beside: Any) -> list[int]:
    return [row[0] for row in beside.run("SELECT number FROM cloudseam_migrations ORDER BY 1")]


def test_migrations_are_numbered_one_after_the_other_and_note_themselves() -> None:
    found = list(migrations())

    assert [migration.number for migration in found] == list(range(1, len(found) + 1))
    for migration in found:
        assert f"VALUES ({migration.number}, '{migration.name}')" in migration.sql


def test_an_empty_database_gets_its_tables_on_first_use(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    stacks.load(["s"])

    assert WANTED.items() <= columns(beside).items()
    assert applied(beside) == [migration.number for migration in migrations()]


@pytest.mark.parametrize(
    "table", [ORIGINAL, EARLIER, JSONB, JSON], ids=["original", "earlier", "jsonb", "json"]
)
def test_a_table_that_is_there_is_taken_over(
    stacks: PostgresStackRepository, beside: Any, table: str
) -> None:
    beside.run(table)
    row = json.dumps(ROW | {"metadata": {"size": 2}})
    beside.run(INSERTS.get(table, INSERT), data=row)

    stack = stacks.load(["shop"]).stacks["shop"]
    assert stacks.save([stack, a_stack(id="x" * 255, version=0)]) == {}

    assert WANTED.items() <= columns(beside).items()
    assert (stack.state, stack.metadata, stack.version) == ("PROVISION", {"size": 2}, 0)
    assert stacks.load(["shop"]).stacks["shop"] == replace(stack, version=1)


def test_a_row_of_the_original_keeps_its_times_and_its_letters(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    beside.run(ORIGINAL)
    beside.run(ORIGINAL_SAVE, id="shop", data=ROW_TEXT, now=WRITTEN)

    stack = stacks.load(["shop"]).stacks["shop"]

    assert (stack.created_at, stack.updated_at) == (WRITTEN_MS, WRITTEN_MS)
    assert stack.metadata == ROW["metadata"]
    assert beside.run("SELECT data FROM stacks") == [[ROW_TEXT]]


def test_taking_a_table_over_rewrites_nothing(stacks: PostgresStackRepository, beside: Any) -> None:
    beside.run(ORIGINAL)
    files = "SELECT pg_relation_filenode('stacks'), pg_relation_filenode('stacks_pk')"
    before = beside.run(files)

    stacks.load(["s"])

    assert beside.run(files) == before


def indexes(beside: Any) -> set[tuple[str, str]]:
    """Every index of ours, with its table."""
    return {
        (table, name)
        for table, name in beside.run(
            "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema()"
        )
    }


def tables(beside: Any) -> dict[str, dict[str, str]]:
    """The columns of every table of ours."""
    names = beside.run("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return {
        name: {column: kind for column, kind, _ in beside.run(COLUMNS.replace("stacks", name))}
        for (name,) in names
    }


def test_a_database_of_the_release_before_gets_what_it_lacks_and_keeps_its_rows(
    postgres: PostgresServer, stacks: PostgresStackRepository, beside: Any
) -> None:
    for migration in migrations():
        if migration.number <= 3:
            beside.run(migration.sql)
    beside.run("INSERT INTO stacks VALUES ('shop', :data, now(), now(), 3, 'life')", data=ROW_TEXT)
    with closing(postgres.connect(postgres.new_user())) as fresh:
        migrate(fresh)
        wanted = tables(fresh), indexes(fresh)

    assert stacks.load(["shop"]).stacks["shop"].version == 3

    assert (tables(beside), indexes(beside)) == wanted
    assert applied(beside) == [migration.number for migration in migrations()]
    assert set(wanted[0]) >= {"cloudseam_claims", "cloudseam_machines", "cloudseam_history"}


def test_a_release_before_works_on_the_tables_of_this_one(
    stacks: PostgresStackRepository, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(beside)
    known = [migration for migration in migrations() if migration.number <= 3]
    monkeypatch.setattr(migrations_module, "migrations", lambda: known)

    assert stacks.save([a_stack(version=0)]) == {}


def test_migrating_again_keeps_claims_versions_and_history(
    connection: PostgresConnection, beside: Any
) -> None:
    claim = Claim("token", "me", NOW, NOW + 1)
    PostgresClaimRepository(connection).take(claim, NOW)
    PostgresMachineVersions(connection).keep(a_machine())
    history = PostgresStackRepository(connection, full_history=True)
    history.save([a_stack(version=0).with_entry(Entry(NOW, "PING", "RUN"))])
    beside.run("DELETE FROM cloudseam_migrations")

    migrate(beside)

    assert PostgresClaimRepository(connection).find(["token"]) == {"token": claim}
    assert beside.run("SELECT digest FROM cloudseam_machines") == [["digest-1"]]
    assert history.history("s", 1, 1) == [Entry(NOW, "PING", "RUN", version=1)]


def test_a_view_on_a_table_that_fits_already_is_no_obstacle(beside: Any) -> None:
    migrate(beside)
    beside.run("CREATE VIEW report AS SELECT id, data FROM stacks")
    beside.run("DELETE FROM cloudseam_migrations")

    migrate(beside)

    assert applied(beside)


def test_migrating_again_changes_nothing(beside: Any) -> None:
    migrate(beside)
    beside.run("INSERT INTO stacks VALUES ('a', '{}', now(), now(), 3, 'life')")
    before = beside.run("SELECT * FROM stacks"), columns(beside)
    beside.run("DELETE FROM cloudseam_migrations")

    migrate(beside)

    assert (beside.run("SELECT * FROM stacks"), columns(beside)) == before


def test_where_nothing_is_to_be_done_no_lock_is_taken(
    stacks: PostgresStackRepository, others: PostgresStackRepository, beside: Any
) -> None:
    stacks.load(["s"])
    beside.run("BEGIN")
    beside.run(f"SELECT pg_advisory_xact_lock({migrations_module.MIGRATING})")

    loaded = others.load(["s"])
    beside.run("ROLLBACK")

    assert loaded.failures == {}


@pytest.mark.parametrize("table", [None, ORIGINAL, JSONB], ids=["nothing", "original", "jsonb"])
def test_many_that_start_at_once_migrate_once(
    user: Credentials, beside: Any, table: str | None
) -> None:
    if table:
        beside.run(table)
    together = Barrier(8)

    def start(number: int) -> Any:
        connection = PostgresConnection(FixedCredentials(user))
        store = PostgresStackRepository(connection)
        together.wait()
        loaded = store.load(["s"])
        saved = store.save([a_stack(id=f"s{number}", version=0)])
        connection.close()
        return loaded.failures, saved

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(start, range(8))) == [({}, {})] * 8

    assert applied(beside) == [migration.number for migration in migrations()]
    assert len(beside.run("SELECT id FROM stacks")) == 8


def test_a_migration_that_fails_leaves_nothing_and_is_tried_again(
    stacks: PostgresStackRepository, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = list(migrations())
    broken = Migration(len(known) + 1, "broken", "ALTER TABLE stacks ADD COLUMN version bigint")
    monkeypatch.setattr(migrations_module, "migrations", lambda: [*known, broken])

    failure = stacks.load(["s"]).failures["s"]

    assert isinstance(failure, ServiceUnavailableError)
    assert "42701" in str(failure)
    assert beside.run("SELECT to_regclass('stacks')") == [[None]]
    monkeypatch.undo()
    assert stacks.load(["s"]).failures == {}


def test_a_database_that_is_ahead_is_left_alone(
    stacks: PostgresStackRepository, others: PostgresStackRepository, beside: Any
) -> None:
    stacks.load(["s"])
    beside.run("INSERT INTO cloudseam_migrations (number, name) VALUES (99, 'from_the_future')")

    assert others.save([a_stack(version=0)]) == {}


def documented_grants() -> list[str]:
    """The statements of docs/postgresql.md for a user who owns nothing."""
    page = (Path(__file__).parents[3] / "docs" / "postgresql.md").read_text()
    return re.findall(r"^GRANT [^;]*;", page, re.MULTILINE)


def test_a_user_who_owns_nothing_can_work_once_the_tables_are_there(
    postgres: PostgresServer, user: Credentials, beside: Any
) -> None:
    owner, worker = user.username, postgres.new_user()
    for migration in migrations():
        beside.run(migration.sql)
    beside.run(f"GRANT USAGE ON SCHEMA {owner} TO {worker.username}")
    for grant in documented_grants():
        beside.run(grant.replace("TO cloudseam;", f"TO {worker.username};"))
    with closing(postgres.connect(postgres.superuser)) as superuser:
        superuser.run(f"ALTER ROLE {worker.username} SET search_path TO {owner}")
    connection = PostgresConnection(FixedCredentials(worker))
    store = PostgresStackRepository(connection)

    assert store.save([a_stack(version=0)]) == {}
    assert store.save([store.load(["s"]).stacks["s"].removed(NOW)]) == {}
    assert list(store.scan()) == []
    full = PostgresStackRepository(connection, full_history=True)
    for name in ("a", "a"):  # the second time its history is there already
        stack = a_stack(id=name, version=0).with_entry(Entry(NOW, "PING", "RUN"))
        assert full.save([stack]) == {}
        beside.run("DELETE FROM stacks WHERE id = 'a'")
    assert full.history("a", 1, 1)
    claims, claim = PostgresClaimRepository(connection), Claim("token", "me", NOW, NOW + 1)
    claims.take(claim, NOW)
    assert claims.renew(claim)
    claims.take(replace(claim, owner="other"), NOW + 1)
    claims.release(replace(claim, owner="other"))
    assert claims.find(["token"]) == {}
    PostgresMachineVersions(connection).keep(a_machine())
    assert PostgresMachineVersions(connection).get("life", "no-such") is None
    connection.close()


def test_a_user_without_the_right_to_migrate_is_told_so(
    postgres: PostgresServer, user: Credentials, stacks: PostgresStackRepository
) -> None:
    with closing(postgres.connect(postgres.superuser)) as superuser:
        superuser.run(f"DROP SCHEMA {user.username}")

    failure = stacks.load(["s"]).failures["s"]

    assert isinstance(failure, ServiceUnavailableError)
    assert "lacks a right" in str(failure)
    assert "docs/postgresql.md" in str(failure)


# ---- the original, still writing


def original_saves(beside: Any, **fields: Any) -> None:
    """The original writes the row of stack `s`, of which it knows nothing but its own fields."""
    row = json.dumps(ROW | {"id": "s", "metadata": {}} | fields)
    beside.run(ORIGINAL_SAVE, id="s", data=row, now=WRITTEN)


def original_removes(beside: Any) -> None:
    beside.run(ORIGINAL_REMOVE, id="s")


@pytest.mark.parametrize("rival", [original_saves, original_removes], ids=["saves", "removes"])
def test_what_the_original_does_between_a_load_and_a_save_is_not_lost(
    stacks: PostgresStackRepository, beside: Any, rival: Callable[[Any], None]
) -> None:
    stacks.save([a_stack(version=0)])
    stack = stacks.load(["s"]).stacks["s"]
    rival(beside)
    there = beside.run("SELECT data FROM stacks")

    failures = stacks.save([replace(stack, state="LATER")])

    assert isinstance(failures["s"], StackConflictError)
    assert beside.run("SELECT data FROM stacks") == there


def test_a_row_that_the_original_has_overwritten_is_taken_over_again(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    stacks.save([a_stack(version=0, machine="old")])
    original_saves(beside)

    stack = stacks.load(["s"]).stacks["s"]

    assert (stack.version, stack.machine) == (0, "life")
    assert [found.id for found in stacks.scan(machine="life")] == ["s"]
    assert list(stacks.scan(machine="old")) == []
    assert stacks.save([stack]) == {}
    assert stacks.load(["s"]).stacks["s"].version == 1


def test_a_life_that_the_original_starts_in_a_tombstones_place_does_not_expire(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    stacks.save([a_stack(version=0).removed(NOW)])
    original_saves(beside)

    long_after = NOW + 365 * 24 * 3600 * 1000
    stacks.save([a_stack(id="another", version=0).removed(long_after)])

    assert stacks.load(["s"]).stacks["s"].state == "PROVISION"


def test_the_original_can_add_its_rows_to_our_table(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    stacks.load(["s"])
    original_saves(beside)

    assert stacks.load(["s"]).stacks["s"].state == "PROVISION"
