"""Claims in the file."""

import json
from collections.abc import Mapping, Sequence

from cloudseam.claim import Claim
from cloudseam.persistence import ClaimTakenError
from cloudseam.persistence.claim_row import claim_of, row_of_claim
from cloudseam_cli.local_store.database import Database

FIND = "SELECT claim FROM claims WHERE key = ?"
PUT = "INSERT INTO claims VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET claim = excluded.claim"


class SqliteClaimRepository:
    """See `cloudseam.persistence.ClaimRepository`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, claim: Claim, now: int) -> Claim | None:
        """See `ClaimRepository.take`."""
        with self._database.transaction() as connection:
            former = self._claim(claim.key)
            if former is not None and not former.is_free(now):
                raise ClaimTakenError(former)
            connection.execute(PUT, (claim.key, json.dumps(row_of_claim(claim.after(former)))))
            return former

    def renew(self, claim: Claim) -> bool:
        """See `ClaimRepository.renew`."""
        with self._database.transaction() as connection:
            held = self._claim(claim.key)
            if held is None or held.owner != claim.owner:
                return False
            connection.execute(PUT, (claim.key, json.dumps(row_of_claim(claim))))
            return True

    def release(self, claim: Claim) -> None:
        """See `ClaimRepository.release`."""
        with self._database.transaction() as connection:
            held = self._claim(claim.key)
            if held is not None and held.owner == claim.owner:
                connection.execute("DELETE FROM claims WHERE key = ?", (claim.key,))

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """See `ClaimRepository.find`."""
        found = ((key, self._claim(key)) for key in keys)
        return {key: claim for key, claim in found if claim is not None}

    def _claim(self, key: str) -> Claim | None:
        for (text,) in self._database.read(FIND, key):
            return claim_of(json.loads(text))
        return None
