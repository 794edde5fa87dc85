"""Who had a resource and did not end well is known to the next, until one does end well."""

from contextlib import AbstractContextManager, suppress

import pytest

from cloudseam.claim import Claim, Holder
from cloudseam.errors import ClaimHeldError, ServiceUnavailableError
from cloudseam.given import Given
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.persistence.memory import InMemoryClaimRepository
from task_satisfier.attempt import Attempt, Attempts, ClaimLostError
from tests.builders import a_delivery
from tests.task_builders import a_request

LEASE = 300_000


class HandClock:
    """A clock that a test sets, in milliseconds."""

    def __init__(self) -> None:
        self.now = 1_000_000
        self._draws = 0

    def draw(self) -> Given:
        """See `cloudseam.clock.Clock.draw`."""
        self._draws += 1
        return Given(self.now, self._draws.to_bytes(32, "big"))


class FailingClaims(InMemoryClaimRepository):
    """A store that can stop answering, or take the claim for somebody else's."""

    fails = False
    lost = False

    def renew(self, claim: Claim) -> bool:
        if self.fails:
            raise ServiceUnavailableError
        return not self.lost and super().renew(claim)


class World:
    """Attempts with a clock and a store of the test's own."""

    def __init__(self, lease: int = LEASE) -> None:
        self.clock, self.claims = HandClock(), FailingClaims()
        self._attempts = Attempts(
            self.claims, None, self.clock, ThreadHeartbeat(), "me@here", lease_ms=lease
        )
        self._dead: list[AbstractContextManager[object]] = []  # or their blocks would be left

    def begin(self, token: str) -> Attempt:
        attempt = self._attempts.begin(a_request(token=token), a_delivery({}))
        assert isinstance(attempt, Attempt)
        return attempt

    def die_holding(self, token: str) -> None:
        """An attempt takes the state, and then nothing more is heard of it."""
        hold = self.begin(token).hold("state")
        hold.__enter__()
        self._dead.append(hold)

    def fail_holding(self, token: str, after: int = 0) -> None:
        """An attempt takes the state and fails so many milliseconds later."""
        with suppress(ValueError), self.begin(token).hold("state"):
            self.clock.now += after
            raise ValueError

    def holders_before(self, token: str) -> list[Holder]:
        """Those before an attempt that ends well."""
        with self.begin(token).hold("state") as past:
            return list(past)


@pytest.fixture
def world() -> World:
    return World()


def test_one_who_died_is_known_to_the_next(world: World) -> None:
    started = world.clock.now
    world.die_holding("a")
    with pytest.raises(ClaimHeldError):
        world.holders_before("b")

    world.clock.now += LEASE

    assert world.holders_before("c") == [Holder("me@here", started, started + LEASE)]
    assert world.holders_before("d") == [], "the one before ended well"


def test_one_who_failed_is_known_to_the_next_up_to_its_end(world: World) -> None:
    started = world.clock.now
    world.fail_holding("a", after=7_000)

    assert world.holders_before("b") == [Holder("me@here", started, started + 7_000)]


def test_one_who_died_is_known_as_long_as_none_ends_well(world: World) -> None:
    died = world.clock.now
    world.die_holding("a")
    world.clock.now += LEASE
    world.fail_holding("b")

    assert Holder("me@here", died, died + LEASE) in world.holders_before("c")


def test_who_cannot_renew_ends_before_the_claim_does_without_a_beat(world: World) -> None:
    attempt = world.begin("a")
    world.clock.now += LEASE - 30_001
    assert not attempt.has_to_end()
    assert attempt.claims_left() == 25.001

    world.clock.now += 1

    assert attempt.has_to_end()
    with pytest.raises(ClaimLostError):
        attempt.ensure_it_counts()


@pytest.mark.parametrize("lease", [60_000, 300_000, 3_600_000])
def test_a_claim_is_renewed_in_time_and_then_nothing_has_to_end(lease: int) -> None:
    world = World(lease)
    attempt = world.begin("a")
    for _ in range(30):
        world.clock.now += 20_000
        assert not attempt.has_to_end()
        attempt.beat()


def test_beats_that_fail_let_the_claim_end(world: World) -> None:
    attempt = world.begin("a")
    world.claims.fails = True
    world.clock.now += LEASE - 31_000
    attempt.beat()
    assert not attempt.has_to_end()

    world.clock.now += 1_000
    attempt.beat()

    assert attempt.has_to_end()
    assert attempt.claims_left() == 25


def test_for_who_has_lost_the_claim_no_time_is_left(world: World) -> None:
    attempt = world.begin("a")
    world.claims.lost = True
    world.clock.now += LEASE // 2

    attempt.beat()

    assert attempt.has_to_end()
    assert attempt.claims_left() == 0
