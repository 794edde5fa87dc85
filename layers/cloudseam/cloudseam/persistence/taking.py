"""How a claim is taken over a store whose writes are conditional, one at a time."""

from collections.abc import Callable

from cloudseam.claim import Claim
from cloudseam.errors import ServiceUnavailableError
from cloudseam.persistence import ClaimTakenError

# One write is enough for a key that is free, and two where a claim has run out. Each further one
# is for a claim that somebody else has taken or given back between two of ours.
ATTEMPTS = 5


class ClaimChangedError(Exception):
    """The claim that a write was to replace is not there any more, or not as it was."""


def take_claim(
    claim: Claim, now: int, put: Callable[[Claim, Claim | None], Claim | None]
) -> Claim | None:
    """See `ClaimRepository.take`.

    `put` writes the first claim in the place of the second, or where there is none. It returns
    the claim that is there instead, or raises `ClaimChangedError` where it cannot tell.
    """
    former: Claim | None = None
    for _ in range(ATTEMPTS):
        try:
            there = put(claim.after(former), former)
        except ClaimChangedError:
            former = None
            continue
        # A client may repeat a write that was not answered: what it then finds is our own.
        if there is None or there.owner == claim.owner:
            return former
        if not there.is_free(now):
            raise ClaimTakenError(there)
        former = there
    raise ServiceUnavailableError("A claim came and went too often to be taken.")
