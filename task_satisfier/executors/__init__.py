"""Port: executors, which run one attempt of a task."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from cloudseam.claim import Holder
from cloudseam.errors import CloudSeamError
from cloudseam.event import FAILED, OUT_OF_TIME, Json
from cloudseam.messages import TaskRequest
from task_satisfier.redaction import Redactor


class TaskFailedError(CloudSeamError):
    """The task failed. The text is the cause that its stack is told.

    `error` is the kind of failure, as retry rules of machines name it: the class's own, unless
    another is given.
    """

    error = FAILED

    def __init__(self, message: str = "", *, error: str | None = None) -> None:
        super().__init__(message)
        if error is not None:
            self.error = error


class OutOfTimeError(TaskFailedError):
    """The time the function has for the task is over."""

    error = OUT_OF_TIME


Hold = Callable[[str], AbstractContextManager[Sequence[Holder]]]


def hold_nothing(resource: str) -> AbstractContextManager[Sequence[Holder]]:
    """Where nobody else can work with the resource; see `TaskRun`."""
    return nullcontext(())


def for_ever() -> float:
    """Seconds without an end; see `TaskRun`."""
    return inf


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One attempt of a task.

    `time_left` gives the seconds that are left to work in; the margin for stopping and
    answering is already off. `redactor` knows the stack's sensitive metadata, whose keys are
    `sensitive_keys`. `hold(resource)`
    keeps all other attempts from a resource while a block runs, and yields who had it before and
    did not end well, the latest last; it raises a `RetryableError` or `SupersededError`, which are
    the satisfier's to catch. `claims_left` gives the seconds for which others are kept away: all
    that was started has to be over by then, stopping included.
    """

    request: TaskRequest
    time_left: Callable[[], float]
    redactor: Redactor = field(default_factory=Redactor)
    hold: Hold = hold_nothing
    claims_left: Callable[[], float] = for_ever
    sensitive_keys: frozenset[str] = frozenset()

    def ensure_time(self) -> float:
        """The seconds left.

        Raises:
            OutOfTimeError: there are none.
        """
        left = self.time_left()
        if left <= 0:
            raise OutOfTimeError(
                f"Task '{self.request.name}' ran out of time. Give the function a longer time-out, "
                "or split the task."
            )
        return left


def nothing() -> None:
    """Where nothing is to be done afterwards; see `Result`."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the invocation of a machine led to, for its rules to read; not for its stack to keep.

    `afterwards` is called once the answer has been sent.
    """

    body: Mapping[str, Json]
    afterwards: Callable[[], None] = nothing


class Executor(Protocol):
    """Runs tasks of one kind."""

    def run(self, run: TaskRun) -> Mapping[str, Json] | Result:
        """Runs the task to its end; its outputs, which its stack keeps, or a result.

        Raises:
            TaskFailedError: why it failed, for the one who wrote the machine.
        """
