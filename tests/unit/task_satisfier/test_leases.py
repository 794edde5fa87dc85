"""A claim is renewed in time however short it is; and where it cannot be, the work stops first."""

import pytest

from cloudseam.claim import Claim
from cloudseam.errors import ServiceUnavailableError
from cloudseam.given import Given
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.persistence.memory import InMemoryClaimRepository
from task_satisfier.attempt import Attempt, Attempts
from tests.builders import a_delivery
from tests.task_builders import a_request, a_task_body

LEASES = pytest.mark.parametrize("lease", [10, 60, 100, 300, 3600], ids="{} s".format)
START = 1_700_000_000_000
# A busy computer beats so much later than it should.
LATE = 1.25


class HandClock:
    """A clock that goes on only when a test says so."""

    def __init__(self) -> None:
        self.now = START

    def draw(self) -> Given:
        """See `cloudseam.clock.Clock.draw`."""
        return Given(self.now, entropy=self.now.to_bytes(32, "big"))


class Unwritable(InMemoryClaimRepository):
    """Claims that can be taken and never renewed."""

    def renew(self, claim: Claim) -> bool:
        raise ServiceUnavailableError


def begun(
    claims: InMemoryClaimRepository, clock: HandClock, lease: int
) -> tuple[Attempts, Attempt]:
    attempts = Attempts(claims, None, clock, ThreadHeartbeat(), "tester@here", lease * 1000)
    attempt = attempts.begin(a_request(token="t"), a_delivery(a_task_body(token="t")))
    assert isinstance(attempt, Attempt)
    return attempts, attempt


@LEASES
def test_a_claim_holds_as_long_as_the_attempt_beats(lease: int) -> None:
    claims, clock = InMemoryClaimRepository(), HandClock()
    attempts, attempt = begun(claims, clock, lease)

    for _ in range(50):
        clock.now += round(attempts.beat_seconds * 1000 * LATE)
        assert not claims.claims["t"].is_free(clock.now + attempts.lease_ms // 10)
        attempt.beat()

    attempt.ensure_it_counts()


@LEASES
def test_an_attempt_that_cannot_renew_its_claim_has_time_to_end_what_it_started(
    lease: int,
) -> None:
    clock = HandClock()
    attempts, attempt = begun(Unwritable(), clock, lease)
    moments = 0

    while not attempt.has_to_end():
        clock.now += attempts.lease_ms // 1000
        moments += 1
        if moments % round(attempts.beat_seconds * 1000 / lease * LATE) == 0:
            attempt.beat()

    assert attempt.claims_left() >= min(20, lease * 0.4)
    assert clock.now - START > attempts.beat_seconds * 1000, "one error must not cost the attempt"
