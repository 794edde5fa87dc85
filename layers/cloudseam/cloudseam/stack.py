"""A stack and the tasks of the state it is in, as values."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from cloudseam.event import Json, Scalar
from cloudseam.given import Given

INITIAL_STATE = "INIT"
# Ids of applied outside events that a stack remembers; a redelivery within them has no effect.
APPLIED_EVENTS_KEPT = 64


class TaskStatus(StrEnum):
    """Where a task of the current state stands."""

    PENDING = "PENDING"
    SATISFIED = "SATISFIED"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Task:
    """One task of the state the stack is in.

    `token` belongs to the current attempt. `asked_by` is the mark of the event that asked for the
    attempt: while the task is pending, its message is owed to that event's delivery, so a
    redelivery of the event sends it again. A pending task is its own outbox.
    """

    name: str
    status: TaskStatus = TaskStatus.PENDING
    error_message: str | None = None
    token: str = ""
    attempt: int = 1
    asked_by: str = ""


def event_mark(event_id: str) -> str:
    """A short mark for an event id: 48 bits, 8 characters, so that 64 of them stay small."""
    return urlsafe_b64encode(hashlib.sha256(event_id.encode()).digest()[:6]).decode()


@dataclass(frozen=True, slots=True)
class Stack:
    """The whole state of one stack.

    `version` counts commits (0: never stored). `epoch` counts entries into a state, over every
    life of this id. `applied` holds the marks of the outside events applied last, newest last.
    Times are epoch milliseconds. With `removed_at` it is a tombstone.
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
    machine_digest: str = ""
    removed_at: int | None = None

    @property
    def is_removed(self) -> bool:
        """Whether only a tombstone is left."""
        return self.removed_at is not None

    @property
    def is_satisfied(self) -> bool:
        """Whether no task of the current state is left to do."""
        return all(task.status is TaskStatus.SATISFIED for task in self.tasks)

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

    def with_applied(self, event_id: str) -> Self:
        """The same stack, remembering that the event was applied."""
        return replace(self, applied=(*self.applied, event_mark(event_id))[-APPLIED_EVENTS_KEPT:])

    def entering(self, state: str, tasks: tuple[str, ...], event_id: str, given: Given) -> Self:
        """The same stack on its way into a state: a new epoch, and each task asked for."""
        epoch = self.epoch + 1
        return replace(
            self,
            state=state,
            previous_state=self.state,
            epoch=epoch,
            tasks=tuple(
                Task(
                    name,
                    token=given.token(f"{epoch}/1/{name}"),
                    asked_by=event_mark(event_id),
                )
                for name in tasks
            ),
        )

    def asking_again(self, task: Task, event_id: str, given: Given) -> Self:
        """The same stack with a new attempt of one task; answers of the old one no longer count."""
        attempt = task.attempt + 1
        return self.with_task(
            Task(
                task.name,
                token=given.token(f"{self.epoch}/{attempt}/{task.name}"),
                attempt=attempt,
                asked_by=event_mark(event_id),
            )
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
        )
