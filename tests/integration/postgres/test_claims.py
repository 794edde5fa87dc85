"""Claims in PostgreSQL beyond the contract: races, round trips, what is cleared, errors."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from cloudseam.claim import Claim
from cloudseam.errors import ServiceUnavailableError
from cloudseam.persistence import TOMBSTONE_SECONDS, ClaimTakenError
from cloudseam.persistence.postgres.claims import (
    CLAIMS_CLEARED,
    FIND,
    RELEASE,
    RENEW,
    TAKE,
    TAKE_OVER,
    PostgresClaimRepository,
)
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.versions import PostgresMachineVersions
from tests.builders import CANARY, NOW, a_machine
from tests.integration.postgres.locks import wait_for_lock
from tests.integration.postgres.plans import plan_of
from tests.postgres import Front, PostgresServer

LEASE = 60_000
LATER = NOW + LEASE
# When the claims of NOW may be cleared.
OVER = LATER + TOMBSTONE_SECONDS * 1000
GONE = Claim("token", "gone", NOW, LATER, place="gone@host")
MINE = Claim("token", "me", LATER, LATER + LEASE, place="me@host")


@pytest.fixture
def claims(connection: PostgresConnection) -> PostgresClaimRepository:
    return PostgresClaimRepository(connection)


def keys(beside: Any) -> set[str]:
    return {row[0] for row in beside.run("SELECT key FROM cloudseam_claims")}


# ---- races


@pytest.mark.parametrize("former", [None, GONE], ids=["free", "had-run-out"])
def test_of_many_who_take_at_once_exactly_one_wins(
    user: Credentials, claims: PostgresClaimRepository, former: Claim | None
) -> None:
    rivals, rounds = 6, 25
    keys = [f"token-{number}" for number in range(rounds)]
    for key in keys:
        if former:
            claims.take(replace(former, key=key), NOW)
    together = Barrier(rivals, timeout=30)

    def take_all(number: int) -> list[Claim]:
        """What this rival got."""
        won = []
        with closing(PostgresConnection(FixedCredentials(user))) as connection:
            repository = PostgresClaimRepository(connection)
            repository.find(["connected"])
            for key in keys:
                claim = replace(MINE, key=key, owner=f"rival-{number}")
                together.wait()
                try:
                    there = repository.take(claim, LATER)
                except ClaimTakenError:
                    continue
                assert (there is None) == (former is None)
                won.append(claim.after(there))
        return won

    with ThreadPoolExecutor(rivals) as threads:
        won = [claim for claims in threads.map(take_all, range(rivals)) for claim in claims]

    assert sorted(claim.key for claim in won) == sorted(keys)
    assert claims.find(keys) == {claim.key: claim for claim in won}


class Interrupted(PostgresConnection):
    """A connection that lets others act before its second statement."""

    def __init__(self, user: Credentials, act: Callable[[], object]) -> None:
        super().__init__(FixedCredentials(user))
        self._acts = iter([lambda: None, act])

    def write(self, sql: str, **parameters: Any) -> Any:
        """See `PostgresConnection.write`."""
        next(self._acts, lambda: None)()
        return super().write(sql, **parameters)


@pytest.mark.parametrize(
    "done",
    [replace(GONE, until=LATER + LEASE), replace(GONE, done=True, answer="{}")],
    ids=["renewed", "ended"],
)
def test_a_claim_that_its_holder_writes_as_it_runs_out_is_not_taken(
    user: Credentials, claims: PostgresClaimRepository, done: Claim
) -> None:
    claims.take(GONE, NOW)

    with (
        closing(Interrupted(user, lambda: claims.renew(done))) as connection,
        pytest.raises(ClaimTakenError) as refusal,
    ):
        PostgresClaimRepository(connection).take(MINE, LATER)

    assert refusal.value.holder == done
    assert claims.find(["token"]) == {"token": done}


def test_a_claim_that_is_given_back_as_it_is_taken_over_is_taken(
    user: Credentials, claims: PostgresClaimRepository
) -> None:
    claims.take(GONE, NOW)

    with closing(Interrupted(user, lambda: claims.release(GONE))) as connection:
        assert PostgresClaimRepository(connection).take(MINE, LATER) is None

    assert claims.find(["token"]) == {"token": MINE}


def test_a_claim_that_comes_while_the_statement_waits_is_seen(
    postgres: PostgresServer, user: Credentials, claims: PostgresClaimRepository, beside: Any
) -> None:
    claims.take(replace(GONE, key="other"), NOW)
    data = json.dumps({"key": "token", "owner": "rival", "since": LATER, "until": LATER + LEASE})
    beside.run("BEGIN")
    beside.run(
        "INSERT INTO cloudseam_claims VALUES "
        "('token', 'rival', :until, false, :data, now() + interval '1 day')",
        until=LATER + LEASE,
        data=data,
    )
    with ThreadPoolExecutor(1) as threads:
        taken = threads.submit(claims.take, MINE, LATER)
        with closing(postgres.connect(postgres.superuser)) as superuser:
            wait_for_lock(superuser, user)
        beside.run("COMMIT")
        with pytest.raises(ClaimTakenError) as refusal:
            taken.result()

    assert refusal.value.holder.owner == "rival"


def test_a_claim_that_goes_while_the_statement_waits_is_free(
    postgres: PostgresServer, user: Credentials, claims: PostgresClaimRepository, beside: Any
) -> None:
    claims.take(replace(GONE, until=LATER + LEASE), NOW)
    beside.run("BEGIN")
    beside.run("DELETE FROM cloudseam_claims")
    with ThreadPoolExecutor(1) as threads:
        taken = threads.submit(claims.take, MINE, LATER)
        with closing(postgres.connect(postgres.superuser)) as superuser:
            wait_for_lock(superuser, user)
        beside.run("COMMIT")
        assert taken.result() is None

    assert claims.find(["token"]) == {"token": MINE}


# ---- round trips


@pytest.fixture
def front(postgres: PostgresServer) -> Iterator[Front]:
    with Front(postgres) as front:
        yield front


def test_a_claim_costs_one_round_trip_and_two_where_one_had_run_out(
    front: Front, user: Credentials
) -> None:
    def trips(act: Callable[[], object]) -> int:
        front.round_trips = 0
        act()
        return front.round_trips

    with closing(PostgresConnection(FixedCredentials(front.credentials(user)))) as connection:
        claims, versions = PostgresClaimRepository(connection), PostgresMachineVersions(connection)
        for _ in range(2):  # the first time each statement is prepared
            cost = [
                trips(lambda: claims.take(GONE, NOW)),
                trips(lambda: claims.take(MINE, LATER)),
                trips(lambda: claims.renew(MINE)),
                trips(lambda: claims.find(["token", "other"])),
                trips(lambda: claims.release(MINE)),
                trips(lambda: versions.keep(a_machine())),
                trips(lambda: versions.get("life", "no-such")),
            ]

    assert cost == [1, 2, 1, 1, 1, 1, 1]


# ---- what goes away


def test_who_takes_a_claim_clears_a_few_whose_time_is_over_and_no_others(
    claims: PostgresClaimRepository, beside: Any
) -> None:
    for number in range(CLAIMS_CLEARED + 3):
        claims.take(replace(GONE, key=f"old-{number}"), NOW)
    claims.take(replace(GONE, key="done"), NOW)
    claims.renew(replace(GONE, key="done", done=True))
    claims.take(replace(GONE, key="young", until=LATER + 1000), NOW)

    claims.take(replace(MINE, key="new"), OVER)
    assert len(keys(beside)) == 6
    claims.take(replace(MINE, key="newer"), OVER)

    assert keys(beside) == {"young", "new", "newer"}


def test_a_claim_whose_time_is_over_can_still_be_taken_over(
    claims: PostgresClaimRepository, beside: Any
) -> None:
    claims.take(GONE, NOW)

    assert claims.take(replace(MINE, until=OVER + LEASE), OVER) == GONE

    assert keys(beside) == {"token"}


def test_claims_that_others_lock_are_left_for_another_time(
    claims: PostgresClaimRepository, beside: Any
) -> None:
    claims.take(GONE, NOW)
    beside.run("BEGIN")
    beside.run("SELECT FROM cloudseam_claims FOR UPDATE")

    claims.take(replace(MINE, key="new"), OVER)
    beside.run("ROLLBACK")

    assert keys(beside) == {"token", "new"}


# ---- growth


@pytest.mark.parametrize("analyzed", [False, True], ids=["fresh", "analyzed"])
@pytest.mark.parametrize("statement", [TAKE, TAKE_OVER, RENEW, RELEASE, FIND])
def test_claims_are_found_by_an_index_however_many_there_are(
    claims: PostgresClaimRepository,
    connection: PostgresConnection,
    beside: Any,
    statement: str,
    analyzed: bool,
) -> None:
    claims.find(["token"])
    beside.run(
        "INSERT INTO cloudseam_claims "
        "SELECT 'k' || n, 'o', 0, false, '{}', now() + n * interval '1 s' "
        "FROM generate_series(1, 20000) n"
    )
    if analyzed:
        beside.run("ANALYZE cloudseam_claims")

    plan = plan_of(connection, statement, expires="0")

    assert "Index" in plan
    assert "Seq Scan on cloudseam_claims" not in plan
    assert "Hash Join" not in plan
    assert "Sort" not in plan


# ---- errors


def fail_by_lock(connection: PostgresConnection, beside: Any) -> None:
    connection.write("SET lock_timeout TO '20ms'")
    beside.run("BEGIN")
    beside.run("LOCK TABLE cloudseam_claims, cloudseam_machines IN ACCESS EXCLUSIVE MODE")


USES: dict[str, Callable[[PostgresConnection], object]] = {
    "take": lambda to: PostgresClaimRepository(to).take(replace(MINE, answer=CANARY), NOW),
    "renew": lambda to: PostgresClaimRepository(to).renew(replace(MINE, answer=CANARY)),
    "release": lambda to: PostgresClaimRepository(to).release(MINE),
    "find": lambda to: PostgresClaimRepository(to).find(["token"]),
    "keep": lambda to: PostgresMachineVersions(to).keep(a_machine()),
    "get": lambda to: PostgresMachineVersions(to).get("life", "digest-1"),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_statement_that_is_refused_is_an_outage_with_its_sqlstate(
    connection: PostgresConnection, beside: Any, use: Callable[[PostgresConnection], object]
) -> None:
    PostgresClaimRepository(connection).find(["token"])
    fail_by_lock(connection, beside)

    with pytest.raises(ServiceUnavailableError, match="55P03"):
        use(connection)
    beside.run("ROLLBACK")


@pytest.mark.parametrize("use", [USES["take"], USES["release"], USES["keep"]])
def test_a_write_whose_answer_is_lost_is_an_outage_and_not_repeated(
    front: Front, user: Credentials, use: Callable[[PostgresConnection], object]
) -> None:
    with closing(PostgresConnection(FixedCredentials(front.credentials(user)))) as connection:
        use(connection)
        PostgresClaimRepository(connection).release(MINE)
        front.lose_answers(1)

        with pytest.raises(ServiceUnavailableError, match="was lost"):
            use(connection)


def test_a_row_that_a_constraint_forbids_is_not_shown(
    claims: PostgresClaimRepository, beside: Any, caplog: pytest.LogCaptureFixture
) -> None:
    claims.find(["token"])
    beside.run("ALTER TABLE cloudseam_claims ADD CHECK (owner <> 'me')")

    with caplog.at_level(logging.DEBUG), pytest.raises(ServiceUnavailableError) as failure:
        claims.take(replace(MINE, answer=CANARY), NOW)
    logging.getLogger("test").error("failed", exc_info=failure.value)

    assert "23514" in str(failure.value)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("key", ["nul\x00", "half\ud800"])
def test_a_key_that_no_row_can_have_is_not_found(claims: PostgresClaimRepository, key: str) -> None:
    claims.take(MINE, NOW)

    assert claims.find([key, "token"]) == {"token": MINE}
