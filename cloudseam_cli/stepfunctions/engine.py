"""The engine of CloudSeam in one process: its store is a file, its queues are in memory.

The rows of the store are their own outbox. So nothing that is in memory only is lost with the
process: whoever opens the file again sends and sets again what the rows say is owed.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Condition, Lock
from typing import Any
from uuid import uuid4

from cloudseam.clock import SystemClock
from cloudseam.delivery import Delivery
from cloudseam.event import RETRY_PENDING_TASKS, START, TIMER_DUE, Event, Json
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.languages.asl.machine import STOP_EXECUTION
from cloudseam.outbox import Outbox
from cloudseam.outcome import Outcome
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.queues import OutgoingMessage
from cloudseam.service import StackService
from cloudseam.stack import Stack
from cloudseam.timers import Timer
from cloudseam_cli.local_store.claims import SqliteClaimRepository
from cloudseam_cli.local_store.database import Database
from cloudseam_cli.local_store.stacks import SqliteStackRepository
from cloudseam_cli.local_store.versions import SqliteMachineVersions
from cloudseam_cli.stepfunctions.clockwork import Clockwork
from cloudseam_cli.stepfunctions.state_machines import StateMachines
from task_satisfier.attempt import Attempts
from task_satisfier.satisfier import Executors, TaskSatisfier

TASKS_AT_ONCE = 32
LEASE_MS = 60_000

logger = logging.getLogger(__name__)

Send = Callable[[Sequence[OutgoingMessage]], None]


class DirectQueue:
    """See `cloudseam.queues.Queue`. Hands each message on as soon as it is sent."""

    def __init__(self, take: Callable[[Delivery], None]) -> None:
        self._take = take

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """See `Queue.send`."""
        for message in messages:
            self._take(Delivery(uuid4().hex, message.body))
        return {}

    def defer(self, receipts: Mapping[str, int]) -> None:
        """See `Queue.defer`. What comes back is in the store."""


class Engine:
    """Executions of state machines. `executors` run their tasks."""

    def __init__(self, path: Path | str, executors: Executors) -> None:
        self.database = Database(path)
        self.stacks = SqliteStackRepository(self.database)
        self.machines = StateMachines(self.database)
        clock = SystemClock()
        self._pool = ThreadPoolExecutor(TASKS_AT_ONCE, "task")
        self._timers = Clockwork(self._fire)
        self._changed = Condition(Lock())
        self._service = StackService(
            self.stacks,
            PinnedMachines(self.machines, SqliteMachineVersions(self.database)),
            Outbox(
                DirectQueue(self._begin_task), self._timers, events=DirectQueue(self._take_event)
            ),
            clock,
        )
        self._satisfier = TaskSatisfier(
            executors,
            DirectQueue(self._take_event),
            Attempts(
                SqliteClaimRepository(self.database),
                self.stacks,
                clock,
                ThreadHeartbeat(),
                place="local",
                lease_ms=LEASE_MS,
            ),
        )

    def recover(self) -> int:
        """Sends and sets what an earlier process left owed; how many executions are under way."""
        number = 0
        for number, stack in enumerate(self.stacks.scan_unfinished(), start=1):
            self._timers.set([Timer(stack.id, at) for at in stack.timers])
            self.apply(Event(uuid4().hex, stack.id, RETRY_PENDING_TASKS))
        return number

    def start(self, stack_id: str, machine: str, payload: Mapping[str, Json]) -> Outcome:
        """Starts an execution."""
        return self.apply(
            Event(f"start/{stack_id}", stack_id, START, machine=machine, payload=dict(payload))
        )

    def stop(self, stack_id: str, payload: Mapping[str, Json]) -> Outcome:
        """Ends an execution."""
        return self.apply(Event(uuid4().hex, stack_id, STOP_EXECUTION, payload=dict(payload)))

    def apply(self, event: Event) -> Outcome:
        """Applies one event to its end."""
        (outcome,) = self._service.handle_events([event])
        with self._changed:
            self._changed.notify_all()
        return outcome

    def find(self, stack_id: str) -> Stack | None:
        """The execution as it is."""
        loaded = self.stacks.load([stack_id])
        for error in loaded.failures.values():
            raise error
        return loaded.stacks.get(stack_id)

    def wait_for(
        self, stack_id: str, ended: Callable[[Stack], bool], seconds: float
    ) -> Stack | None:
        """The execution once it has ended, or as it is after so many seconds."""
        until = time.monotonic() + seconds
        while True:
            stack = self.find(stack_id)
            left = until - time.monotonic()
            if stack is None or ended(stack) or left <= 0:
                return stack
            with self._changed:
                self._changed.wait(min(left, 0.5))

    def log(self, stack: Stack) -> Sequence[Mapping[str, Any]]:
        """The history of an execution."""
        return self.stacks.log(stack.id, stack.version)

    def close(self) -> None:
        """Lets go of the file; tasks that run are waited for."""
        self._timers.stop()
        self._satisfier.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.database.close()

    def _fire(self, timer: Timer) -> None:
        self.apply(Event(uuid4().hex, timer.stack_id, TIMER_DUE, at=timer.at))

    def _begin_task(self, delivery: Delivery) -> None:
        self._pool.submit(self._run_task, delivery)

    def _run_task(self, delivery: Delivery) -> None:
        (outcome,) = self._satisfier.handle_batch([delivery], lambda: 3600.0)
        if outcome.error is not None:
            logger.warning("A task was not done: %s", outcome.error)

    def _take_event(self, delivery: Delivery) -> None:
        for outcome in self._service.handle_batch([delivery]):
            if outcome.error is not None:
                logger.warning("An answer was not taken: %s", outcome.error)
        with self._changed:
            self._changed.notify_all()
