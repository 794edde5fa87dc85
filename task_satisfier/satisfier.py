"""A batch of task messages: run each task, and answer it as soon as it has ended.

Knows no executor and no queue: it talks to ports only.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import count
from threading import Event
from typing import Protocol

from cloudseam.delivery import Delivery
from cloudseam.errors import RetryableError
from cloudseam.event import FAILED, TIMEOUT, Json
from cloudseam.messages import TaskRequest, completed_message, failed_message, parse_task
from cloudseam.queues import OutgoingMessage, Queue
from task_satisfier.answers import Answer, Answers
from task_satisfier.attempt import Attempt, Attempts, Ended, SupersededError
from task_satisfier.executors import Executor, Result, TaskFailedError, TaskRun, nothing
from task_satisfier.redaction import Redactor

logger = logging.getLogger("cloudseam.satisfier")

Clock = Callable[[], float]
TimeLeft = Callable[[], float]


class Executors(Protocol):
    """Finds the executor that a task names."""

    def get(self, name: str) -> Executor:
        """The executor of that name.

        Raises:
            TaskFailedError: there is none.
        """


class NotBegunError(RetryableError):
    """The other tasks of its batch took all the time; it comes again."""


class Ending(StrEnum):
    """Why a task message is done with though nothing was run for it."""

    SUPERSEDED = "SUPERSEDED"
    REPEATED = "REPEATED"


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What became of one delivery: a task that succeeded, one that failed, or neither.

    `ending` says of a delivery that is done without having run anything why that is so. `cause`
    says why a task failed, which its stack has been told. `surprise` is what an executor
    raised that none should; its text may hold anything, so only the log may have its place.
    `error` says why the delivery is not done: it is no task message, or the answer could not be
    sent. `seconds` is how long the task ran. `afterwards` is due once it has been answered.
    """

    delivery: Delivery
    request: TaskRequest | None = None
    ending: Ending | None = None
    cause: str | None = None
    surprise: Exception | None = None
    error: Exception | None = None
    seconds: float = 0
    afterwards: Callable[[], None] = nothing


class TaskSatisfier:
    """Runs tasks and answers them.

    `sensitive_keys` are of metadata; `margin` is in seconds; `at_once` is how many tasks of a batch
    run side by side.
    """

    def __init__(
        self,
        executors: Executors,
        answers: Queue,
        attempts: Attempts,
        *,
        sensitive_keys: frozenset[str] = frozenset(),
        margin: float = 15,
        at_once: int = 10,
        clock: Clock = time.monotonic,
    ) -> None:
        self._executors = executors
        self._answers = answers
        self._attempts = attempts
        self._sensitive_keys = sensitive_keys
        self._margin = margin
        self._at_once = at_once
        self._clock = clock
        self._stopping = Event()

    def handle_batch(
        self, deliveries: Sequence[Delivery], time_left: Callable[[], float]
    ) -> list[TaskOutcome]:
        """Each delivery's own outcome, in order. `time_left` gives seconds until all has to end.

        Tasks of a batch run side by side, so that none waits for the others' time to pass; and
        each is answered when it ends: no answer waits for another task for longer than it takes to
        send one. One that had to wait for its turn until no time was left is not begun, and so
        neither claimed nor answered.
        """

        def for_work() -> float:
            return 0 if self._stopping.is_set() else time_left() - self._margin

        def handled(position: int, delivery: Delivery) -> TaskOutcome:
            with answers.of_task() as answer:
                if position >= self._at_once and for_work() <= 0:
                    return TaskOutcome(delivery, error=NotBegunError())
                return self._handle(delivery, for_work, answer)

        answers = Answers(self._answers, len(deliveries), self._at_once)
        if len(deliveries) < 2:
            return [handled(0, delivery) for delivery in deliveries]
        with ThreadPoolExecutor(min(len(deliveries), self._at_once)) as pool:
            return list(pool.map(handled, count(), deliveries))

    def stop(self) -> None:
        """Has the tasks that run now end as if their time were over. Takes effect for good."""
        self._stopping.set()

    def _handle(self, delivery: Delivery, time_left: TimeLeft, answer: Answer) -> TaskOutcome:
        started = self._clock()
        try:
            request = parse_task(delivery.body)
        except Exception as error:  # a surprise included: one message must not fail the others
            return TaskOutcome(delivery, error=error)
        outcome = TaskOutcome(delivery, request)
        try:
            outcome = self._attempted(outcome, request, time_left, answer)
        except SupersededError:
            outcome = replace(outcome, ending=Ending.SUPERSEDED)
        except Exception as error:  # one task's surprise must not fail the others
            outcome = replace(outcome, error=error)
        return replace(outcome, seconds=self._clock() - started)

    def _attempted(
        self, outcome: TaskOutcome, request: TaskRequest, time_left: TimeLeft, answer: Answer
    ) -> TaskOutcome:
        """Runs the attempt under its claim, and answers it."""
        attempt = self._attempts.begin(request, outcome.delivery)
        if isinstance(attempt, Ended):
            return _answered_again(outcome, request, attempt, answer)
        try:
            with attempt.beating():
                outcome, message = self._run(outcome, request, attempt, time_left)
        except RetryableError:  # it has not been run
            attempt.release()
            raise
        attempt.ensure_it_counts()
        error = answer.give(message)
        attempt.note_end(message.body, is_sent=error is None)
        if error is None:
            outcome.afterwards()
        return replace(outcome, error=error)

    def _run(
        self, outcome: TaskOutcome, request: TaskRequest, attempt: Attempt, time_left: TimeLeft
    ) -> tuple[TaskOutcome, OutgoingMessage]:
        """Runs the task: what became of it, and the answer that is due, whatever happened."""
        redactor, delivery = self._redactor(request), outcome.delivery
        ends = self._clock() + request.timeout if request.timeout else float("inf")

        def left() -> float:
            return 0 if attempt.has_to_end() else min(time_left(), ends - self._clock())

        try:
            executor = self._executors.get(request.executor)
            logger.info("Task started", extra=place(request))
            run = TaskRun(
                request, left, redactor, attempt.hold, attempt.claims_left, self._sensitive_keys
            )
            given = executor.run(run)
            if isinstance(given, Result):
                outcome = replace(outcome, afterwards=given.afterwards)
            return outcome, _completed(request, delivery, given, redactor)
        except TaskFailedError as failure:
            error = TIMEOUT if self._clock() >= ends else failure.error
            outcome = replace(outcome, cause=redactor.text(str(failure)))
        except (SupersededError, RetryableError):
            raise
        except Exception as surprise:  # run again, it would only do the same
            error = FAILED
            cause = _unexpected(request, surprise)
            outcome = replace(outcome, cause=cause, surprise=surprise)
        event_id = _event_id(request, delivery, "failed")
        body = failed_message(request, event_id, str(outcome.cause), error)
        return outcome, _answer(request, body)

    def _redactor(self, request: TaskRequest) -> Redactor:
        return Redactor(
            value for key, value in request.metadata.items() if key in self._sensitive_keys
        )


def _answer(request: TaskRequest, body: str) -> OutgoingMessage:
    return OutgoingMessage(body, stack_id=request.stack_id, machine=request.machine)


def _answered_again(
    outcome: TaskOutcome, request: TaskRequest, ended: Ended, answer: Answer
) -> TaskOutcome:
    """An attempt that has ended is not run again; its answer may have been lost."""
    error = answer.give(_answer(request, ended.answer)) if ended.answer else None
    return replace(outcome, ending=Ending.REPEATED, error=error)


def _completed(
    request: TaskRequest,
    delivery: Delivery,
    given: Mapping[str, Json] | Result,
    redactor: Redactor,
) -> OutgoingMessage:
    event_id = _event_id(request, delivery, "completed")
    if isinstance(given, Result):  # it goes on to where it came from, and has to be whole
        return _answer(request, completed_message(request, event_id, result=given.body))
    shown = redactor.shown(given, partial(logger.warning, extra=place(request)))
    return _answer(request, completed_message(request, event_id, shown))


def _unexpected(request: TaskRequest, error: Exception) -> str:
    return f"unexpected {type(error).__name__} in executor '{request.executor}'; see the log"


def place(request: TaskRequest) -> dict[str, Json]:
    """Which task it is, and which attempt of it, for the log."""
    names: dict[str, Json] = {
        "stack_id": request.stack_id,
        "machine": request.machine,
        "task": request.name,
        "executor": request.executor,
    }
    numbers = {name: request.task.get(name) for name in ("epoch", "attempt")}
    return names | {name: told for name, told in numbers.items() if isinstance(told, int)}


def _event_id(request: TaskRequest, delivery: Delivery, ending: str) -> str:
    """The same for each answer of one attempt, so that a redelivered task is answered once."""
    token = request.task.get("token")
    return f"{token if isinstance(token, str) and token else delivery.message_id}/{ending}"
