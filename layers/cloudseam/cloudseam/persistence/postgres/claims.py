"""Claims in a PostgreSQL table: one statement to take one that is free."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cloudseam.claim import Claim
from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam.persistence.claim_row import claim_of, row_of_claim
from cloudseam.persistence.postgres.arrays import is_text, texts
from cloudseam.persistence.postgres.connection import PostgresConnection, Rows
from cloudseam.persistence.postgres.errors import ConnectionLostError, PostgresError, unavailable
from cloudseam.persistence.taking import ClaimChangedError, take_claim

# Whoever takes a claim clears away up to as many whose time is over.
CLAIMS_CLEARED = 10

# One row if the claim was free or is held; none where it came after the statement had begun.
TAKING = """
WITH cleared AS (
    DELETE FROM cloudseam_claims WHERE key IN (
        SELECT key FROM cloudseam_claims
        WHERE expires_at <= to_timestamp(CAST(:now AS bigint) / 1000.0) AND key <> :key
        ORDER BY expires_at LIMIT {most} FOR UPDATE SKIP LOCKED
    )
),
taken AS (
    INSERT INTO cloudseam_claims (key, owner, until, done, data, expires_at)
    VALUES (
        :key, :owner, CAST(:until AS bigint), false, :data,
        to_timestamp(CAST(:expires AS bigint))
    )
    ON CONFLICT (key) DO NOTHING
    RETURNING key
)
SELECT true, NULL FROM taken
UNION ALL
SELECT false, data FROM cloudseam_claims
WHERE key = :key AND NOT EXISTS (SELECT FROM taken)
"""
TAKE = TAKING.format(most=CLAIMS_CLEARED)

WRITE = """
UPDATE cloudseam_claims
SET owner = :owner, until = CAST(:until AS bigint), done = CAST(:done AS boolean), data = :data,
    expires_at = to_timestamp(CAST(:expires AS bigint))
WHERE key = :key AND {which}
RETURNING key
"""
# As it was when it had run out: neither renewed, nor taken by another, nor marked as done since.
TAKE_OVER = WRITE.format(
    which="owner = :former AND until = CAST(:former_until AS bigint) AND NOT done"
)
RENEW = WRITE.format(which="owner = :owner")
RELEASE = "DELETE FROM cloudseam_claims WHERE key = :key AND owner = :owner"
FIND = "SELECT data FROM cloudseam_claims WHERE key = ANY(CAST(:keys AS text[]))"


class PostgresClaimRepository:
    """See `cloudseam.persistence.ClaimRepository`."""

    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    def take(self, claim: Claim, now: int) -> Claim | None:
        """See `ClaimRepository.take`."""

        def put(wanted: Claim, former: Claim | None) -> Claim | None:
            if former is None:
                return self._take(wanted, now)
            self._take_over(wanted, former)
            return None

        return take_claim(claim, now, put)

    def renew(self, claim: Claim) -> bool:
        """See `ClaimRepository.renew`."""
        done = str(claim.done).lower()
        return bool(self._write("write a claim", RENEW, done=done, **_parameters(claim)))

    def release(self, claim: Claim) -> None:
        """See `ClaimRepository.release`."""
        self._write("give back a claim", RELEASE, key=claim.key, owner=claim.owner)

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """See `ClaimRepository.find`."""
        wanted = texts(key for key in keys if is_text(key))
        try:
            rows = self._connection.read(FIND, keys=wanted)
        except (PostgresError, ConnectionLostError) as error:
            raise unavailable("read the claims", error) from error
        claims = (_claim(row[0]) for row in rows)
        return {claim.key: claim for claim in claims}

    def _take(self, claim: Claim, now: int) -> Claim | None:
        rows = self._write("write a claim", TAKE, now=str(now), **_parameters(claim))
        if not rows:
            raise ClaimChangedError
        [[is_taken, data]] = rows
        return None if is_taken else _claim(data)

    def _take_over(self, claim: Claim, former: Claim) -> None:
        rows = self._write(
            "write a claim",
            TAKE_OVER,
            done="false",
            former=former.owner,
            former_until=str(former.until),
            **_parameters(claim),
        )
        if not rows:
            raise ClaimChangedError

    def _write(self, what: str, sql: str, **parameters: str) -> Rows:
        try:
            return self._connection.write(sql, **parameters)
        except (PostgresError, ConnectionLostError) as error:
            raise unavailable(what, error) from error


def _parameters(claim: Claim) -> dict[str, str]:
    return {
        "key": claim.key,
        "owner": claim.owner,
        "until": str(claim.until),
        "data": json.dumps(row_of_claim(claim)),
        "expires": str(claim.until // 1000 + TOMBSTONE_SECONDS),
    }


def _claim(data: Any) -> Claim:
    return claim_of(json.loads(data))
