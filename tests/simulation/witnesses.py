"""Protections of the protocol, each taken away, and the faults that show what it is for.

Each is replaced where it lives, for as long as a block lasts; nothing else changes.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from cloudseam import outbox, service, step, sweep
from cloudseam.dead_letters import DeadLetters
from cloudseam.errors import StackConflictError, StackTooLargeError, TerminalError
from cloudseam.event import START, Event
from cloudseam.given import Given
from cloudseam.languages import task_life
from cloudseam.languages.asl.machine import TAKING, AslMachine
from cloudseam.machine import Machine
from cloudseam.outbox import Outbox
from cloudseam.outcome import Outcome
from cloudseam.persistence.dynamodb import stacks as dynamodb_stacks
from cloudseam.persistence.dynamodb.commits import Commit
from cloudseam.persistence.dynamodb.items import item_of
from cloudseam.persistence.dynamodb.single_writes import SingleWrites
from cloudseam.persistence.memory import InMemoryClaimRepository, InMemoryStackRepository
from cloudseam.persistence.row import to_row
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.service import StackService
from cloudseam.stack import Stack, Task
from cloudseam.step import Step, Verdict
from cloudseam.sweep import Sweep, Swept
from cloudseam.task_spec import TaskSpec
from cloudseam.timers.queue import QueueTimers
from cloudseam.transition import Notice
from task_satisfier.attempt import Attempt
from tests.simulation.faults import CRASHING, Kind, Mix
from tests.simulation.history import History, Plan, deeds_plan_of, executions_plan_of, plan_of, run
from tests.simulation.system import Setup

# Histories after which a protection that is gone should have shown.
BUDGET = 300


@dataclass(frozen=True, slots=True)
class Witness:
    """A protection, what stands in for it, and the faults that it is for."""

    protection: str
    target: object
    name: str
    without: object
    mix: Mix
    setup: Setup = Setup()  # noqa: RUF009 # frozen
    plan: Callable[..., Plan] = plan_of

    @contextmanager
    def removed(self) -> Iterator[None]:
        """Takes the protection away."""
        with ExitStack() as removal:
            removal.enter_context(patch.object(self.target, self.name, self.without))
            yield

    def histories(self, most: int = BUDGET) -> Iterator[History]:
        """The histories that it is tried with."""
        for seed in range(1, most + 1):
            yield run(self.plan(seed, (self.mix,), self.setup))


def first_harmed(histories: Iterator[History]) -> tuple[int, History] | None:
    """The first history with a violation, and its number from 1."""
    return next(((n, each) for n, each in enumerate(histories, 1) if each.violations), None)


def _put_unconditionally(self: InMemoryStackRepository, stack: Stack) -> None:
    self.rows[stack.id] = json.dumps(to_row(stack))


def _put_without_tombstone(self: InMemoryStackRepository, stack: Stack) -> None:
    stored = self.rows.get(stack.id)
    if (json.loads(stored)["version"] if stored else 0) != stack.version:
        raise StackConflictError(stack_id=stack.id)
    if stack.is_removed:
        del self.rows[stack.id]
    else:
        self.rows[stack.id] = json.dumps(to_row(stack))


_settled = step._settled


def _settled_once(machine: Machine, stack: Stack, verdict: Verdict, event: Event, now: int) -> Step:
    known = verdict is not Verdict.APPLIED
    return Step(stack, verdict) if known else _settled(machine, stack, verdict, event, now)


_asked = Stack._asked


def _asked_alike(
    self: Stack, spec: TaskSpec, attempt: int, first: int, event_id: str, given: Given
) -> Task:
    purpose = f"{self.id}/{attempt}/{spec.name}"
    token = hashlib.blake2b(purpose.encode(), digest_size=16).hexdigest()
    return replace(_asked(self, spec, attempt, first, event_id, given), token=token)


def _take_anyway(self: InMemoryClaimRepository, claim: Any, now: int) -> Any:
    former = self.claims.get(claim.key)
    self.claims[claim.key] = claim
    return former


def _is_terminal(self: DeadLetters, outcome: Outcome) -> bool:
    return isinstance(outcome.error, TerminalError)


_fold = StackService._fold


def _folded_backwards(
    self: StackService,
    stored: Stack | None,
    positions: Sequence[int],
    outcomes: list[Outcome],
    refusal: StackTooLargeError | None,
) -> Stack | None:
    return _fold(self, stored, positions[::-1], outcomes, refusal)


_notices = outbox._notices


def _told_once(outcomes: Sequence[Outcome]) -> Iterator[tuple[int, Notice]]:
    for position, notice in _notices(outcomes):
        if outcomes[position].verdict is Verdict.APPLIED:
            yield position, notice


def _settled_starting_once(
    machine: Machine, stack: Stack, verdict: Verdict, event: Event, now: int
) -> Step:
    settled = _settled(machine, stack, verdict, event, now)
    return settled if verdict is Verdict.APPLIED else replace(settled, starts=())


def _sent_before_starts(self: Outbox, groups: outbox.Groups, outcomes: list[Outcome]) -> None:
    self._ask_for_tasks(groups, outcomes)
    self._start_others(outcomes)
    self._set_timers(groups, outcomes)
    self._send_letters(outcomes)
    if self._bus is not None:
        self._notify(self._bus, outcomes)


def _no_letters(self: Outbox, outcomes: list[Outcome]) -> None:
    return


def _latest(self: PinnedMachines, stack: Stack, event: Event) -> Machine:
    return self._current(stack.machine)


def _put_apart(self: SingleWrites, commit: Commit) -> None:
    """What is beside a row is written when the row is there."""
    _put(self, replace(commit, beside=()))
    for kept in commit.beside:
        self._client.put_item(TableName=self._table, Item=item_of(kept))


def _put_after_emptying(self: SingleWrites, commit: Commit) -> None:
    """The memory that a commit replaces is emptied before the commit."""
    for kept in commit.beside:
        if not kept.get("memory", "some"):
            self._client.put_item(TableName=self._table, Item=item_of(kept))
    _put(self, commit)


_put = SingleWrites._put


def _answered_anyway(
    self: AslMachine, stack: Stack, running: Any, event: Event, answer: Any, given: Given
) -> Stack:
    task = stack.task(answer.task)
    if task is None:
        return stack
    taken = TAKING[event.name](running, task.token, answer)
    return self._after(stack, running, event, given) if taken else stack


_react = AslMachine.react


def _started_again(self: AslMachine, stack: Stack, event: Event, given: Given) -> Stack:
    known = stack if event.name != START else replace(stack, memory={})
    return _react(self, known, event, given)


def _of(name: str, *rates: Mapping[Kind, float], **fields: Any) -> Mix:
    return Mix(name, {kind: rate for each in rates for kind, rate in each.items()}, **fields)


CALM = _of("concurrency")
DUPLICATES = _of("duplicates", {Kind.DUPLICATE: 0.3})
SUDDEN = _of("sudden ends", {Kind.CRASH_BEFORE: 0.04})
CRASHES = _of("crashes", CRASHING)
LATE = _of("late answers", {Kind.DELAY: 0.3, Kind.DUPLICATE: 0.2})
CROWD = Setup(event_consumers=10, largest_batch=1, max_receives=2)
TABLE = Setup(has_table=True)

WITNESSES = (
    Witness("conditional write", InMemoryStackRepository, "_put", _put_unconditionally, CALM),
    Witness("retry after a conflict", service, "COMMIT_ATTEMPTS", 1, CALM, CROWD),
    Witness("applied ids", Stack, "has_applied", lambda self, event_id: False, DUPLICATES),
    Witness("outbox resend", step, "_settled", _settled_once, CRASHES),
    Witness("epoch in the token", Stack, "_asked", _asked_alike, LATE),
    Witness("token check", task_life, "_same", lambda token, claimed: True, LATE),
    Witness("claim", InMemoryClaimRepository, "take", _take_anyway, DUPLICATES),
    Witness("lease renewal", Attempt, "_renew", lambda self: True, DUPLICATES, Setup(slow=0.3)),
    Witness(
        "claim held to the end",
        Attempt,
        "ensure_it_counts",
        lambda self: None,
        _of("slow", {Kind.PAUSE: 0.03, Kind.DUPLICATE: 0.2}),
        Setup(lease_ms=60_000),
    ),
    Witness("tombstone", InMemoryStackRepository, "_put", _put_without_tombstone, DUPLICATES),
    Witness(
        "sweep",
        Sweep,
        "run",
        lambda self, time_left, after="": Swept(0, ()),
        _of("poison", {Kind.POISON: 0.03}),
    ),
    Witness("last-receive dead-lettering", DeadLetters, "_is_hopeless", _is_terminal, CALM),
    Witness("fold order in a batch", StackService, "_fold", _folded_backwards, CALM),
    Witness("durable timers", QueueTimers, "set", lambda self, timers: {}, CALM),
    Witness("notice resend", outbox, "_notices", _told_once, CRASHES, Setup(has_bus=True)),
    Witness(
        "pinned machines", PinnedMachines, "machine_of", _latest, _of("files", changes_file=True)
    ),
    Witness("start resend", step, "_settled", _settled_starting_once, CRASHES, plan=deeds_plan_of),
    Witness(
        "starts before tasks",
        Outbox,
        "send",
        _sent_before_starts,
        SUDDEN,
        plan=deeds_plan_of,
    ),
    Witness(
        "token check of invocations",
        task_life,
        "_same",
        lambda token, claimed: True,
        LATE,
        plan=deeds_plan_of,
    ),
    Witness(
        "sweep of what waits",
        sweep,
        "_is_overdue",
        lambda stack, now: False,
        _of("poison", {Kind.POISON: 0.05}),
        # So that a timer's message may be given up before anybody has got to its end.
        Setup(redrive=1),
        plan=deeds_plan_of,
    ),
    Witness(
        "letters of what was given up",
        Outbox,
        "_send_letters",
        _no_letters,
        CALM,
        plan=deeds_plan_of,
    ),
    Witness(
        "one execution of a name",
        AslMachine,
        "react",
        _started_again,
        DUPLICATES,
        plan=executions_plan_of,
    ),
    Witness(
        "token check of executions",
        AslMachine,
        "_answered",
        _answered_anyway,
        LATE,
        plan=executions_plan_of,
    ),
    Witness(
        "log in the transaction",
        SingleWrites,
        "_put",
        _put_apart,
        CRASHES,
        TABLE,
        plan=executions_plan_of,
    ),
    Witness(
        "memory kept to the next commit",
        SingleWrites,
        "_put",
        _put_after_emptying,
        CRASHES,
        TABLE,
        plan=executions_plan_of,
    ),
    Witness(
        "logs told apart by their lives",
        dynamodb_stacks,
        "of_last_life",
        lambda rows: rows,
        CALM,
        TABLE,
        plan=executions_plan_of,
    ),
)
