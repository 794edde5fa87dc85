"""Both functions over ports in memory, on a clock of their own, with the disturbances of a test.

What is played here goes one message at a time, so that a recording can be compared with it. What
happens side by side is for the simulation.
"""

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

from cloudseam.dead_letters import DeadLetters
from cloudseam.delivery import Delivery
from cloudseam.errors import ServiceUnavailableError
from cloudseam.given import Given
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.machine import Machine
from cloudseam.outbox import Outbox
from cloudseam.outcome import Fate, Outcome
from cloudseam.persistence import Loaded
from cloudseam.persistence.memory import (
    InMemoryClaimRepository,
    InMemoryMachineVersions,
    InMemoryStackRepository,
)
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.queues import OutgoingMessage
from cloudseam.service import StackService
from cloudseam.stack import Stack
from cloudseam.sweep import Sweep
from cloudseam.timers.queue import QueueTimers
from task_satisfier.attempt import Attempts
from task_satisfier.satisfier import Executors, TaskSatisfier

NOW = 1_700_000_000_000
MAX_RECEIVES = 8
LEASE_MS = 120_000
LOST_AFTER = 600  # seconds
SWEEP_EVERY_MS = 300_000
MOST_SWEEPS = 40
SECONDS_LEFT = 285.0


class Kind(StrEnum):
    """What goes wrong at a call."""

    CRASH_BEFORE = "the function dies before the call"
    CRASH_AFTER = "the function dies after the call"
    FAIL_BEFORE = "the call fails, and has had no effect"
    FAIL_AFTER = "the call fails, and has had its effect"
    LOSE = "the call ends well, and what it sent is lost"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What goes wrong at the `first`-th call of a port (from 1), and at so many calls from there.

    Ports: `load`, `save`, `claim`, `renew`, `tasks`, `answers`, `timers`, `letters`.
    """

    port: str
    kind: Kind
    first: int = 1
    calls: int = 1

    def strikes(self, port: str, number: int) -> bool:
        """Whether it is at that call."""
        return port == self.port and self.first <= number < self.first + self.calls


class DeathError(BaseException):
    """The function has died. No `except Exception` sees it."""


@dataclass(order=True, slots=True)
class Message:
    """A message on its way, visible at a moment in epoch milliseconds."""

    at: int
    number: int
    queue: str = field(compare=False)
    id: str = field(compare=False)
    body: str = field(compare=False)
    receives: int = field(default=0, compare=False)


class Installation:
    """One stack store, one event queue, one task queue; `visibility` is of both, in seconds.

    `twice`: every message is delivered again once it is done with.
    """

    def __init__(
        self,
        machine: Machine,
        executors: Executors,
        *,
        disturbances: Sequence[Disturbance] = (),
        visibility: int = 30,
        twice: bool = False,
    ) -> None:
        self.now = NOW
        self.disturbances = disturbances
        self.struck: Counter[Disturbance] = Counter()
        self.letters: list[OutgoingMessage] = []
        self.visibility = visibility
        self.twice = twice
        self.rows = InMemoryStackRepository()
        self._calls: Counter[str] = Counter()
        self._agenda: list[Message] = []
        self._numbers = count(1)
        claims, versions = InMemoryClaimRepository(), InMemoryMachineVersions()
        stacks = _Stacks(self)
        pinned = PinnedMachines(InMemoryMachineLocator([machine]), versions)
        self._service = StackService(
            stacks,
            pinned,
            Outbox(
                _Port(self, "tasks", "tasks"),
                QueueTimers(_Port(self, "timers", "events"), self),
                events=_Port(self, "starts", "events"),
                letters=_Port(self, "letters", None),
            ),
            self,
        )
        self._sweep = Sweep(stacks, claims, self._service, self, lost_after=LOST_AFTER)
        attempts = Attempts(
            _Claims(self, claims), stacks, self, _StillHeart(), place="here", lease_ms=LEASE_MS
        )
        self._satisfier = TaskSatisfier(
            executors, _Port(self, "answers", "events"), attempts, clock=lambda: self.now / 1000
        )
        self._sources = {name: _Port(self, "", name) for name in ("events", "tasks")}

    def draw(self) -> Given:
        """See `cloudseam.clock.Clock.draw`. No time passes but between messages."""
        number = next(self._numbers)
        return Given(self.now, hashlib.sha256(b"%d" % number).digest())

    def send(self, body: Mapping[str, Any] | str, *, after: float = 0) -> None:
        """Puts an event on its queue, or has it come after so many seconds."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.put("events", text, round(after * 1000))

    def put(self, queue: str, body: str, delay_ms: int = 0) -> None:
        """Puts a message on a queue."""
        number = next(self._numbers)
        message = Message(self.now + delay_ms, number, queue, f"message-{number}", body)
        heapq.heappush(self._agenda, message)

    def run(self) -> None:
        """Goes on until nothing is left to do by itself."""
        for _ in range(MOST_SWEEPS):
            while self._agenda:
                self._next()
            if not self._waits:
                return
            self.now += SWEEP_EVERY_MS
            self._sweep.run(lambda: 1.0)
        raise AssertionError("it is never quiet")

    def stack(self, stack_id: str = "c") -> Stack:
        """The stack as it is stored."""
        return self.rows.load([stack_id]).stacks[stack_id]

    def play(self, port: str, call: Callable[[], Any], failed: Callable[[], Any]) -> Any:
        """Makes a call of a port, and has what is planned for it go wrong."""
        self._calls[port] += 1
        number = self._calls[port]
        found = [each for each in self.disturbances if each.strikes(port, number)]
        if not found:
            return call()
        [disturbance] = found
        self.struck[disturbance] += 1
        kind = disturbance.kind
        if kind is Kind.CRASH_BEFORE:
            raise DeathError
        if kind is Kind.LOSE:
            return {}
        returned = call() if kind is not Kind.FAIL_BEFORE else None
        if kind is Kind.CRASH_AFTER:
            raise DeathError
        return returned if kind not in (Kind.FAIL_BEFORE, Kind.FAIL_AFTER) else failed()

    @property
    def _waits(self) -> bool:
        return any(
            stack.timers or any(task.status == "PENDING" for task in stack.tasks)
            for stack in self.rows.scan_unfinished()
        )

    def _next(self) -> None:
        message = heapq.heappop(self._agenda)
        self.now = max(self.now, message.at)
        message.receives += 1
        handle = self._handled_event if message.queue == "events" else self._handled_task
        delivery = Delivery(message.id, message.body, message.receives, message.id)
        deferred = self._sources[message.queue].deferred
        deferred.clear()
        try:
            outcome = handle(delivery)
        except DeathError:
            self._come_again(message, self.visibility)
            return
        if outcome.fate is Fate.RETURNED:
            self._come_again(message, deferred.get(message.id, self.visibility))
        elif self.twice and message.receives == 1:
            self._come_again(message, 0)

    def _come_again(self, message: Message, seconds: int) -> None:
        message.at = self.now + seconds * 1000
        heapq.heappush(self._agenda, message)

    def _handled_event(self, delivery: Delivery) -> Outcome:
        return self._settled("events", self._service.handle_batch([delivery]))

    def _handled_task(self, delivery: Delivery) -> Outcome:
        told = self._satisfier.handle_batch([delivery], lambda: SECONDS_LEFT)
        return self._settled("tasks", [Outcome(each.delivery, error=each.error) for each in told])

    def _settled(self, queue: str, outcomes: Sequence[Outcome]) -> Outcome:
        letters = DeadLetters(_Port(self, "letters", None), self._sources[queue], MAX_RECEIVES)
        [settled] = letters.settle(outcomes)
        return settled


class _Port:
    """See `cloudseam.queues.Queue`. Without a queue what it takes is a dead letter."""

    def __init__(self, installation: Installation, name: str, queue: str | None) -> None:
        self.deferred: dict[str, int] = {}
        self._installation = installation
        self._name = name
        self._queue = queue

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """See `Queue.send`."""
        failures = {number: _unavailable() for number in range(len(messages))}
        sent: Mapping[int, Exception] = self._installation.play(
            self._name, lambda: self._put(messages), lambda: failures
        )
        return sent

    def defer(self, receipts: Mapping[str, int]) -> None:
        """See `Queue.defer`."""
        self.deferred.update(receipts)

    def _put(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        for message in messages:
            if self._queue is None:
                self._installation.letters.append(message)
            else:
                self._installation.put(self._queue, message.body, message.delay * 1000)
        return {}


class _Stacks:
    """See `cloudseam.persistence.StackRepository`."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._rows = installation.rows
        self.scan = self._rows.scan
        self.scan_unfinished = self._rows.scan_unfinished
        self.history = self._rows.history
        self.log = self._rows.log

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        failed = Loaded({}, {each: _unavailable() for each in stack_ids})
        loaded: Loaded = self._installation.play(
            "load", lambda: self._rows.load(stack_ids), lambda: failed
        )
        return loaded

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, Any]:
        """See `StackRepository.save`."""
        failed = {stack.id: _unavailable() for stack in stacks}
        saved: Mapping[str, Any] = self._installation.play(
            "save", lambda: self._rows.save(stacks), lambda: failed
        )
        return saved


class _Claims:
    """See `cloudseam.persistence.ClaimRepository`."""

    def __init__(self, installation: Installation, claims: InMemoryClaimRepository) -> None:
        self._installation = installation
        self._claims = claims
        self.release = claims.release
        self.find = claims.find

    def take(self, claim: Any, now: int) -> Any:
        """See `ClaimRepository.take`."""
        return self._installation.play("claim", lambda: self._claims.take(claim, now), _raised)

    def renew(self, claim: Any) -> Any:
        """See `ClaimRepository.renew`."""
        return self._installation.play("renew", lambda: self._claims.renew(claim), _raised)


class _StillHeart:
    """See `cloudseam.heartbeat.Heartbeat`. No time passes in which it could beat."""

    @contextmanager
    def beating(self, beat: Callable[[], None], seconds: float) -> Iterator[None]:
        """See `Heartbeat.beating`."""
        yield


def _raised() -> None:
    raise _unavailable()


def _unavailable() -> ServiceUnavailableError:
    return ServiceUnavailableError("The service did not answer: Disturbed.")
