"""Attempts under their claims: who may run one, when it is given up, and what counts."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from cloudseam.claim import Claim
from cloudseam.dead_letters import DeadLetters
from cloudseam.delivery import Delivery
from cloudseam.errors import ClaimHeldError, ServiceUnavailableError
from cloudseam.event import Json
from cloudseam.given import Given
from cloudseam.outcome import Fate, Outcome
from cloudseam.persistence import Loaded
from cloudseam.persistence.memory import InMemoryClaimRepository, InMemoryStackRepository
from cloudseam.queues.memory import InMemoryQueue
from cloudseam.stack import Task
from task_satisfier.attempt import Attempts, ClaimLostError
from task_satisfier.executors import OutOfTimeError, TaskRun
from task_satisfier.satisfier import Ending, TaskOutcome, TaskSatisfier
from tests.builders import NOW, a_stack
from tests.fakes import CountingQueue
from tests.task_builders import FakeExecutor, FakeExecutors, a_task_body, a_task_delivery

LEASE_MS = 300_000
TOKEN = "token-of-net"


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    now: int = NOW
    draws: int = 0

    def draw(self) -> Given:
        """See `Clock.draw`."""
        self.draws += 1
        return Given(self.now, self.draws.to_bytes(32, "big"))


class CountingClaims(InMemoryClaimRepository):
    """Claims in memory that count writes, and fail when they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.fails = False

    def take(self, claim: Claim, now: int) -> Claim | None:
        self._write()
        return super().take(claim, now)

    def renew(self, claim: Claim) -> bool:
        self._write()
        return super().renew(claim)

    def _write(self) -> None:
        self.writes += 1
        if self.fails:
            raise ServiceUnavailableError("The store did not answer.")


@dataclass
class HandHeartbeat:
    """A heart that beats when a test says so."""

    beat: Callable[[], None] = lambda: None

    @contextmanager
    def beating(self, beat: Callable[[], None], seconds: float) -> Iterator[None]:
        """See `Heartbeat.beating`."""
        self.beat = beat
        yield


@dataclass
class Stage:
    """Satisfiers over one store, whose stack waits for one attempt of task `net`."""

    clock: SetClock = field(default_factory=SetClock)
    claims: CountingClaims = field(default_factory=CountingClaims)
    stacks: InMemoryStackRepository = field(default_factory=InMemoryStackRepository)
    heart: HandHeartbeat = field(default_factory=HandHeartbeat)
    answers: CountingQueue = field(default_factory=CountingQueue)
    runs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.waits_for(TOKEN)

    def waits_for(self, token: str, asked_at: int = NOW) -> None:
        """Has the stack wait for this attempt, and no other."""
        stored = self.stacks.load(["s"]).stacks.get("s")
        stack = a_stack("PROVISION", version=stored.version if stored else 0)
        self.stacks.save([replace(stack, tasks=(Task("net", token=token, asked_at=asked_at),))])

    def run(
        self,
        does: Callable[[TaskRun], Mapping[str, Json]] = lambda run: {},
        *,
        token: str = TOKEN,
        receive_count: int = 1,
    ) -> TaskOutcome:
        """Delivers the task's message to a satisfier of its own, to the end."""

        def noted(run: TaskRun) -> Mapping[str, Json]:
            self.runs.append(run.request.token)
            return does(run)

        attempts = Attempts(
            self.claims, self.stacks, self.clock, self.heart, place="me@here", lease_ms=LEASE_MS
        )
        satisfier = TaskSatisfier(
            FakeExecutors(FakeExecutor(noted)),
            self.answers,
            attempts,
            clock=lambda: self.clock.now / 1000,
        )
        delivery = replace(a_task_delivery(token=token), receive_count=receive_count)
        (outcome,) = satisfier.handle_batch([delivery], lambda: 600)
        return outcome

    @property
    def events(self) -> list[str]:
        """The names of the answers."""
        return [json.loads(message.body)["event"] for message in self.answers.sent]


def test_a_short_task_costs_one_write_to_claim_it() -> None:
    stage = Stage()

    stage.run()

    assert (stage.claims.writes, stage.events) == (1, ["TASK_COMPLETED"])


def test_another_delivery_of_a_running_attempt_waits_until_the_claim_could_end() -> None:
    stage = Stage()
    others: list[TaskOutcome] = []

    def delivered_again(run: TaskRun) -> Mapping[str, Json]:
        stage.clock.now += 60_000
        others.append(stage.run())
        return {}

    stage.run(delivered_again)

    assert stage.runs == [TOKEN]
    assert isinstance(others[0].error, ClaimHeldError)
    assert others[0].error.retry_after == 241


def test_a_duplicate_after_the_answer_is_not_run_while_the_claim_lasts() -> None:
    stage = Stage()
    stage.run()

    outcome = stage.run()

    assert (type(outcome.error), stage.runs) == (ClaimHeldError, [TOKEN])


def test_a_duplicate_after_the_claim_has_ended_is_not_run_once_the_stack_has_the_answer() -> None:
    stage = Stage()
    stage.run()
    stage.waits_for("another-token")
    stage.clock.now += LEASE_MS

    outcome = stage.run()

    assert (outcome.ending, outcome.error) == (Ending.SUPERSEDED, None)
    assert stage.runs == [TOKEN]


def test_a_duplicate_of_what_was_handed_over_to_somebody_outside_is_not_run() -> None:
    stage = Stage()
    stage.run()
    stage.waits_for(TOKEN, asked_at=0)
    stage.clock.now += LEASE_MS

    outcome = stage.run()

    assert (outcome.ending, outcome.error) == (Ending.SUPERSEDED, None)
    assert stage.runs == [TOKEN]


def test_a_crashed_attempt_is_run_again_after_its_claim_has_ended() -> None:
    stage = Stage()
    stage.claims.take(Claim(TOKEN, "gone", NOW, NOW + LEASE_MS), NOW)
    stage.clock.now += LEASE_MS

    stage.run(receive_count=2)

    assert (stage.runs, stage.events) == ([TOKEN], ["TASK_COMPLETED"])


def test_further_deliveries_of_an_attempt_that_nobody_waits_for_end_at_once() -> None:
    stage = Stage()
    stage.waits_for("another-token")

    endings = [stage.run(receive_count=2).ending for _ in range(3)]

    assert endings == [Ending.SUPERSEDED, Ending.REPEATED, Ending.REPEATED]
    assert (stage.runs, stage.events) == ([], [])


def test_an_attempt_that_nobody_waits_for_is_over_even_if_that_cannot_be_noted() -> None:
    stage = Stage()
    stage.waits_for("another-token")
    taken = stage.claims.take

    def take(claim: Claim, now: int) -> Claim | None:
        former = taken(claim, now)
        stage.claims.fails = True
        return former

    stage.claims.take = take  # type: ignore[method-assign]  # fails from then on

    outcome = stage.run(receive_count=2)

    assert (outcome.ending, outcome.error) == (Ending.SUPERSEDED, None)


@pytest.mark.parametrize("receive_count", [1, 2])
def test_a_message_that_comes_again_is_run_only_if_its_stack_waits_for_it(
    receive_count: int,
) -> None:
    stage = Stage()
    stage.waits_for("another-token")

    outcome = stage.run(receive_count=receive_count)

    expected = Ending.SUPERSEDED if receive_count > 1 else None
    assert outcome.ending is expected


def test_an_answer_that_could_not_be_sent_is_sent_by_the_next_delivery_without_a_run() -> None:
    stage = Stage()
    stage.answers.refuses = lambda message: True
    lost = stage.run()
    stage.answers.refuses = lambda message: False

    again = stage.run(receive_count=2)

    assert isinstance(lost.error, ServiceUnavailableError)
    assert (again.ending, again.error) == (Ending.REPEATED, None)
    assert (stage.runs, stage.events) == ([TOKEN], ["TASK_COMPLETED"])


def test_a_long_attempt_keeps_its_answer_with_its_claim() -> None:
    stage = Stage()

    def long(run: TaskRun) -> Mapping[str, Json]:
        stage.clock.now += 60_000
        return {}

    stage.run(long)
    stage.clock.now += 10 * LEASE_MS

    assert stage.run(receive_count=2).ending is Ending.REPEATED
    assert (stage.runs, stage.events) == ([TOKEN], ["TASK_COMPLETED"] * 2)


def working(
    stage: Stage, minutes: int, meanwhile: Callable[[], object] = lambda: None
) -> Callable[[TaskRun], Mapping[str, Json]]:
    """Work that takes a while, with a beat every 20 s, and stops when it is told to."""

    def work(run: TaskRun) -> Mapping[str, Json]:
        meanwhile()
        for _ in range(3 * minutes):
            stage.clock.now += 20_000
            stage.heart.beat()
            if run.time_left() <= 0:
                raise OutOfTimeError("stopped")
        return {}

    return work


def test_a_claim_is_renewed_as_long_as_the_work_takes() -> None:
    stage = Stage()

    outcome = stage.run(working(stage, 9))

    assert (outcome.error, stage.events) == (None, ["TASK_COMPLETED"])
    assert stage.claims.writes == 1 + 4 + 1  # taken, renewed every two minutes, its end noted


def test_work_that_is_no_longer_wanted_is_stopped_and_not_answered() -> None:
    stage = Stage()

    outcome = stage.run(working(stage, 9, lambda: stage.waits_for("another-token")))

    assert outcome.ending is Ending.SUPERSEDED
    assert (stage.events, stage.clock.now - NOW) == ([], 20_000)


def test_work_whose_claim_cannot_be_renewed_is_stopped_before_the_claim_ends() -> None:
    stage = Stage()

    def fail() -> None:
        stage.claims.fails = True

    outcome = stage.run(working(stage, 9, fail))

    assert isinstance(outcome.error, ClaimLostError)
    assert stage.events == []
    assert stage.clock.now - NOW < LEASE_MS


def test_work_whose_claim_somebody_else_took_over_is_stopped_and_not_answered() -> None:
    stage = Stage()

    def taken_over() -> None:
        stage.clock.now += LEASE_MS
        stage.claims.take(Claim(TOKEN, "rival", stage.clock.now, 2**62), stage.clock.now)

    outcome = stage.run(working(stage, 9, taken_over))

    assert isinstance(outcome.error, ClaimLostError)
    assert stage.events == []


def test_what_a_sleeper_did_does_not_count() -> None:
    """A function that was frozen, with its heart, for longer than its claim."""
    stage = Stage()

    def sleep(run: TaskRun) -> Mapping[str, Json]:
        stage.clock.now += LEASE_MS
        return {}

    assert isinstance(stage.run(sleep).error, ClaimLostError)
    assert stage.events == []


def test_a_resource_is_held_by_one_attempt_at_a_time_and_given_back() -> None:
    stage = Stage()
    others: list[TaskOutcome] = []

    def hold(run: TaskRun) -> Mapping[str, Json]:
        with run.hold("state") as past:
            assert past == ()
            if not others:
                stage.waits_for("second")
                others.append(stage.run(hold, token="second"))
                stage.waits_for(TOKEN)
        return {}

    stage.run(hold)
    stage.waits_for("second")
    later = stage.run(hold, token="second", receive_count=2)

    assert isinstance(others[0].error, ClaimHeldError)
    assert (later.error, stage.runs) == (None, [TOKEN, "second", "second"])


@pytest.mark.parametrize(
    ("receive_count", "wait"),
    [(1, 301), (6, 301), (7, 320), (8, 640)],
    ids=["until the claim could end"] * 2 + ["longer each time"] * 2,
)
def test_a_task_waits_for_a_resource_longer_each_time(receive_count: int, wait: int) -> None:
    stage = Stage()
    stage.claims.take(Claim("resource/state", "other", NOW, NOW + LEASE_MS), NOW)

    def hold(run: TaskRun) -> Mapping[str, Json]:
        with run.hold("state"):
            return {}

    outcome = stage.run(hold, receive_count=receive_count)

    assert isinstance(outcome.error, ClaimHeldError)
    assert outcome.error.retry_after == wait


def test_who_never_gave_a_resource_back_is_known_to_the_next() -> None:
    stage = Stage()
    key = "resource/state"
    stage.claims.take(Claim(key, "gone", NOW, NOW + LEASE_MS, place="him@there"), NOW)
    stage.clock.now += LEASE_MS
    seen: list[str] = []

    def hold(run: TaskRun) -> Mapping[str, Json]:
        with run.hold("state") as past:
            seen.extend(holder.place for holder in past)
        return {}

    stage.run(hold)

    assert seen == ["him@there"]
    assert key not in stage.claims.claims


def test_a_resource_is_not_touched_by_an_attempt_that_is_long_over() -> None:
    stage = Stage()
    stage.waits_for("another-token")
    touched: list[str] = []

    def hold(run: TaskRun) -> Mapping[str, Json]:
        with run.hold("state"):
            touched.append("state")
        return {}

    outcome = stage.run(hold)

    assert (outcome.ending, touched, stage.events) == (Ending.SUPERSEDED, [], [])
    assert "resource/state" not in stage.claims.claims


def test_a_resource_is_not_touched_by_a_sleeper_whose_claim_has_ended() -> None:
    stage = Stage()
    touched: list[str] = []
    load = stage.stacks.load

    def asleep(stack_ids: Sequence[str]) -> Loaded:
        stage.clock.now += LEASE_MS
        return load(stack_ids)

    def hold(run: TaskRun) -> Mapping[str, Json]:
        stage.stacks.load = asleep  # type: ignore[method-assign]
        with run.hold("state"):
            touched.append("state")
        return {}

    outcome = stage.run(hold)

    assert (type(outcome.error), touched, stage.events) == (ClaimLostError, [], [])


def test_a_store_that_does_not_answer_returns_the_task_unrun() -> None:
    stage = Stage()
    stage.claims.fails = True

    outcome = stage.run()

    assert isinstance(outcome.error, ServiceUnavailableError)
    assert (stage.runs, stage.events) == ([], [])


def test_a_task_whose_resource_could_not_be_claimed_is_returned_and_tried_again() -> None:
    stage = Stage()

    def hold(run: TaskRun) -> Mapping[str, Json]:
        stage.claims.fails = len(stage.runs) == 1
        try:
            with run.hold("state"):
                return {}
        finally:
            stage.claims.fails = False

    first = stage.run(hold)
    second = stage.run(hold, receive_count=2)

    assert isinstance(first.error, ServiceUnavailableError)
    assert (second.error, stage.events) == (None, ["TASK_COMPLETED"])


def test_a_task_that_took_longer_than_its_time_out_says_so() -> None:
    stage = Stage()
    body = a_task_body(token=TOKEN, timeout=90)

    def until_stopped(run: TaskRun) -> Mapping[str, Json]:
        while run.time_left() > 0:
            stage.clock.now += 30_000
        raise OutOfTimeError("stopped")

    satisfier = TaskSatisfier(
        FakeExecutors(FakeExecutor(until_stopped)),
        stage.answers,
        Attempts(stage.claims, stage.stacks, stage.clock, stage.heart, place="me@here"),
        clock=lambda: stage.clock.now / 1000,
    )
    satisfier.handle_batch([Delivery("m", json.dumps(body))], lambda: 600)

    answer = json.loads(stage.answers.sent[0].body)
    assert (answer["error"], stage.clock.now - NOW) == ("Timeout", 90_000)


@pytest.mark.parametrize(
    ("receive_count", "fate", "letters"), [(7, Fate.RETURNED, 0), (8, Fate.DONE, 0)]
)
def test_what_somebody_else_works_on_is_never_a_dead_letter(
    receive_count: int, fate: Fate, letters: int
) -> None:
    dead, source = InMemoryQueue(), InMemoryQueue()
    held = ClaimHeldError("held", stack_id="s", retry_after=40)
    delivery = Delivery("m", "{}", receive_count, "receipt")

    (settled,) = DeadLetters(dead, source, 8).settle([Outcome(delivery, error=held)])

    assert (settled.fate, len(dead.sent)) == (fate, letters)
    # Not longer each time: when the claim has ended, the work may have to be done.
    assert source.deferred == ({"receipt": 40} if fate is Fate.RETURNED else {})
