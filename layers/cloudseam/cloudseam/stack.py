"""A stack and the tasks of the state it is in, as values."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

from cloudseam.event import Json, Scalar
from cloudseam.given import Given
from cloudseam.history import Entry
from cloudseam.start import Start
from cloudseam.task_spec import TaskSpec
from cloudseam.transition import Transition

INITIAL_STATE = "INIT"
# The state of a stack that is gone.
REMOVED = "REMOVED"
# Outside events that a stack remembers, so that a redelivery has no effect: the last 64 whenever
# they came; and of the last hour, in which a queue can deliver again what was not acknowledged
# (20 receives, 3 minutes apart), up to a thousand.
APPLIED_EVENTS_KEPT = 64
APPLIED_EVENTS_MOST = 1_000
REDELIVERY_WINDOW_MS = 3_600_000
# Transitions that a stack remembers where others are told of them, for the same reason: the last
# few whenever they were, and those of the last hour.
TRANSITIONS_KEPT = 5
TRANSITIONS_MOST = 100
# Of why a task failed: the row has it for as long as the task has failed.
ERROR_MESSAGE_CHARACTERS = 4_000


class TaskStatus(StrEnum):
    """Where a task of the current state stands."""

    WAITING = "WAITING"
    PENDING = "PENDING"
    SATISFIED = "SATISFIED"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the state the stack is in.

    `token` belongs to the current attempt. `asked_by` is the mark of the event that asked for the
    attempt: while the task is pending, its message is owed to that event's delivery, so a
    redelivery of the event sends it again. A pending task is its own outbox. So is a timer: of the
    next attempt (`retry_at`) of a task that failed, of the first of one that waits to be asked for,
    and of the time-out (`deadline`) of one that is pending. `asked_at` is when the attempt was
    asked for, 0 once somebody outside has it and nothing is sent for it; `first` the attempt that
    its retry policy counts from, `resent` how often its message was sent again because nobody
    worked on it. Times are epoch milliseconds, 0 where there is none.
    """

    name: str
    status: TaskStatus = TaskStatus.PENDING
    error_message: str | None = None
    token: str = ""
    attempt: int = 1
    asked_by: str = ""
    asked_at: int = 0
    deadline: int = 0
    retry_at: int = 0
    first: int = 1
    resent: int = 0

    @property
    def timer(self) -> int:
        """The moment at which something has to happen by itself; 0 if there is none."""
        if self.status is TaskStatus.PENDING:
            return self.deadline
        return 0 if self.status is TaskStatus.SATISFIED else self.retry_at

    @property
    def is_given_up(self) -> bool:
        """Whether it has failed and is not tried again by itself."""
        return self.status is TaskStatus.ERROR and not self.retry_at


@lru_cache(maxsize=1000)
def event_mark(event_id: str) -> str:
    """A short mark for an event id: 48 bits, 8 characters, so that 64 of them stay small.

    A step asks for the mark of its event some four times.
    """
    return urlsafe_b64encode(hashlib.sha256(event_id.encode()).digest()[:6]).decode()


@dataclass(frozen=True, slots=True)
class Stack:
    """The whole state of one stack.

    `version` counts commits (0: never stored). `epoch` counts entries into a state, over every
    life of this id. `applied` holds the marks of the outside events applied last, newest last;
    the first `old_applied` of them were there at `old_applied_at` already. `history` has the
    entries that were stored and those since, newest last. `transitions` has the last ones, newest
    last, where others are told of them. `memory` is what the machine's language keeps of the stack;
    nothing else looks into it; it was stored in so many `memory_pieces` beside the row, 0 if in the
    row itself. `starts` are owed. `log` has what the language tells of the commit
    that is being made, and never what was stored. Times are epoch milliseconds; from `expires_at`
    on the store may forget the stack. With `removed_at` it is a tombstone.
    """

    id: str
    machine: str
    state: str = INITIAL_STATE
    previous_state: str | None = None
    tasks: tuple[Task, ...] = ()
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    created_at: int = 0
    updated_at: int = 0
    version: int = 0
    epoch: int = 0
    applied: tuple[str, ...] = ()
    old_applied: int = 0
    old_applied_at: int = 0
    history: tuple[Entry, ...] = ()
    transitions: tuple[Transition, ...] = ()
    machine_digest: str = ""
    memory: Mapping[str, Any] = field(default_factory=dict)
    memory_pieces: int = 0
    starts: tuple[Start, ...] = ()
    log: tuple[Mapping[str, Any], ...] = ()
    expires_at: int = 0
    removed_at: int | None = None

    @property
    def is_removed(self) -> bool:
        """Whether only a tombstone is left."""
        return self.removed_at is not None

    @property
    def is_satisfied(self) -> bool:
        """Whether no task of the current state is left to do."""
        return all(task.status is TaskStatus.SATISFIED for task in self.tasks)

    @property
    def has_failed(self) -> bool:
        """Whether a task has failed and waits for somebody to ask for it again."""
        return any(task.status is TaskStatus.ERROR and not task.retry_at for task in self.tasks)

    @property
    def fresh_history(self) -> tuple[Entry, ...]:
        """The entries of the commit that is being made."""
        return tuple(entry for entry in self.history if entry.version == self.version + 1)

    @property
    def timers(self) -> frozenset[int]:
        """The moments at which something has to happen by itself."""
        return frozenset(task.timer for task in self.tasks if task.timer)

    def transitions_by(self, event_id: str) -> tuple[Transition, ...]:
        """The transitions that an event made, as far as they are remembered."""
        if not self.transitions:
            return ()
        mark = event_mark(event_id)
        return tuple(made for made in self.transitions if made.by == mark)

    def is_attempt_current(self, task: str, token: str) -> bool:
        """Whether this attempt of a task is the one that the stack waits for."""
        found = self.task(task)
        return (
            not self.is_removed
            and found is not None
            and found.status is TaskStatus.PENDING
            and found.token == token
        )

    def task(self, name: str) -> Task | None:
        """The task of that name in the current state."""
        return next((task for task in self.tasks if task.name == name), None)

    def has_applied(self, event_id: str) -> bool:
        """Whether this outside event is among the last ones applied."""
        return event_mark(event_id) in self.applied

    def with_task(self, changed: Task) -> Self:
        """The same stack with one task replaced."""
        tasks = tuple(changed if task.name == changed.name else task for task in self.tasks)
        return replace(self, tasks=tasks)

    def with_metadata(self, metadata: Mapping[str, Scalar]) -> Self:
        """The same stack with metadata merged in; the newer value of a key wins."""
        return replace(self, metadata={**self.metadata, **metadata}) if metadata else self

    def with_outputs(self, task: str, outputs: Mapping[str, Json]) -> Self:
        """The same stack with what a task gave back; a later run of the task replaces it."""
        return replace(self, outputs={**self.outputs, task: outputs}) if outputs else self

    def with_applied(self, event_id: str, now: int) -> Self:
        """The same stack, remembering that the event was applied."""
        return replace(self, **self.marks_after(event_id, now))

    def marks_after(self, event_id: str, now: int) -> dict[str, Any]:
        """The fields that remember events, once this one was applied, too.

        What is forgotten are the marks of more than an hour ago, as long as 64 are left. One
        moment is kept for all that were there at it: they are old once it is.
        """
        marks = (*self.applied, event_mark(event_id))
        if len(marks) <= APPLIED_EVENTS_KEPT:
            return {"applied": marks}
        surplus = max(0, len(marks) - APPLIED_EVENTS_MOST)
        if self.old_applied_at and now - self.old_applied_at < REDELIVERY_WINDOW_MS:
            old = max(0, self.old_applied - surplus)
            return {"applied": marks[surplus:], "old_applied": old}
        gone = max(surplus, min(self.old_applied, len(marks) - APPLIED_EVENTS_KEPT))
        kept = marks[gone:]
        return {"applied": kept, "old_applied": len(kept), "old_applied_at": now}

    def transitions_after(self, made: Transition) -> tuple[Transition, ...]:
        """Those to remember once this one was made: of the last hour, and the last few."""
        since = made.at - REDELIVERY_WINDOW_MS
        last = (*self.transitions, made)[-TRANSITIONS_MOST:]
        old, few = last[:-TRANSITIONS_KEPT], last[-TRANSITIONS_KEPT:]
        return (*(each for each in old if each.at > since), *few)

    def with_entry(self, entry: Entry) -> Self:
        """The same stack with one more entry of history, of the commit that is being made."""
        made = self.version + 1
        fresh = entry if entry.version == made else replace(entry, version=made)
        return replace(self, history=(*self.history, fresh))

    def entering(self, state: str, tasks: Sequence[TaskSpec], event_id: str, given: Given) -> Self:
        """The same stack on its way into a state: a new epoch, and each task asked for."""
        entered = replace(self, state=state, previous_state=self.state, epoch=self.epoch + 1)
        asked = tuple(entered._asked(spec, 1, 1, event_id, given) for spec in tasks)
        return replace(entered, tasks=asked)

    def putting_off(self, task: Task, until: int) -> Self:
        """The same stack with a task that is not to be asked for before that moment (epoch ms)."""
        put_off = replace(task, status=TaskStatus.WAITING, retry_at=until, asked_at=0, deadline=0)
        return self.with_task(put_off)

    def asking_again(
        self, task: Task, spec: TaskSpec, event_id: str, given: Given, *, anew: bool = False
    ) -> Self:
        """The same stack with a new attempt of one task; answers of the old one no longer count.

        `anew`: its retry policy counts from this attempt.
        """
        attempt = task.attempt + 1
        first = attempt if anew else task.first
        return self.with_task(self._asked(spec, attempt, first, event_id, given))

    def _asked(self, spec: TaskSpec, attempt: int, first: int, event_id: str, given: Given) -> Task:
        return Task(
            spec.name,
            token=given.token(f"{self.epoch}/{attempt}/{spec.name}"),
            attempt=attempt,
            first=first,
            asked_by=event_mark(event_id),
            asked_at=given.now,
            deadline=given.now + round(spec.timeout * 1000) if spec.timeout else 0,
        )

    def removed(self, now: int) -> Self:
        """What is left of the stack: enough to know a late duplicate when it comes."""
        return replace(self, tasks=(), metadata={}, outputs={}, previous_state=None, removed_at=now)

    @classmethod
    def new(cls, stack_id: str, machine: str, now: int, *, after: Self | None = None) -> Self:
        """A stack before its first event. `after`: the tombstone of an earlier life, if any."""
        return cls(
            id=stack_id,
            machine=machine,
            created_at=now,
            updated_at=now,
            version=after.version if after else 0,
            epoch=after.epoch + 1 if after else 0,
            applied=after.applied if after else (),
            old_applied=after.old_applied if after else 0,
            old_applied_at=after.old_applied_at if after else 0,
            transitions=after.transitions if after else (),
            # On the same machine what the life before owes still is, until a task is answered.
            starts=after.starts if after and after.machine == machine else (),
        )
