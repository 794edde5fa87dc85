"""The engine of CloudSeam in one process: its store is a file, its queues are in memory.

The rows of the store are their own outbox. So nothing that is in memory only is lost with the
process: whoever opens the file again sends and sets again what the rows say is owed.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Condition
from typing import Any, NamedTuple
from uuid import uuid4

from cloudseam.clock import SystemClock
from cloudseam.dead_letters import wait_before
from cloudseam.delivery import Delivery
from cloudseam.errors import RetryableError
from cloudseam.event import (
    REDRIVE_EXECUTION,
    RETRY_PENDING_TASKS,
    START,
    STOP_EXECUTION,
    TASK_ERROR,
    TASK_STARTED,
    TIMER_DUE,
    Answer,
    Event,
    Json,
)
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.languages.asl.machine import TIMER, UPDATE_MAP_RUN
from cloudseam.languages.asl.resource import task_kind
from cloudseam.messages import parse_event
from cloudseam.outbox import Outbox
from cloudseam.outcome import Outcome
from cloudseam.service import StackService
from cloudseam.stack import Stack
from cloudseam.task_token import TaskToken
from cloudseam.timers import Timer
from cloudseam_cli.local_store.database import Database
from cloudseam_cli.local_store.stacks import SqliteStackRepository
from cloudseam_cli.local_store.versions import SqliteMachineVersions
from cloudseam_cli.stepfunctions.activities import Activities, WaitingTasks
from cloudseam_cli.stepfunctions.aliases import Aliases
from cloudseam_cli.stepfunctions.clockwork import Clockwork
from cloudseam_cli.stepfunctions.direct_queue import DirectQueue
from cloudseam_cli.stepfunctions.state_machines import StateMachines
from cloudseam_cli.stepfunctions.tags import Tags
from cloudseam_cli.stepfunctions.turns import Turns
from cloudseam_cli.stepfunctions.versions import PublishedMachines, Versions
from task_satisfier.attempt import Attempts, Unclaimed
from task_satisfier.satisfier import Executors, TaskSatisfier

TASKS_AT_ONCE = 32
TIMERS_AT_ONCE = 4
# What a task may take where its state has no TimeoutSeconds (developer guide, "Service quotas": an
# execution has a year).
LONGEST_TASK = 31_536_000.0

logger = logging.getLogger(__name__)


class Started(NamedTuple):
    """An execution, and whether it was there before."""

    stack: Stack
    is_known: bool


class TaskAsked(NamedTuple):
    """A task of an activity that a worker has taken."""

    token: TaskToken
    input: Any


class Engine:
    """Executions of state machines. `executors` run their tasks."""

    def __init__(self, path: Path | str, executors: Executors) -> None:
        self.executors = executors
        self.database = Database(path)
        self.stacks = SqliteStackRepository(self.database)
        self.activities = Activities(self.database)
        self.machines = StateMachines(self.database, self.activities.is_missing)
        self.published = Versions(self.database)
        self.aliases = Aliases(self.database)
        self.versions = SqliteMachineVersions(self.database, self.machines.version)
        self.tags = Tags(self.database)
        clock = SystemClock()
        self._waiting = WaitingTasks()
        self._turns = Turns()
        self._changed = Condition()
        self._is_stopping = False
        self._tasks = ThreadPoolExecutor(TASKS_AT_ONCE, "task")
        self._due = ThreadPoolExecutor(TIMERS_AT_ONCE, "timer")
        self._timers = Clockwork(self._fire)
        self._service = StackService(
            self.stacks,
            PublishedMachines(self.machines, self.published, self.versions),
            Outbox(DirectQueue(self._begin_task), self._timers),
            clock,
        )
        # Nobody else has the file, so nobody else works on its tasks: claims guard nothing.
        attempts = Attempts(Unclaimed(), self.stacks, clock, ThreadHeartbeat(), place="local")
        self._satisfier = TaskSatisfier(executors, DirectQueue(self._take_answer), attempts)

    def recover(self) -> int:
        """Sends and sets what an earlier process left owed; how many executions are under way."""
        self.stacks.forget_expired(_now())
        number = 0
        for stack in self.stacks.scan_unfinished():
            number += 1
            self._timers.set([Timer(stack.id, at) for at in stack.timers])
            if any(task.name != TIMER for task in stack.tasks):
                self.apply(Event(uuid4().hex, stack.id, RETRY_PENDING_TASKS))
        return number

    def start(self, stack_id: str, machine: str, payload: Mapping[str, Json]) -> Started:
        """Starts an execution, unless there is one of that id."""
        with self._turns.of(stack_id):
            known = self.find(stack_id)
            if known is not None:
                return Started(known, is_known=True)
            event = Event(f"start/{stack_id}", stack_id, START, machine=machine, payload=payload)
            return Started(_after(self.apply(event)), is_known=False)

    def stop(self, stack_id: str, payload: Mapping[str, Json]) -> Stack:
        """Ends an execution, unless it has ended."""
        event = Event(uuid4().hex, stack_id, STOP_EXECUTION, payload=payload)
        return _after(self.apply(event))

    def redrive(self, stack_id: str, token: str) -> Stack:
        """Has an execution that did not end well go on; `token` names the call."""
        event = Event(f"redrive/{token}", stack_id, REDRIVE_EXECUTION)
        return _after(self.apply(event))

    def change_map_run(self, stack_id: str, limits: Mapping[str, Json]) -> Stack:
        """Gives the run of a distributed Map, its `mapRunArn`, other limits."""
        return _after(self.apply(Event(uuid4().hex, stack_id, UPDATE_MAP_RUN, payload=limits)))

    def tell(self, name: str, token: TaskToken, answer: Answer) -> Stack | None:
        """Tells an execution of one of its tasks; None if it does not wait for it any more."""
        with self._turns.of(token.stack_id):
            stack = self.find(token.stack_id)
            if stack is None or not stack.is_attempt_current(token.task, token.secret):
                return None
            told = replace(answer, task=token.task, token=token.secret)
            event = Event(f"{token.secret}/{name}", token.stack_id, name, answer=told)
            outcome = self.apply(event)
            after = _after(outcome)
            # What it does not wait for leaves the execution as it is.
            is_taken = outcome.before is None or outcome.before.memory is not after.memory
            return after if is_taken else None

    def ask(
        self, activity: str, worker: str | None, seconds: float, is_there: Callable[[], bool]
    ) -> TaskAsked | None:
        """A task of an activity for a worker, who has it for himself; None if there is none.

        `seconds` is how long one is waited for; `is_there` says whether the worker still waits.
        """
        until = time.monotonic() + seconds
        while token := self._waiting.take(activity, until - time.monotonic(), is_there):
            taken = self.tell(TASK_STARTED, token, Answer("", description=worker))
            if taken is not None:
                return TaskAsked(token, _thread_of(taken, token)["task"]["arguments"])
        return None

    def apply(self, event: Event) -> Outcome:
        """Applies one event to its end."""
        with self._turns.of(event.stack_id):
            (outcome,) = self._service.handle_events([event])
        if outcome.after is not None:
            self._note(outcome.after)
        return outcome

    def find(self, stack_id: str) -> Stack | None:
        """The execution as it is."""
        loaded = self.stacks.load([stack_id])
        for error in loaded.failures.values():
            raise error
        return loaded.stacks.get(stack_id)

    def wait_for_end(self, stack_id: str, seconds: float) -> Stack | None:
        """The execution once it has ended, or as it is after so many seconds."""
        until = time.monotonic() + seconds
        with self._changed:
            while True:
                stack = self.find(stack_id)
                left = until - time.monotonic()
                if stack is None or stack.is_satisfied or left <= 0:
                    return stack
                self._changed.wait(left)

    def log(self, stack: Stack) -> Sequence[Mapping[str, Any]]:
        """The history of an execution."""
        return self.stacks.log(stack.id, stack.version)

    def let_go(self) -> None:
        """Sends workers away that wait for tasks, begins no more tasks, and has those that run end
        as soon as they look at their time. Whoever opens the file next has them done again."""
        self._is_stopping = True
        self._waiting.close()
        self._satisfier.stop()

    def close(self) -> None:
        """Lets go of the file once the tasks that run have ended."""
        self.let_go()
        self._timers.stop()
        self._tasks.shutdown(wait=True, cancel_futures=True)
        self._due.shutdown(wait=True, cancel_futures=True)
        self.database.close()

    def _fire(self, timer: Timer) -> None:
        event = Event(uuid4().hex, timer.stack_id, TIMER_DUE, at=timer.at)
        self._due.submit(self._applied, event)

    def _begin_task(self, delivery: Delivery) -> None:
        if not self._is_stopping:
            self._tasks.submit(self._run_task, delivery)

    def _run_task(self, delivery: Delivery) -> None:
        """Runs a task; one that could not be run comes again, later each time."""
        (outcome,) = self._satisfier.handle_batch([delivery], lambda: LONGEST_TASK)
        if outcome.error is None:
            return
        logger.warning("A task was not done: %s", outcome.error)
        if isinstance(outcome.error, RetryableError):
            again = replace(delivery, receive_count=delivery.receive_count + 1)
            seconds = wait_before(again.receive_count)
            self._timers.call(_now() + 1000 * seconds, lambda: self._begin_task(again))

    def _take_answer(self, delivery: Delivery) -> None:
        event = parse_event(delivery.body, delivery.message_id)
        # By now a task may have failed only because all ends: its time, or the server it calls.
        if not (self._is_stopping and event.name == TASK_ERROR):
            self._applied(event)

    def _applied(self, event: Event) -> None:
        """Applies an event that nobody waits for."""
        try:
            outcome = self.apply(event)
        except Exception:  # nobody would hear of it
            logger.exception("An event was not applied")
            return
        if outcome.error is not None:
            logger.warning("An event was not applied: %s", outcome.error)

    def _note(self, stack: Stack) -> None:
        """Has others see what became of an execution: who waits for its end, and workers."""
        if stack.is_satisfied:
            with self._changed:
                self._changed.notify_all()
            return
        for activity, token in _for_workers(stack):
            self._waiting.offer(activity, token)


def _after(outcome: Outcome) -> Stack:
    if outcome.error is not None:
        raise outcome.error
    if outcome.after is None:
        raise AssertionError("an event that was applied leaves a stack")
    return outcome.after


def _for_workers(stack: Stack) -> Iterator[tuple[str, TaskToken]]:
    """The tasks of activities that no worker has taken, each with its activity."""
    for task in stack.tasks:
        token = TaskToken(stack.id, task.name, task.token)
        if task.name == TIMER:
            continue
        told = _thread_of(stack, token)["task"]
        if not told.get("is_away") and task_kind(told["resource"]) == "Activity":
            yield told["resource"], token


def _thread_of(stack: Stack, token: TaskToken) -> Mapping[str, Any]:
    threads: Mapping[str, Mapping[str, Any]] = stack.memory["execution"]["threads"]
    return next(each for each in threads.values() if each["token"] == token.secret)


def _now() -> int:
    return time.time_ns() // 1_000_000
