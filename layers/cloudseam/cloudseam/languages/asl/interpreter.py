"""The interpreter: runs an execution on, from one event to where it needs the outside.

Pure: time and randomness are given, and what should be done is returned as effects.
"""

from collections.abc import Mapping
from typing import Any

from cloudseam.languages.asl import failure
from cloudseam.languages.asl.definition import is_distributed
from cloudseam.languages.asl.execution import (
    Execution,
    Phase,
    Status,
    Thread,
    thread_of_json,
    threads_as_json,
)
from cloudseam.languages.asl.failing import fail
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.gathering import ended, gathered
from cloudseam.languages.asl.history import MAX_EVENTS, payload
from cloudseam.languages.asl.leaving import complete
from cloudseam.languages.asl.moment import moment_text
from cloudseam.languages.asl.payload_limit import limit
from cloudseam.languages.asl.resource import READER, WRITER
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.states import STATES
from cloudseam.languages.asl.states.item_reader import take_items
from cloudseam.languages.asl.states.iterations import iterate
from cloudseam.languages.asl.states.map_run import (
    apply_limits,
    end_run,
    field_of,
    keep,
    kept,
    refusal,
)
from cloudseam.languages.asl.states.result_writer import take_written
from cloudseam.languages.asl.states.task import (
    arm,
    disarm,
    is_away,
    log_task,
    send_away,
    waiting_for,
)
from cloudseam.languages.asl.states.wait import waited

HISTORY_FULL = f"The execution reached the maximum number of history events ({MAX_EVENTS})."
# What helps where an execution keeps too much. Nothing of it is kept elsewhere, as AWS does.
KEEP_LESS = (
    "An execution keeps the inputs and the results of all that is under way in it. Give it smaller "
    "payloads, have fewer iterations and branches at once, put items into batches, or start "
    "executions of another machine."
)
# Of what a Map has read or written there is no time-out in the language.
OUT_OF_TIME = "It took more time than there is."
TAKING = {READER: take_items, WRITER: take_written}
# That a state leaves at least. Of an iteration without a history the states are counted instead.
EVENTS_OF_STATE = 2


class Interpreter(Run):
    """What may happen to an execution. There is one for each event."""

    def start(self, role: str) -> None:
        """Starts it, and runs it on."""
        execution = self.execution
        execution.started_at = self.now
        if "TimeoutSeconds" in self.definition:
            execution.due = self.now + 1000 * self.definition["TimeoutSeconds"]
        self.history.log("ExecutionStarted", 0, **payload("input", execution.input), roleArn=role)
        self.begin(self.definition["StartAt"], execution.input)
        self._run_on()

    def succeed_task(self, token: str, output: Any) -> bool:
        """Takes the output of a task; False if nobody waits for it."""
        thread = waiting_for(self, token)
        if thread is None:
            return False
        resource, field = (thread.task or {})["resource"], field_of(thread)
        try:
            if field:
                TAKING[field](self, thread, self.state_of(thread), output)
            else:
                limit(resource, output)
                log_task(self, thread, "Succeeded", **payload("output", output))
                disarm(thread)
                complete(self, thread, self.state_of(thread), output)
        except StateFailure as failed:
            if thread.task is not None:
                return self.fail_task(token, failed.error, failed.cause)
            self._fail(thread, failed)
        self._run_on()
        return True

    def fail_task(self, token: str, error: str | None, cause: str | None) -> bool:
        """Takes the failure of a task; False if nobody waits for it."""
        thread = waiting_for(self, token)
        if thread is None:
            return False
        if field_of(thread):
            failed = refusal(thread, cause)
        else:
            log_task(self, thread, "Failed", error=error, cause=cause)
            failed = StateFailure(error, cause, is_placed=True)
        disarm(thread)
        self._fail(thread, failed)
        self._run_on()
        return True

    def time_out_task(self, token: str) -> bool:
        """Takes it that the time of a task is over; False if nobody waits for it."""
        thread = waiting_for(self, token)
        if thread is None:
            return False
        if field_of(thread):
            return self.fail_task(token, failure.TIMEOUT, OUT_OF_TIME)
        self._note_over(thread)
        self._fail(thread, StateFailure(failure.TIMEOUT, is_placed=True))
        self._run_on()
        return True

    def note_started(self, token: str, worker: str | None = None) -> bool:
        """Notes that a worker of an activity has taken a task; False if it is not to be had."""
        thread = waiting_for(self, token)
        if thread is None or is_away(thread):
            return False
        log_task(self, thread, "Started", workerName=worker)
        send_away(thread)
        arm(self, thread)
        self._run_on()
        return True

    def note_submitted(self, token: str, output: Any) -> bool:
        """Notes that the token of a task was handed over to who will answer; False as above."""
        thread = waiting_for(self, token)
        if thread is None or is_away(thread):
            return False
        log_task(self, thread, "Submitted", **payload("output", output))
        send_away(thread)
        self._run_on()
        return True

    def beat(self, token: str) -> bool:
        """Takes a heartbeat; False if nobody waits for the task."""
        thread = waiting_for(self, token)
        if thread is None:
            return False
        if thread.heartbeat_ms:
            thread.heartbeat_due = self.now + thread.heartbeat_ms
        return True

    def wake(self) -> None:
        """Does all that is due by now."""
        if self.execution.due and self.execution.due <= self.now:
            self.stop(Status.TIMED_OUT, "ExecutionTimedOut", None, None)
        threads = list(self.execution.threads.values())
        # All that is over by now is, whatever becomes of the execution through one of them.
        over = {thread.id: also for thread in threads if (also := self._over(thread)) is not None}
        for thread in threads:
            if str(thread.id) not in self.execution.threads:
                continue
            if thread.id in over:
                also = over[thread.id] or None
                self._fail(thread, StateFailure(failure.TIMEOUT, is_placed=True, also=also))
            elif thread.due and thread.due <= self.now:
                self._wake(thread)
        self._run_on()

    def stop(
        self, status: Status, kind: str, error: str | None, cause: str | None, previous: int = 0
    ) -> None:
        """See `Run.stop`. Runs of distributed Maps that are under way end with it."""
        threads = list(self.execution.threads.values())
        super().stop(status, kind, error, cause, previous)
        for thread in threads:
            end_run(self, thread, Status.ABORTED)

    def abort(self, error: str | None, cause: str | None) -> None:
        """Ends it from outside, as StopExecution does."""
        self.stop(Status.ABORTED, "ExecutionAborted", error, cause)
        self._run_on()

    def outgrow(self, why: str, before: Execution | None) -> None:
        """Fails it, since all that it has come to keep cannot be kept. What it can go on from is
        what there was `before` the event, or else its first state."""
        if not self.is_over:
            cause, previous = f"{why} {KEEP_LESS}", self.history.count
            kind, error = "ExecutionFailed", failure.DATA_LIMIT_EXCEEDED
            self.stop(Status.FAILED, kind, error, cause, previous)
        if before is None:
            first = Thread(1, [], self.definition["StartAt"], self.execution.input)
            self.execution.left = threads_as_json([first])
        else:
            self.execution.left = threads_as_json(before.threads.values()) or before.left
        self._run_on()

    def change_map_run(self, arn: str, limits: Mapping[str, Any]) -> bool:
        """Gives a run of a distributed Map other limits; False if there is none under way."""
        for thread in list(self.execution.threads.values()):
            if thread.map_run is not None and kept(thread)["arn"] == arn:
                keep(thread, limits={**kept(thread)["limits"], **limits})
                apply_limits(thread)
                if thread.phase is Phase.GATHERING:
                    iterate(self, thread, self.state_of(thread))
                self._run_on()
                return True
        return False

    def redrive(self) -> None:
        """Goes on with one that did not end well, where it was. What had not ended by then begins
        again: a task is asked for once more, and a distributed Map runs over all of its items."""
        execution = self.execution
        execution.redrives += 1
        execution.status, execution.stopped_at = Status.RUNNING, 0
        execution.error = execution.cause = None
        if "TimeoutSeconds" in self.definition:
            execution.due = self.now + 1000 * self.definition["TimeoutSeconds"]
        told = {"RedriveCount": execution.redrives, "RedriveTime": moment_text(self.now)}
        facts = execution.facts
        execution.facts = {**facts, "Execution": {**facts["Execution"], **told}}
        self.history.log("ExecutionRedriven", self.history.count, redriveCount=execution.redrives)
        for each in execution.left:
            self._take_up(thread_of_json(each))
        execution.left = []
        self._run_on()

    def _take_up(self, thread: Thread) -> None:
        self.execution.threads[str(thread.id)] = thread
        thread.retries = [0] * len(thread.retries)
        state = self.state_of(thread)
        is_gathering = thread.phase is Phase.GATHERING and not is_distributed(state)
        if thread.phase is Phase.READY or thread.phase is Phase.DONE:
            self.ready.append(thread)
        elif not is_gathering:
            thread.phase, thread.map_run, thread.due = Phase.ENTERED, None, 0
            disarm(thread)
            self.ready.append(thread)

    def _run_on(self) -> None:
        """Goes on as long as the outside is not needed, each thread by one step in its turn."""
        while self.ready and not self.is_over and not self.history.is_full:
            self._go_on(self.ready.popleft())
        if self.history.is_full and not self.is_over:
            self.stop(Status.FAILED, "ExecutionFailed", failure.RUNTIME, HISTORY_FULL)
        self.execution.events = self.history.count

    def _fail(self, thread: Thread, failed: StateFailure) -> None:
        """Has a thread fail. What is left of an execution that ends by it is what was there before:
        on its way out a failure ends all that runs beside it."""
        left = threads_as_json(self.execution.threads.values())
        fail(self, thread, failed)
        if self.is_over:
            self.execution.left = left

    def _go_on(self, thread: Thread) -> None:
        state = self.state_of(thread)
        try:
            if thread.phase is Phase.READY:
                self._enter(thread, state["Type"], len(state.get("Retry", ())))
            elif thread.phase is Phase.ENTERED:
                STATES[state["Type"]](self, thread, state)
            elif thread.phase is Phase.GATHERED:
                gathered(self, thread)
            else:
                ended(self, thread)
        except StateFailure as failed:
            self._fail(thread, failed)

    def _enter(self, thread: Thread, kind: str, retriers: int) -> None:
        if thread.is_silent:
            thread.entries += 1
            if thread.entries > MAX_EVENTS // EVENTS_OF_STATE:
                raise failure.runtime(HISTORY_FULL)
        told = payload("input", thread.input)
        thread.entered = self.log(thread, f"{kind}StateEntered", name=thread.state, **told)
        thread.previous = thread.entered
        thread.entered_at = self.now
        thread.retries = [0] * retriers
        thread.phase = Phase.ENTERED
        self.ready.append(thread)

    def _wake(self, thread: Thread) -> None:
        thread.due = 0
        if thread.phase is Phase.RETRYING:
            thread.phase = Phase.ENTERED
            self.ready.append(thread)
            return
        try:
            waited(self, thread, self.state_of(thread))
        except StateFailure as failed:
            self._fail(thread, failed)

    def _over(self, thread: Thread) -> str | None:
        """None while a task has time left. A missed heartbeat is a time-out, as AWS tells of it,
        and is known by its own name, too."""
        if thread.timeout_due and thread.timeout_due <= self.now:
            self._note_over(thread)
            return ""
        if thread.heartbeat_due and thread.heartbeat_due <= self.now:
            self._note_over(thread)
            return failure.HEARTBEAT_TIMEOUT
        return None

    def _note_over(self, thread: Thread) -> None:
        log_task(self, thread, "TimedOut", error=failure.TIMEOUT)
        disarm(thread)
