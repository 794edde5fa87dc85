"""What the store on PostgreSQL promises beyond the contract: round trips, locks, errors, growth."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from cloudseam.errors import (
    CloudSeamError,
    RetryableError,
    ServiceUnavailableError,
    StackConflictError,
    TerminalError,
)
from cloudseam.history import Entry
from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam.persistence.postgres import connection as postgres_connection
from cloudseam.persistence.postgres import stacks as postgres
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.errors import MEANINGS, PostgresError, refused_row, unavailable
from cloudseam.persistence.postgres.stacks import (
    HISTORY,
    LOAD,
    PAGE_OF_MACHINE,
    SAVE,
    SAVE_WITH_HISTORY,
    PostgresStackRepository,
)
from cloudseam.persistence.row import UnwritableRowError
from cloudseam.stack import Stack
from tests.builders import CANARY, NOW, a_stack
from tests.integration.postgres.locks import wait_for_lock
from tests.integration.postgres.plans import plan_of
from tests.postgres import Front, PostgresServer

TEN = [f"s{number}" for number in range(10)]


def new(stack_id: str = "s", **fields: Any) -> Stack:
    return a_stack(id=stack_id, **{"version": 0, **fields})


# ---- round trips


@pytest.fixture
def front(postgres: PostgresServer) -> Iterator[Front]:
    with Front(postgres) as front:
        yield front


@pytest.fixture
def far(front: Front, user: Credentials) -> Iterator[PostgresStackRepository]:
    """A store behind the front, connected and prepared."""
    connection = PostgresConnection(FixedCredentials(front.credentials(user)))
    stacks = PostgresStackRepository(connection)
    stacks.save([new("warm")])
    stacks.save([stacks.load(["warm"]).stacks["warm"].removed(NOW)])
    yield stacks
    connection.close()


@pytest.mark.parametrize("names", [TEN[:1], TEN], ids=["one", "ten"])
def test_a_batch_costs_two_round_trips_and_three_when_stacks_are_removed(
    front: Front, far: PostgresStackRepository, names: list[str]
) -> None:
    def trips() -> int:
        before, front.round_trips = front.round_trips, 0
        return before

    trips()
    far.load(names)
    far.save([new(name) for name in names])
    launched = trips()
    loaded = far.load(names).stacks
    far.save([replace(stack, state="LATER") for stack in loaded.values()])
    moved = trips()
    loaded = far.load(names).stacks
    far.save([stack.removed(NOW) for stack in loaded.values()])

    assert (launched, moved, trips()) == (2, 2, 3)


def test_more_rows_than_one_statement_takes_are_all_written(
    stacks: PostgresStackRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ROWS_AT_ONCE", 3)

    failures = stacks.save([new(name) for name in TEN] + [new("a", version=7)])

    assert set(failures) == {"a"}
    assert set(stacks.load(TEN).stacks) == set(TEN)


# ---- locks


def test_batches_that_overlap_wait_for_each_other_and_never_deadlock(
    user: Credentials, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connection, "GAVE_WAY", frozenset())  # a deadlock would be seen

    def hammer(number: int) -> int:
        connection = PostgresConnection(FixedCredentials(user))
        stacks = PostgresStackRepository(connection)
        order, commits = TEN[number:] + TEN[:number], 0
        while commits < 200:
            loaded = stacks.load(order).stacks
            failures = stacks.save([loaded.get(name) or new(name) for name in order])
            assert {type(error) for error in failures.values()} <= {StackConflictError}
            commits += len(order) - len(failures)
        connection.close()
        return commits

    with ThreadPoolExecutor(4) as threads:
        commits = sum(threads.map(hammer, range(4)))

    assert beside.run("SELECT sum(version) FROM stacks") == [[commits]]


def test_a_deadlock_of_somebody_elses_making_is_tried_again_unseen(
    postgres: PostgresServer,
    user: Credentials,
    stacks: PostgresStackRepository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres_connection, "ATTEMPTS", 20)  # it may overtake the rival again
    with closing(postgres.connect(postgres.superuser)) as rival:
        rival.run(f"ALTER ROLE {user.username} SET deadlock_timeout TO '500ms'")  # it gives way
        rival.run(f"SET deadlock_timeout TO '1min'; SET search_path TO {user.username}")
        stacks.save([new("a"), new("b")])
        loaded = stacks.load(["a", "b"]).stacks
        rival.run("BEGIN")
        rival.run("UPDATE stacks SET creation_time = creation_time WHERE id = 'b'")
        with ThreadPoolExecutor(1) as threads:
            saved = threads.submit(stacks.save, list(loaded.values()))
            wait_for_lock(rival, user)
            rival.run("UPDATE stacks SET creation_time = creation_time WHERE id = 'a'")
            rival.run("COMMIT")
            failures = saved.result()

    assert failures == {}
    assert {stack.version for stack in stacks.load(["a", "b"]).stacks.values()} == {2}


def test_a_row_that_stays_locked_fails_in_time_and_nothing_is_written(
    stacks: PostgresStackRepository, connection: PostgresConnection, beside: Any
) -> None:
    stacks.save([new("a"), new("b")])
    loaded = stacks.load(["a", "b"]).stacks
    connection.write("SET lock_timeout TO '20ms'")
    beside.run("BEGIN")
    beside.run("UPDATE stacks SET creation_time = creation_time WHERE id = 'b'")

    failures = stacks.save(list(loaded.values()))
    beside.run("ROLLBACK")

    assert {type(error) for error in failures.values()} == {ServiceUnavailableError}
    assert "a lock was not to be had in time" in str(failures["a"])
    assert {stack.version for stack in stacks.load(["a", "b"]).stacks.values()} == {1}


def test_a_statement_that_takes_too_long_fails_in_time(
    stacks: PostgresStackRepository, connection: PostgresConnection, beside: Any
) -> None:
    stacks.save([new()])
    connection.write("SET statement_timeout TO '20ms'")
    beside.run("BEGIN")
    beside.run("LOCK TABLE stacks IN ACCESS EXCLUSIVE MODE")

    failure = stacks.load(["s"]).failures["s"]
    beside.run("ROLLBACK")

    assert isinstance(failure, ServiceUnavailableError)
    assert "longer than it may" in str(failure)


# ---- rows that cannot be kept


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"id": "x" * 256}, id="id-of-256"),
        pytest.param({"id": "ż" * 256}, id="id-of-256-letters"),
        pytest.param({"id": "nul\x00"}, id="id-with-nul"),
        pytest.param({"id": "half\ud800"}, id="id-with-surrogate"),
        pytest.param({"machine": "nul\x00"}, id="machine-with-nul"),
        pytest.param({"created_at": 10**17}, id="time-beyond-the-calendar"),
        pytest.param({"updated_at": 10**30}, id="time-beyond-bigint"),
        pytest.param({"version": 2**63}, id="version-beyond-bigint"),
        pytest.param({"metadata": {"k": {1, 2}}}, id="a-set"),
    ],
)
def test_a_row_that_cannot_be_kept_is_refused_and_costs_no_other(
    stacks: PostgresStackRepository, bad: dict[str, Any]
) -> None:
    stack = replace(new("m", metadata={"k": CANARY}), **bad)

    failures = stacks.save([new("a"), stack, new("z"), new("b")])

    assert set(failures) == {stack.id}
    assert isinstance(failures[stack.id], UnwritableRowError)
    assert failures[stack.id].stack_id == stack.id
    assert CANARY not in str(failures[stack.id])
    str(failures[stack.id]).encode()
    assert set(stacks.load(["a", "b", "z", "m"]).stacks) == {"a", "b", "z"}


def test_a_machine_too_long_for_its_index_costs_no_other(
    stacks: PostgresStackRepository,
) -> None:
    incompressible = "".join(chr(0x4E00 + (n * 7919) % 20000) for n in range(3000))

    failures = stacks.save([new("a"), new("b", machine=incompressible)])

    assert {name: type(error) for name, error in failures.items()} == {"b": UnwritableRowError}
    assert set(stacks.load(["a", "b"]).stacks) == {"a"}


def test_a_constraint_that_somebody_added_costs_no_other_and_shows_no_row(
    stacks: PostgresStackRepository, beside: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stacks.load(["s"])
    beside.run("ALTER TABLE stacks ADD CHECK (machine <> 'forbidden')")

    with caplog.at_level(logging.DEBUG):
        failures = stacks.save(
            [new("a"), new("b", machine="forbidden", metadata={"k": CANARY}), new("c")]
        )
        logging.getLogger("test").error("failed", exc_info=failures["b"])

    assert set(failures) == {"b"}
    assert isinstance(failures["b"], ServiceUnavailableError)
    assert "23514" in str(failures["b"])
    assert CANARY not in caplog.text
    assert set(stacks.load(["a", "b", "c"]).stacks) == {"a", "c"}


@pytest.mark.parametrize("stack_id", ["nul\x00", "half\ud800", "", "x" * 300])
def test_an_id_that_no_row_can_have_is_not_found(
    stacks: PostgresStackRepository, stack_id: str
) -> None:
    stacks.save([new("a")])

    loaded = stacks.load([stack_id, "a"])

    assert (set(loaded.stacks), dict(loaded.failures)) == ({"a"}, {})


@pytest.mark.parametrize(
    "stack_id", ['"', "\\", '\\"', "{}", "{a,b}", "NULL", "null", ",", "'", "%s", ":ids", "$1"]
)
def test_an_id_that_means_something_to_an_array_is_an_id(
    stacks: PostgresStackRepository, stack_id: str
) -> None:
    assert stacks.save([new(stack_id), new("other")]) == {}

    assert set(stacks.load([stack_id]).stacks) == {stack_id}


def test_nul_and_half_characters_in_metadata_come_back_to_the_letter(
    stacks: PostgresStackRepository,
) -> None:
    odd = {"a\x00b": "\x00", "c": "\ud800", "d": 'q"\\u0000\\'}

    assert stacks.save([new(metadata=odd)]) == {}

    assert stacks.load(["s"]).stacks["s"].metadata == odd


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"id": "other"}'])
def test_a_row_that_somebody_damaged_is_a_failure_of_its_own(
    stacks: PostgresStackRepository, beside: Any, text: str
) -> None:
    stacks.save([new("a"), new("b")])
    beside.run("UPDATE stacks SET data = :text WHERE id = 'a'", text=text)

    loaded = stacks.load(["a", "b"])

    assert (set(loaded.stacks), set(loaded.failures)) == ({"b"}, {"a"})
    assert [stack.id for stack in stacks.scan()] == ["b"]


# ---- what the columns show


def test_the_columns_show_what_the_row_says(stacks: PostgresStackRepository, beside: Any) -> None:
    stack = new(created_at=NOW, updated_at=NOW + 1_234)
    stacks.save([stack])
    stacks.save([replace(stack, version=1, created_at=5, updated_at=NOW + 5_678)])

    [row] = beside.run(
        "SELECT version, machine, creation_time::text, last_updated_time::text, expires_at, data "
        "FROM stacks"
    )

    assert row[:5] == [2, "life", "2023-11-14 22:13:20", "2023-11-14 22:13:25.678", None]
    assert json.loads(row[5])["version"] == 2


def test_a_transition_changes_no_index(
    stacks: PostgresStackRepository, connection: PostgresConnection
) -> None:
    stacks.save([new()])
    for number in range(1, 6):
        stack = stacks.load(["s"]).stacks["s"]
        stacks.save([replace(stack, state=f"S{number}", updated_at=NOW + number)])
    connection.read("SELECT pg_stat_force_next_flush()")

    counted = connection.read(
        "SELECT pg_stat_get_tuples_updated('stacks'::regclass), "
        "pg_stat_get_tuples_hot_updated('stacks'::regclass)"
    )

    assert [list(row) for row in counted] == [[5, 5]]


# ---- tombstones


def test_a_removal_clears_old_tombstones_and_no_others(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    over = TOMBSTONE_SECONDS * 1000
    stacks.save([new("old").removed(NOW - over), new("young").removed(NOW - over + 1000)])
    stacks.save([new("living")])

    stacks.save([new("s").removed(NOW)])

    assert sorted(row[0] for row in beside.run("SELECT id FROM stacks")) == ["living", "s", "young"]


def test_a_batch_clears_only_so_many_tombstones(
    stacks: PostgresStackRepository, beside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "CLEAR", postgres.CLEAR.replace("LIMIT 100", "LIMIT 3"))
    stacks.save([new(name).removed(1000) for name in TEN])

    stacks.save([new("s").removed(NOW)])

    assert len(beside.run("SELECT id FROM stacks")) == 8


def test_the_log_of_a_stack_goes_with_its_row(stacks: PostgresStackRepository) -> None:
    logged = [replace(new(name), log=({"id": 1},)) for name in ("old", "living")]
    stacks.save([replace(logged[0], tasks=(), expires_at=NOW + 1000), logged[1]])
    assert list(stacks.log("old", 1)) == [{"id": 1}]

    stacks.save([new("s").removed(NOW + 1000)])

    assert stacks.load(["old"]).stacks == {}
    assert list(stacks.log("old", 1)) == []
    assert list(stacks.log("living", 1)) == [{"id": 1}]


def test_tombstones_that_cannot_be_cleared_cost_no_removal(
    stacks: PostgresStackRepository, beside: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stacks.save([new("old").removed(1000), new("s")])
    beside.run("CREATE TABLE other (id varchar(255) REFERENCES stacks (id))")
    beside.run("INSERT INTO other VALUES ('old')")

    failures = stacks.save([stacks.load(["s"]).stacks["s"].removed(NOW)])

    assert failures == {}
    assert "Tombstones were not cleared" in caplog.text
    assert stacks.load(["s"]).stacks["s"].is_removed


# ---- listing


def test_a_listing_holds_no_lock_and_goes_on_while_others_write(
    stacks: PostgresStackRepository, others: PostgresStackRepository, beside: Any
) -> None:
    stacks.save([new(f"s{number:03}") for number in range(250)])

    listing = stacks.scan()
    first = next(listing)
    others.save([new("zz")])
    beside.run("ALTER TABLE stacks ADD COLUMN extra text")
    names = [first.id, *(stack.id for stack in listing)]

    assert names == [f"s{number:03}" for number in range(250)] + ["zz"]


def test_a_stack_that_is_taken_over_during_a_listing_is_listed_once(
    stacks: PostgresStackRepository, others: PostgresStackRepository, beside: Any
) -> None:
    stacks.save([new("ours")])
    beside.run(
        "INSERT INTO stacks (id, data, creation_time, last_updated_time) VALUES "
        """('theirs', '{"id": "theirs", "machine": "life", "_state": "RUN"}', now(), now())"""
    )

    listing = stacks.scan(machine="life")
    first = next(listing)
    others.save([others.load(["theirs"]).stacks["theirs"]])

    assert [first.id, *(stack.id for stack in listing)] == ["theirs", "ours"]


# ---- growth


@pytest.mark.parametrize("analyzed", [False, True], ids=["fresh", "analyzed"])
def test_rows_are_found_by_an_index_however_many_there_are(
    stacks: PostgresStackRepository, connection: PostgresConnection, beside: Any, analyzed: bool
) -> None:
    stacks.load(["s"])
    row = json.dumps({"id": "x", "machine": "life", "_state": "RUN"})
    beside.run(
        "INSERT INTO stacks (id, data, version, machine, creation_time, last_updated_time) "
        "SELECT 's' || n, :row, 1, 'life', now(), now() FROM generate_series(1, 20000) n",
        row=row,
    )
    if analyzed:
        beside.run("ANALYZE stacks")

    for statement in (LOAD, SAVE, SAVE_WITH_HISTORY, PAGE_OF_MACHINE):
        plan = plan_of(connection, statement)
        assert "Index Scan" in plan
        assert "Seq Scan" not in plan
        assert "Hash Join" not in plan
        assert "Sort" not in plan


@pytest.mark.parametrize("analyzed", [False, True], ids=["fresh", "analyzed"])
def test_history_is_found_by_its_index_however_much_there_is(
    stacks: PostgresStackRepository, connection: PostgresConnection, beside: Any, analyzed: bool
) -> None:
    stacks.load(["s"])
    beside.run(
        "INSERT INTO cloudseam_history "
        "SELECT 's' || n % 100, n / 100, '[]', now() FROM generate_series(100, 20000) n"
    )
    if analyzed:
        beside.run("ANALYZE cloudseam_history")

    plan = plan_of(connection, HISTORY)

    assert "Index Scan Backward using cloudseam_history_pkey" in plan
    assert "Sort" not in plan


# ---- the full history


def test_the_full_history_costs_no_round_trip(front: Front, user: Credentials) -> None:
    def commit(stack: Stack) -> int:
        front.round_trips = 0
        assert stacks.save([stack.with_entry(Entry(NOW, "PING", "RUN"))]) == {}
        return front.round_trips

    connection = PostgresConnection(FixedCredentials(front.credentials(user)))
    stacks = PostgresStackRepository(connection, full_history=True)
    commit(new("warm"))
    cost = [commit(new()), commit(stacks.load(["s"]).stacks["s"])]
    connection.close()

    assert cost == [1, 1]


def test_where_only_the_recent_history_is_kept_there_is_no_other(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    stacks.save([new().with_entry(Entry(NOW, "PING", "RUN"))])

    assert stacks.load(["s"]).stacks["s"].history == (Entry(NOW, "PING", "RUN"),)
    assert stacks.history("s", 9, 9) == []
    assert beside.run("SELECT count(*) FROM cloudseam_history") == [[0]]


def test_a_row_that_cannot_be_kept_leaves_no_history_and_costs_no_other_its_own(
    connection: PostgresConnection, beside: Any
) -> None:
    stacks = PostgresStackRepository(connection, full_history=True)
    entry = Entry(NOW, "PING", "RUN")
    names = ["a", "b" * 256, "c"]

    failures = stacks.save([new(name).with_entry(entry) for name in names])

    assert set(failures) == {names[1]}
    assert beside.run("SELECT stack_id FROM cloudseam_history ORDER BY 1") == [["a"], ["c"]]


# ---- the table of errors


@pytest.mark.parametrize(
    ("sqlstate", "kind", "told"),
    [
        ("22001", TerminalError, "255 characters"),
        ("22021", TerminalError, "UTF8"),
        ("22P05", TerminalError, "UTF8"),
        ("22003", TerminalError, "cannot keep a value"),
        ("54000", TerminalError, "larger than it takes"),
        ("23514", RetryableError, "constraint"),
        ("40001", RetryableError, "in the way"),
        ("40P01", RetryableError, "in the way"),
        ("53100", RetryableError, "run out of"),
        ("53300", RetryableError, "max_connections"),
        ("55P03", RetryableError, "lock"),
        ("57014", RetryableError, "longer than it may"),
        ("57P01", RetryableError, "closing down"),
        ("25006", RetryableError, "only reads"),
        ("28P01", RetryableError, "password"),
        ("3D000", RetryableError, "dbname"),
        ("42501", RetryableError, "right"),
        ("42P01", RetryableError, "migrations"),
        ("08006", RetryableError, "connection failed"),
        ("XX001", RetryableError, "SQLSTATE XX001"),
    ],
)
def test_every_sqlstate_has_a_meaning_and_a_kind(
    sqlstate: str, kind: type[CloudSeamError], told: str
) -> None:
    error = refused_row("s", PostgresError(sqlstate))

    assert isinstance(error, kind)
    assert told in str(error)
    assert sqlstate in str(error)
    assert isinstance(
        unavailable("write the stacks", PostgresError(sqlstate)), ServiceUnavailableError
    )


def test_the_table_names_classes_and_sqlstates_only() -> None:
    assert {len(sqlstate) for sqlstate in MEANINGS} == {2, 5}


def test_a_server_without_room_for_a_connection_says_so(
    postgres: PostgresServer, user: Credentials, stacks: PostgresStackRepository
) -> None:
    with closing(postgres.connect(postgres.superuser)) as superuser:
        superuser.run(f"ALTER ROLE {user.username} CONNECTION LIMIT 0")

    failure = stacks.load(["s"]).failures["s"]

    assert isinstance(failure, ServiceUnavailableError)
    assert "max_connections" in str(failure)


def test_a_server_that_only_reads_is_asked_once_more_and_then_named(
    postgres: PostgresServer, user: Credentials, stacks: PostgresStackRepository
) -> None:
    stacks.load(["s"])
    with closing(postgres.connect(postgres.superuser)) as superuser:
        superuser.run(f"ALTER ROLE {user.username} SET default_transaction_read_only TO on")
        superuser.run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = :user",
            user=user.username,
        )

    failure = stacks.save([new()])["s"]

    assert isinstance(failure, ServiceUnavailableError)
    assert "writer's endpoint" in str(failure)
