"""An attempt of a task under its claim: nobody else works on it, and it stops when it is no longer
wanted, or when the claim is lost.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from threading import Lock

from cloudseam.claim import Claim, Holder
from cloudseam.clock import Clock
from cloudseam.dead_letters import wait_before
from cloudseam.delivery import Delivery
from cloudseam.errors import ClaimHeldError, CloudSeamError, RetryableError
from cloudseam.heartbeat import Heartbeat
from cloudseam.messages import TaskRequest
from cloudseam.persistence import ClaimRepository, ClaimTakenError, StackRepository

# How a claim is kept, where it is for at least a minute. With a shorter lease all of this is
# shorter in proportion.
SHORTEST_FULL_LEASE_MS = 60_000
# How often a running attempt looks whether it is still wanted.
BEAT_MS = 20_000
# A claim is renewed once less than this part of it is left, or too little to wait for a beat.
RENEWED_AT = 2 / 3
# Whoever cannot renew its claim stops this long before it ends: time for Terraform to be ended.
STOP_BEFORE_END_MS = 30_000
# Whatever was started is over this long before, since clocks differ.
OVER_BEFORE_END_MS = 5_000
# An attempt that has run for longer notes its end with its claim, which costs a write.
NOTED_AFTER_MS = 20_000

logger = logging.getLogger("cloudseam.satisfier")


class SupersededError(Exception):
    """The attempt is no longer the one that its stack waits for."""


class ClaimLostError(RetryableError):
    """The claim of an attempt ended before its work did."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The attempt has ended before. `answer` is what it was answered with, if that is known."""

    answer: str | None


@dataclass(frozen=True, slots=True)
class Attempts:
    """Begins attempts. `lease_ms` is how long a claim holds without being renewed.

    `place` is where the work is done, as `user@host`. Without `stacks`, where the store is not
    known, every attempt counts as wanted.
    """

    claims: ClaimRepository
    stacks: StackRepository | None
    clock: Clock
    heartbeat: Heartbeat
    place: str
    lease_ms: int = 300_000

    @property
    def pace(self) -> float:
        """What the times of a lease of a minute or more are multiplied with; at most 1."""
        return min(1, self.lease_ms / SHORTEST_FULL_LEASE_MS)

    @property
    def beat_seconds(self) -> float:
        """How often a running attempt renews its claims and looks whether it is wanted."""
        return BEAT_MS * self.pace / 1000

    def begin(self, request: TaskRequest, delivery: Delivery) -> "Attempt | Ended":
        """The attempt that a task message asks for, claimed.

        Raises:
            ClaimHeldError: somebody else works on it.
            SupersededError: its stack does not wait for it any more.
            ServiceUnavailableError: the store did not answer.
        """
        key = request.token or f"message/{delivery.message_id}"
        try:
            claim, former = self.take(key, request)
        except ClaimTakenError as taken:
            if taken.holder.done:
                return Ended(taken.holder.answer)
            raise self.held("Another delivery of it is being worked on.", request, taken) from None
        attempt = Attempt(self, request, claim, delivery.receive_count)
        if (former is not None or delivery.receive_count > 1) and not self.is_wanted(request):
            attempt.note_superseded()
            raise SupersededError
        return attempt

    def is_wanted(self, request: TaskRequest) -> bool:
        """Whether its stack waits for the attempt to be run. The original's attempts are always
        wanted, and none that was handed over to somebody outside, who will answer."""
        if self.stacks is None or not request.token:
            return True
        loaded = self.stacks.load([request.stack_id])
        for error in loaded.failures.values():
            raise error
        stack = loaded.stacks.get(request.stack_id)
        task = stack.task(request.name) if stack is not None else None
        if stack is None or task is None or not task.asked_at:
            return False
        return stack.is_attempt_current(request.name, request.token)

    def take(self, key: str, request: TaskRequest) -> tuple[Claim, Claim | None]:
        """A claim of the key, and the one before it that had run out.

        Raises:
            ClaimTakenError: the key is not free.
        """
        given = self.clock.draw()
        claim = Claim(
            key,
            owner=given.token(f"owner of {key}"),
            since=given.now,
            until=given.now + self.lease_ms,
            stack_id=request.stack_id,
            place=self.place,
        )
        former = self.claims.take(claim, given.now)
        return claim.after(former), former

    def held(
        self, what: str, request: TaskRequest, taken: ClaimTakenError, least: int = 0
    ) -> ClaimHeldError:
        """Says that a task has to wait, and for how long: `least` is in seconds."""
        left = (taken.holder.until - self.now()) // 1000
        return ClaimHeldError(
            f"Task '{request.name}' of stack '{request.stack_id}' has to wait. {what}",
            stack_id=request.stack_id,
            retry_after=max(least, left + 1, 1),
        )

    def now(self) -> int:
        """The time in epoch milliseconds."""
        return self.clock.draw().now


class Attempt:
    """One attempt that is being worked on, with the claims that it holds."""

    def __init__(
        self, attempts: Attempts, request: TaskRequest, claim: Claim, receive_count: int = 1
    ) -> None:
        self._attempts = attempts
        self._request = request
        self._receive_count = receive_count
        self._key = claim.key
        self._held = {claim.key: claim}
        self._is_wanted = True
        # The heartbeat must not renew what is being given back.
        self._giving_back = Lock()
        self._is_given_up = False
        self._is_lost = False

    def has_to_end(self) -> bool:
        """Whether the work has to end now: nobody waits for it, or its claim is about to end."""
        if self._left_ms() <= STOP_BEFORE_END_MS * self._attempts.pace:
            self._give_up("its claim could not be renewed")
        return self._is_given_up

    def claims_left(self) -> float:
        """Seconds after which nothing that was started may run any more."""
        over = OVER_BEFORE_END_MS * self._attempts.pace
        return 0 if self._is_lost else max(0, self._left_ms() - over) / 1000

    def beating(self) -> AbstractContextManager[None]:
        """Around the work: keeps the claims, and gives the attempt up when it has to end."""
        return self._attempts.heartbeat.beating(self.beat, self._attempts.beat_seconds)

    def beat(self) -> None:
        """Renews the claims and looks whether the attempt is wanted; gives it up otherwise."""
        if self._is_given_up:
            return
        try:
            if not self._renew():
                self._is_lost = True
                self._give_up("somebody else has its claim")
            elif not self._attempts.is_wanted(self._request):
                self._is_wanted = False
                self._give_up("its stack does not wait for it any more")
        except CloudSeamError as error:
            logger.warning("The claim was not renewed", extra={"reason": str(error)})
        self.has_to_end()

    def ensure_wanted(self) -> None:
        """Makes sure that the stack waits for this attempt.

        Raises:
            SupersededError: it does not.
        """
        if not self._attempts.is_wanted(self._request):
            raise SupersededError

    @contextmanager
    def hold(self, resource: str) -> Iterator[Sequence[Holder]]:
        """Keeps all other attempts from a resource while the block runs.

        Yields who had it before and did not end well, the latest last: those whose claim ran
        out, and those whose block raised an error. They are remembered until a block ends well.

        Raises:
            ClaimHeldError: another attempt has it.
            SupersededError: the stack does not wait for this attempt any more.
            ClaimLostError: the claim ended while that was looked up.
        """
        key = f"resource/{resource}"
        try:
            claim, _ = self._attempts.take(key, self._request)
        except ClaimTakenError as taken:
            what = "Another task works with the same resource."
            # Longer each time, as nobody else does the work when the message is given up.
            least = wait_before(self._receive_count + 1)
            raise self._attempts.held(what, self._request, taken, least) from None
        self._held[key] = claim
        is_remembered = bool(claim.past)
        try:
            # The message of an attempt that is long over may come as late as it likes.
            self.ensure_wanted()
            # Nor may one begin that slept for longer than its claim.
            self.has_to_end()
            self.ensure_it_counts()
            is_remembered = True
            yield claim.past
            is_remembered = False
        finally:
            self._give_back(key, is_remembered=is_remembered)

    def ensure_it_counts(self) -> None:
        """Makes sure that what was done counts: the claim has held, and the stack waits for it.

        Raises:
            SupersededError: the stack does not wait for it any more.
            ClaimLostError: the claim has not held all along; another delivery has to do it.
        """
        if not self._is_wanted:
            raise SupersededError
        if self._is_given_up or self._attempts.now() >= self._held[self._key].until:
            raise ClaimLostError(
                f"Task '{self._request.name}' of stack '{self._request.stack_id}' was stopped: its "
                "claim could not be kept.",
                stack_id=self._request.stack_id,
            )

    def note_end(self, answer: str, *, is_sent: bool) -> None:
        """Keeps the answer with the claim, so that a further delivery is answered with it.

        Of an attempt that was short, and whose answer was sent, the claim itself is enough.
        """
        claim = self._held[self._key]
        if is_sent and self._attempts.now() - claim.since < NOTED_AFTER_MS:
            return
        self._note(replace(claim, done=True, answer=answer))

    def note_superseded(self) -> None:
        """Has further deliveries end at once; each would have to wait for the claim of the last."""
        self._note(replace(self._held[self._key], done=True))

    def _note(self, ended: Claim) -> None:
        try:
            self._attempts.claims.renew(ended)
        except CloudSeamError as error:
            logger.warning("The end of the attempt was not noted", extra={"reason": str(error)})

    def release(self) -> None:
        """Gives the attempt back: another delivery may take it at once."""
        self._release(self._held[self._key])

    def _release(self, claim: Claim) -> None:
        try:
            self._attempts.claims.release(claim)
        except CloudSeamError as error:  # it runs out by itself
            logger.warning("A claim was not given back", extra={"reason": str(error)})

    def _give_back(self, key: str, *, is_remembered: bool) -> None:
        """Lets others have a resource. A claim that has run out names its holders to the next."""
        with self._giving_back:
            claim = self._held.pop(key)
            if not is_remembered:
                self._release(claim)
                return
            try:
                self._attempts.claims.renew(replace(claim, until=self._attempts.now()))
            except CloudSeamError as error:
                logger.warning("A claim was not given back", extra={"reason": str(error)})

    def _renew(self) -> bool:
        with self._giving_back:
            now, lease = self._attempts.now(), self._attempts.lease_ms
            least = max(lease * RENEWED_AT, (STOP_BEFORE_END_MS + BEAT_MS) * self._attempts.pace)
            for key, claim in list(self._held.items()):  # a resource may be added
                if claim.until - now < least:
                    renewed = replace(claim, until=now + lease)
                    if not self._attempts.claims.renew(renewed):
                        return False
                    self._held[key] = renewed
            return True

    def _left_ms(self) -> int:
        ends = min(claim.until for claim in tuple(self._held.values()))
        return ends - self._attempts.now()

    def _give_up(self, why: str) -> None:
        if self._is_given_up:
            return
        self._is_given_up = True
        logger.warning(
            "The attempt is given up",
            extra={"stack_id": self._request.stack_id, "task": self._request.name, "reason": why},
        )


class Unclaimed:
    """See `ClaimRepository`. Where no store is known: everything is free, and stays so."""

    def take(self, claim: Claim, now: int) -> Claim | None:
        """See `ClaimRepository.take`."""
        return None

    def renew(self, claim: Claim) -> bool:
        """See `ClaimRepository.renew`."""
        return True

    def release(self, claim: Claim) -> None:
        """See `ClaimRepository.release`."""

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """See `ClaimRepository.find`."""
        return {}
