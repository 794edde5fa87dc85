"""The interpreter: runs an execution on, from one event to where it needs the outside.

Pure: time and randomness are given, and what should be done is returned as effects.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloudseam.languages.asl import failure, json_path
from cloudseam.languages.asl.conditions import holds, timestamp
from cloudseam.languages.asl.execution import Execution, Phase, Status, Thread, Work
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.history import History, payload
from cloudseam.languages.asl.json_text import MAX_PAYLOAD_BYTES, is_number, size_of, text_of
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.template import expression, filled, queried

JSONATA = "JSONata"
# How many iterations of an inline Map run at once (developer guide, "Map state (inline)").
INLINE_AT_ONCE = 40
# The longest wait, in seconds (developer guide, "Service quotas": an execution has a year).
LONGEST_WAIT = 31_536_000
DEFAULT_ATTEMPTS = 3
WITH_RETRY = frozenset({"Task", "Parallel", "Map"})
PLACED_ERRORS = frozenset(
    {
        failure.RUNTIME,
        failure.QUERY_EVALUATION_ERROR,
        failure.INTRINSIC_FAILURE,
        failure.RESULT_PATH_MATCH_FAILURE,
        failure.NO_CHOICE_MATCHED,
    }
)

Definition = Mapping[str, Any]
State = Mapping[str, Any]


@dataclass(slots=True)
class Interpreter:
    """One step of one execution. `token` draws a token for a task, `chance` a number below 1."""

    definition: Definition
    execution: Execution
    now: int
    token: Callable[[], str]
    chance: Callable[[], float] = random.random
    work: list[Work] = field(default_factory=list)
    history: History = field(init=False)
    _ready: list[Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.history = History(self.execution.events, self.now)

    # What may happen to an execution

    def start(self, role: str) -> None:
        """Starts it, and runs it on."""
        execution = self.execution
        execution.started_at = self.now
        if "TimeoutSeconds" in self.definition:
            execution.due = self.now + 1000 * self.definition["TimeoutSeconds"]
        self.history.log("ExecutionStarted", 0, **payload("input", execution.input), roleArn=role)
        self._begin(Thread(self._next_id(), [], self.definition["StartAt"], execution.input))
        self._run()

    def succeed_task(self, token: str, output: Any) -> bool:
        """Takes the output of a task; False if nobody waits for it."""
        thread = self._thread_of(token)
        if thread is None:
            return False
        state = self._state(thread)
        self._log_task(thread, "Succeeded", **payload("output", output))
        self._end_task(thread)
        try:
            self._limit(state, thread, output)
            self._complete(thread, state, output)
        except StateFailure as failed:
            self._failed(thread, failed)
        self._run()
        return True

    def fail_task(self, token: str, error: str | None, cause: str | None) -> bool:
        """Takes the failure of a task; False if nobody waits for it."""
        thread = self._thread_of(token)
        if thread is None:
            return False
        self._log_task(thread, "Failed", error=error, cause=cause)
        self._end_task(thread)
        self._failed(thread, StateFailure(error, cause, is_placed=True))
        self._run()
        return True

    def note_started(self, token: str, worker: str | None = None) -> bool:
        """Notes that a worker of an activity has taken a task."""
        thread = self._thread_of(token)
        if thread is None:
            return False
        self._log_task(thread, "Started", workerName=worker)
        self._arm(thread)
        return self._save()

    def note_submitted(self, token: str, output: Any) -> bool:
        """Notes that a task was handed over, which ends with a call back."""
        thread = self._thread_of(token)
        if thread is None:
            return False
        self._log_task(thread, "Submitted", **payload("output", output))
        return self._save()

    def beat(self, token: str) -> bool:
        """Takes a heartbeat; False if nobody waits for the task."""
        thread = self._thread_of(token)
        if thread is None:
            return False
        if thread.heartbeat_ms:
            thread.heartbeat_due = self.now + thread.heartbeat_ms
        return True

    def wake(self) -> None:
        """Does all that is due by now."""
        if self.execution.due and self.execution.due <= self.now:
            self._stop(Status.TIMED_OUT, "ExecutionTimedOut", None, None)
            return
        for thread in list(self.execution.threads.values()):
            if str(thread.id) in self.execution.threads:
                self._wake(thread)
        self._run()

    def abort(self, error: str | None, cause: str | None) -> None:
        """Ends it from outside, as StopExecution does."""
        self._stop(Status.ABORTED, "ExecutionAborted", error, cause)

    # Running on

    def _run(self) -> None:
        while self._ready and self.execution.status is Status.RUNNING:
            self._enter(self._ready.pop(0))
        self._save()

    def _save(self) -> bool:
        self.execution.events = self.history.count
        return True

    def _begin(self, thread: Thread) -> None:
        self.execution.threads[str(thread.id)] = thread
        self._ready.append(thread)

    def _next_id(self) -> int:
        self.execution.next_thread += 1
        return self.execution.next_thread

    def _enter(self, thread: Thread) -> None:
        state = self._state(thread)
        thread.entered = self._log(
            thread,
            f"{state['Type']}StateEntered",
            name=thread.state,
            **payload("input", thread.input),
        )
        thread.previous = thread.entered
        thread.entered_at = self.now
        thread.retries = [0] * len(state.get("Retry", ()))
        self._attempt(thread, state)

    def _attempt(self, thread: Thread, state: State) -> None:
        try:
            HANDLERS[state["Type"]](self, thread, state)
        except StateFailure as failed:
            self._failed(thread, failed)

    def _wake(self, thread: Thread) -> None:
        state = self._state(thread)
        if thread.due and thread.due <= self.now:
            thread.due = 0
            if thread.phase is Phase.RETRYING:
                self._attempt(thread, state)
            elif thread.phase is Phase.WAITING:
                self._guarded(
                    thread, lambda: self._complete(thread, state, self._effective(thread, state))
                )
        elif thread.timeout_due and thread.timeout_due <= self.now:
            self._time_out(thread, failure.TIMEOUT)
        elif thread.heartbeat_due and thread.heartbeat_due <= self.now:
            self._time_out(thread, failure.HEARTBEAT_TIMEOUT)

    def _guarded(self, thread: Thread, act: Callable[[], None]) -> None:
        try:
            act()
        except StateFailure as failed:
            self._failed(thread, failed)

    def _time_out(self, thread: Thread, error: str) -> None:
        self._log_task(thread, "TimedOut", error=error)
        self._end_task(thread)
        self._failed(thread, StateFailure(error, is_placed=True))

    # The states

    def _pass(self, thread: Thread, state: State) -> None:
        if self._is_jsonata(state):
            self._complete(thread, state, thread.input)
            return
        effective = self._arguments(thread, state)
        result = state["Result"] if "Result" in state else effective
        self._limit(state, thread, result)
        self._complete(thread, state, result)

    def _task(self, thread: Thread, state: State) -> None:
        thread.token = self.token()
        arguments = self._arguments(thread, state)
        resource = state["Resource"]
        timeout = self._seconds(thread, state, "TimeoutSeconds")
        heartbeat = self._seconds(thread, state, "HeartbeatSeconds")
        kind = task_kind(resource)
        thread.phase = Phase.TASK
        thread.heartbeat_ms = round(1000 * heartbeat) if heartbeat else 0
        thread.task = {"resource": resource, "timeout": timeout, "arguments": arguments}
        if kind == "Lambda":
            told: dict[str, Any] = {"resource": resource, **payload("input", arguments)}
        elif kind == "Activity":
            told = {"resource": resource, **payload("input", arguments)}
            told["heartbeatInSeconds"] = heartbeat
        else:
            service, action = service_of(resource)
            region = self.execution.facts["StateMachine"]["Id"].split(":")[3]
            told = {"resourceType": service, "resource": action, "region": region}
            told |= {"parameters": text_of(arguments), "heartbeatInSeconds": heartbeat}
        told["timeoutInSeconds"] = timeout
        self._log_task(thread, "Scheduled", **told)
        if kind != "Activity":
            self._log_task(thread, "Started")
            self._arm(thread)
        elif timeout:
            thread.timeout_due = self.now + round(1000 * timeout)
        self.work.append(Work(thread.token, resource, arguments, timeout, heartbeat))

    def _choice(self, thread: Thread, state: State) -> None:
        effective = self._effective(thread, state)
        scope = self._scope(thread, state).of(effective)
        for number, rule in enumerate(state["Choices"]):
            if self._chosen(rule, scope, state, number):
                self._leave(thread, state, {**state, **_own(rule)}, effective, rule["Next"])
                return
        if "Default" not in state:
            raise StateFailure(
                failure.NO_CHOICE_MATCHED,
                "Failed to transition to the next state: no rule matched, and there is no Default.",
            )
        self._leave(thread, state, state, effective, state["Default"])

    def _chosen(self, rule: State, scope: Scope, state: State, number: int) -> bool:
        if not self._is_jsonata(state):
            return holds(rule, scope)
        name = f"Choices[{number}]/Condition"
        met = queried(rule["Condition"], scope, name)
        if not isinstance(met, bool):
            raise _unexpected(rule["Condition"], name, "boolean", met)
        return met

    def _wait(self, thread: Thread, state: State) -> None:
        thread.due = max(self.now, self._wait_until(thread, state))
        thread.phase = Phase.WAITING
        if thread.due <= self.now:
            thread.due = 0
            self._complete(thread, state, self._effective(thread, state))

    def _wait_until(self, thread: Thread, state: State) -> int:
        scope = self._scope(thread, state).of(self._effective(thread, state))
        if "Seconds" in state or "SecondsPath" in state:
            return self.now + 1000 * self._wait_seconds(state, scope)
        moment = self._moment(state, scope)
        return round(moment.timestamp() * 1000)

    def _wait_seconds(self, state: State, scope: Scope) -> int:
        if "SecondsPath" in state:
            path = state["SecondsPath"]
            try:
                seconds = scope.look_up(path, "SecondsPath")
            except StateFailure:
                raise _runtime(
                    f"The SecondsPath parameter does not reference an input value: {path}"
                ) from None
            name = f"The SecondsPath parameter {{}}: {path} == {text_of(seconds)}"
            kind = failure.RUNTIME
        else:
            seconds = queried(state["Seconds"], scope, "Seconds")
            name = f"The Seconds parameter {{}}: {text_of(seconds)}"
            kind = failure.QUERY_EVALUATION_ERROR
        if not is_number(seconds) or seconds != int(seconds):
            raise StateFailure(
                kind, name.format("cannot be parsed as a long value"), field="Seconds"
            )
        if seconds < 0:
            raise StateFailure(kind, name.format("references a negative value"), field="Seconds")
        if seconds > LONGEST_WAIT:
            raise StateFailure(kind, name.format("is too far in the future"), field="Seconds")
        return int(seconds)

    def _moment(self, state: State, scope: Scope) -> datetime:
        if "TimestampPath" in state:
            path = state["TimestampPath"]
            text = scope.look_up(path, "TimestampPath")
            wrong = _runtime(
                "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
                f"date-time format string: {path} == {text}"
            )
        else:
            text = queried(state["Timestamp"], scope, "Timestamp")
            wrong = StateFailure(
                failure.QUERY_EVALUATION_ERROR,
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time "
                f"format string: {text}",
                field="Timestamp",
            )
        moment = timestamp(text)
        if moment is None:
            raise wrong
        if moment.timestamp() * 1000 > self.now + 1000 * LONGEST_WAIT:
            raise _runtime("The wait would end too far in the future.")
        return moment

    def _succeed(self, thread: Thread, state: State) -> None:
        self._complete(thread, state, self._effective(thread, state))

    def _fail(self, thread: Thread, state: State) -> None:
        scope = self._scope(thread, state)
        error = self._said(state, scope, "Error")
        cause = self._said(state, scope, "Cause")
        raise StateFailure(error, cause, is_placed=True)

    def _said(self, state: State, scope: Scope, name: str) -> str | None:
        path = f"{name}Path"
        if path in state:
            told = expression(state[path], scope, path)
        elif name not in state:
            return None
        else:
            told = queried(state[name], scope, name) if self._is_jsonata(state) else state[name]
        if not isinstance(told, str):
            raise _runtime(f"The field '{name}' has to be a text.")
        return told

    def _parallel(self, thread: Thread, state: State) -> None:
        arguments = self._arguments(thread, state)
        started = self._log(thread, "ParallelStateStarted")
        thread.phase, thread.results = Phase.GATHERING, {}
        thread.length = len(state["Branches"])
        for number, branch in enumerate(state["Branches"]):
            self._spawn(thread, number, branch["StartAt"], arguments, started, number)

    def _map(self, thread: Thread, state: State) -> None:
        items, effective = self._items(thread, state)
        at_once = self._at_once(thread, state, effective)
        is_distributed = _is_distributed(state)
        started = self._log(thread, "MapStateStarted", length=len(items))
        if is_distributed:
            arn = self.execution.facts["StateMachine"]["Id"].replace(":stateMachine:", ":mapRun:")
            started = self._log(
                thread, "MapRunStarted", started, mapRunArn=f"{arn}/{thread.state}:{self.token()}"
            )
        thread.previous = started
        thread.phase, thread.results, thread.length = Phase.GATHERING, {}, len(items)
        thread.at_once = at_once or (len(items) if is_distributed else INLINE_AT_ONCE)
        inputs = self._item_inputs(thread, state, items, effective)
        thread.waiting_items = [
            [number, value, told]
            for number, (value, told) in enumerate(zip(items, inputs, strict=True))
        ]
        if not items:
            self._gathered(thread, state)
            return
        self._iterate(thread, state)

    def _items(self, thread: Thread, state: State) -> tuple[list[Any], Any]:
        """The items of a Map, and its effective input."""
        effective = self._effective(thread, state)
        scope = self._scope(thread, state).of(effective)
        if self._is_jsonata(state):
            told = state.get("Items")
            items = queried(told, scope, "Items") if told is not None else effective
            if not isinstance(items, list):
                if isinstance(told, str):
                    raise _unexpected(told, "Items", "array", items)
                raise StateFailure(
                    failure.QUERY_EVALUATION_ERROR, "Map has no array.", field="Items"
                )
            return items, effective
        path = state.get("ItemsPath", "$")
        try:
            items = scope.look_up(path, "ItemsPath")
        except StateFailure:
            raise _runtime(
                f"Invalid path '{path}': The Map state's items path references nothing."
            ) from None
        if not isinstance(items, list):
            raise _runtime(f'Reference path "{path}" must point to array.')
        return items, effective

    def _at_once(self, thread: Thread, state: State, effective: Any) -> int:
        scope = self._scope(thread, state).of(effective)
        path = state.get("MaxConcurrencyPath")
        if path is not None:
            told = scope.look_up(path, "MaxConcurrencyPath")
            if isinstance(told, str) and told.isdecimal():
                told = int(told)
            if not is_number(told) or told != int(told):
                raise _runtime(
                    f'The MaxConcurrencyPath field refers to value "{_bare(told)}" which is not a '
                    f"valid integer: {path}"
                )
        else:
            told = queried(state.get("MaxConcurrency", 0), scope, "MaxConcurrency")
            if not is_number(told):
                raise _unexpected(str(state["MaxConcurrency"]), "MaxConcurrency", "number", told)
        if told < 0:
            raise _runtime(f"Expected non-negative integer for MaxConcurrency, got {text_of(told)}")
        return int(told)

    def _item_inputs(
        self, thread: Thread, state: State, items: list[Any], effective: Any
    ) -> list[Any]:
        selector = state.get("ItemSelector", state.get("Parameters"))
        if selector is None:
            return items
        inputs = []
        for number, value in enumerate(items):
            scope = self._scope(thread, state, item={"Index": number, "Value": value}).of(effective)
            inputs.append(
                queried(selector, scope, "ItemSelector")
                if self._is_jsonata(state)
                else filled(selector, scope)
            )
        return inputs

    def _iterate(self, thread: Thread, state: State) -> None:
        """Begins iterations, as many as may run at once."""
        running = sum(1 for each in self.execution.threads.values() if each.parent == thread.id)
        processor = _processor(state)
        while thread.waiting_items and running < thread.at_once:
            number, value, told = thread.waiting_items.pop(0)
            previous = thread.previous
            if not _is_distributed(state):
                previous = self._log(thread, "MapIterationStarted", name=thread.state, index=number)
            item = {"Index": number, "Value": value}
            self._spawn(thread, -1, processor["StartAt"], told, previous, number, item)
            running += 1

    def _spawn(
        self,
        parent: Thread,
        branch: int,
        state: str,
        told: Any,
        previous: int,
        index: int,
        item: dict[str, Any] | None = None,
    ) -> None:
        self._begin(
            Thread(
                self._next_id(),
                [*parent.at, [parent.state, branch]],
                state,
                told,
                parent=parent.id,
                index=index,
                item=item if item is not None else parent.item,
                variables=dict(parent.variables),
                previous=previous,
                is_silent=parent.is_silent or _is_distributed(self._state(parent)),
            )
        )

    # Leaving a state

    def _complete(self, thread: Thread, state: State, result: Any) -> None:
        """Leaves a state with its result, through all fields that shape the output."""
        if self._is_jsonata(state):
            self._leave(thread, state, state, result, state.get("Next"))
            return
        scope = self._scope(thread, state)
        if "ResultSelector" in state:
            result = filled(state["ResultSelector"], scope.of(result))
        assigned = filled(state["Assign"], scope.of(result)) if "Assign" in state else None
        output = self._merged(state, thread.input, result)
        if state.get("OutputPath", "$") is None:
            output = {}
        elif "OutputPath" in state:
            output = _at_path(state["OutputPath"], scope.of(output))
        self._exit(thread, state, output, assigned, state.get("Next"))

    def _leave(
        self, thread: Thread, state: State, fields: State, result: Any, after: str | None
    ) -> None:
        """Leaves a Choice state, or one of JSONata: only `Assign` and `Output` shape it."""
        scope = self._scope(thread, state).of(result)
        if self._is_jsonata(state):
            states = {"input": thread.input}
            if state["Type"] in WITH_RETRY:
                states["result"] = result
            scope = self._scope(thread, state, states=states)
            assigned = queried(fields["Assign"], scope, "Assign") if "Assign" in fields else None
            output = queried(fields["Output"], scope, "Output") if "Output" in fields else result
        else:
            assigned = filled(fields["Assign"], scope) if "Assign" in fields else None
            output = result
            if state.get("OutputPath", "$") is None:
                output = {}
            elif "OutputPath" in state:
                output = _at_path(state["OutputPath"], scope)
        self._exit(thread, state, output, assigned, after)

    def _exit(
        self,
        thread: Thread,
        state: State,
        output: Any,
        assigned: Mapping[str, Any] | None,
        after: str | None,
    ) -> None:
        self._limit(state, thread, output)
        variables = None
        if assigned:
            thread.variables = {**thread.variables, **assigned}
            variables = {name: text_of(value) for name, value in assigned.items()}
        told: dict[str, Any] = payload("output", output)
        if variables:
            told |= {
                "assignedVariables": variables,
                "assignedVariablesDetails": {"truncated": False},
            }
        thread.previous = self._log(
            thread, f"{state['Type']}StateExited", name=thread.state, **told
        )
        if after is None:
            self._ended(thread, output)
            return
        thread.state, thread.input, thread.phase = after, output, Phase.READY
        self._ready.append(thread)

    def _ended(self, thread: Thread, output: Any) -> None:
        """A thread has come to its end: the execution's, or one of its parent's."""
        thread.phase = Phase.DONE
        del self.execution.threads[str(thread.id)]
        if thread.parent is None:
            self.execution.output = output
            self.execution.status = Status.SUCCEEDED
            self.execution.stopped_at = self.now
            self.history.log("ExecutionSucceeded", thread.previous, **payload("output", output))
            return
        parent = self.execution.threads[str(thread.parent)]
        state = self._state(parent)
        parent.results[str(thread.index)] = output
        if state["Type"] == "Map" and not _is_distributed(state):
            thread.previous = self._log(
                thread, "MapIterationSucceeded", name=parent.state, index=thread.index
            )
        if len(parent.results) == parent.length:
            if not (state["Type"] == "Map" and _is_distributed(state)):
                parent.previous = thread.previous
            self._guarded(parent, lambda: self._gathered(parent, state))
        elif state["Type"] == "Map":
            self._iterate(parent, state)

    def _gathered(self, thread: Thread, state: State) -> None:
        """All branches or iterations of a state have ended well."""
        results = [thread.results[str(number)] for number in range(thread.length)]
        if state["Type"] == "Map" and _is_distributed(state):
            thread.previous = self._log(thread, "MapRunSucceeded")
        if state["Type"] == "Map":
            self._log(thread, "MapStateSucceeded")
        thread.results = {}
        self._limit(state, thread, results)
        self._complete(thread, state, results)

    # Failing

    def _failed(self, thread: Thread, failed: StateFailure) -> None:
        """A state failed: it is tried again, its failure is caught, or all around it fails, too."""
        state = self._state(thread)
        failed = self._placed(thread, failed)
        if failed.error == failure.QUERY_EVALUATION_ERROR:
            self._log(
                thread,
                "EvaluationFailed",
                error=failed.error,
                cause=failed.cause,
                location=failed.field,
                state=thread.state,
            )
        self._drop_children(thread)
        if state["Type"] in WITH_RETRY and self._retried(thread, state, failed):
            return
        if state["Type"] in ("Map", "Parallel") and failed.error != failure.RUNTIME:
            self._log(thread, f"{state['Type']}StateFailed")
        if state["Type"] in WITH_RETRY and self._caught(thread, state, failed):
            return
        self._fail_thread(thread, failed)

    def _placed(self, thread: Thread, failed: StateFailure) -> StateFailure:
        if failed.is_placed or failed.error not in PLACED_ERRORS:
            return failed
        cause = (
            f"An error occurred while executing the state '{thread.state}' (entered at the event "
            f"id #{thread.entered}). {failed.cause}"
        )
        return StateFailure(failed.error, cause, field=failed.field, is_placed=True)

    def _retried(self, thread: Thread, state: State, failed: StateFailure) -> bool:
        for number, retrier in enumerate(state.get("Retry", ())):
            if not failure.matches(retrier["ErrorEquals"], failed.error):
                continue
            done = thread.retries[number]
            if done >= retrier.get("MaxAttempts", DEFAULT_ATTEMPTS):
                return False
            thread.retries[number] = done + 1
            delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** done
            delay = min(delay, retrier.get("MaxDelaySeconds", LONGEST_WAIT))
            if retrier.get("JitterStrategy") == "FULL":
                delay *= self.chance()
            thread.phase, thread.due = Phase.RETRYING, self.now + round(1000 * delay)
            return True
        return False

    def _caught(self, thread: Thread, state: State, failed: StateFailure) -> bool:
        for number, catcher in enumerate(state.get("Catch", ())):
            if not failure.matches(catcher["ErrorEquals"], failed.error):
                continue
            told = {"Error": failed.error, "Cause": failed.cause or ""}
            try:
                self._catch(thread, state, catcher, told, number)
            except StateFailure as again:
                self._fail_thread(thread, self._placed(thread, again))
            return True
        return False

    def _catch(
        self, thread: Thread, state: State, catcher: State, told: dict[str, Any], number: int
    ) -> None:
        if self._is_jsonata(state):
            states = {"input": thread.input, "errorOutput": told}
            scope = self._scope(thread, state, states=states)
            place = f"Catch[{number}]"
            assigned = (
                queried(catcher["Assign"], scope, f"{place}/Assign")
                if "Assign" in catcher
                else None
            )
            output = (
                queried(catcher["Output"], scope, f"{place}/Output")
                if "Output" in catcher
                else told
            )
        else:
            scope = self._scope(thread, state).of(told)
            assigned = filled(catcher["Assign"], scope) if "Assign" in catcher else None
            output = self._merged(catcher, thread.input, told)
        self._exit(thread, state, output, assigned, catcher["Next"])

    def _fail_thread(self, thread: Thread, failed: StateFailure) -> None:
        if thread.parent is None:
            self._stop(
                Status.FAILED, "ExecutionFailed", failed.error, failed.cause, thread.previous
            )
            return
        parent = self.execution.threads[str(thread.parent)]
        state = self._state(parent)
        del self.execution.threads[str(thread.id)]
        if state["Type"] == "Map" and not _is_distributed(state):
            parent.previous = self._log(
                thread, "MapIterationFailed", name=parent.state, index=thread.index
            )
        elif state["Type"] == "Map":
            self._log(parent, "MapRunFailed", error=failed.error, cause=failed.cause)
        else:
            parent.previous = thread.previous
        self._failed(parent, StateFailure(failed.error, failed.cause, is_placed=True))

    def _drop_children(self, thread: Thread) -> None:
        """Ends what still runs under a state that failed."""
        thread.waiting_items, thread.results = [], {}
        for child in list(self.execution.threads.values()):
            if child.parent == thread.id:
                self._drop_children(child)
                del self.execution.threads[str(child.id)]
                self._ready = [each for each in self._ready if each is not child]
                if child.phase is Phase.TASK:
                    self._log(child, "TaskStateAborted")
                if self._state(thread)["Type"] == "Map":
                    self._log(child, "MapIterationAborted", name=thread.state, index=child.index)

    def _stop(
        self, status: Status, kind: str, error: str | None, cause: str | None, previous: int = 0
    ) -> None:
        self.execution.threads.clear()
        self._ready.clear()
        self.execution.status, self.execution.stopped_at = status, self.now
        self.execution.error, self.execution.cause = error, cause
        self.execution.due = 0
        self.history.log(kind, previous, error=error, cause=cause)
        self._save()

    # What states see

    def _state(self, thread: Thread) -> State:
        container: Mapping[str, Any] = self.definition
        for name, branch in thread.at:
            state = container["States"][name]
            container = state["Branches"][branch] if branch >= 0 else _processor(state)
        found: State = container["States"][thread.state]
        return found

    def _is_jsonata(self, state: State) -> bool:
        language = state.get("QueryLanguage") or self.definition.get("QueryLanguage")
        return bool(language == JSONATA)

    def _scope(
        self,
        thread: Thread,
        state: State,
        *,
        item: dict[str, Any] | None = None,
        states: Mapping[str, Any] | None = None,
    ) -> Scope:
        """`item`: of the Map whose items are being selected, instead of the one around it."""
        entered = datetime.fromtimestamp(thread.entered_at / 1000, UTC)
        context: dict[str, Any] = {
            **self.execution.facts,
            "State": {
                "EnteredTime": entered.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "Name": thread.state,
            },
        }
        if state.get("Retry") is not None or state["Type"] == "Task":
            context["State"]["RetryCount"] = sum(thread.retries)
        if thread.token and state["Type"] == "Task":
            context["Task"] = {"Token": thread.token}
        inside = item if item is not None else thread.item
        if inside is not None:
            context["Map"] = {"Item": inside}
        seen = {"input": thread.input} if states is None else states
        return Scope(thread.input, context, thread.variables, seen)

    def _effective(self, thread: Thread, state: State) -> Any:
        """The input after `InputPath`."""
        if self._is_jsonata(state) or "InputPath" not in state:
            return thread.input
        path = state["InputPath"]
        return {} if path is None else _at_path(path, self._scope(thread, state))

    def _arguments(self, thread: Thread, state: State) -> Any:
        """What a Pass, Task or Parallel works on."""
        scope = self._scope(thread, state)
        if self._is_jsonata(state):
            told = state.get("Arguments")
            return queried(told, scope, "Arguments") if told is not None else thread.input
        effective = self._effective(thread, state)
        if "Parameters" not in state:
            return effective
        return filled(state["Parameters"], scope.of(effective))

    def _merged(self, fields: State, told: Any, result: Any) -> Any:
        """The input with the result in the place that `ResultPath` names."""
        path = fields.get("ResultPath", "$")
        if path is None:
            return told
        try:
            return json_path.put(path, result, told)
        except (json_path.PathNotFoundError, json_path.InvalidPathError):
            raise StateFailure(
                failure.RESULT_PATH_MATCH_FAILURE,
                f"Unable to apply ReferencePath {path} to input {text_of(told)}",
            ) from None

    def _seconds(self, thread: Thread, state: State, name: str) -> float | None:
        """A time of a task, by number, path or expression."""
        scope = self._scope(thread, state)
        if f"{name}Path" in state:
            told = scope.of(self._effective(thread, state)).look_up(
                state[f"{name}Path"], f"{name}Path"
            )
        elif name in state:
            told = queried(state[name], scope, name)
        else:
            return None
        if not is_number(told) or told <= 0:
            raise _runtime(f"The field '{name}' has to be a number of seconds above 0.")
        return told  # type: ignore[no-any-return]

    def _limit(self, state: State, thread: Thread, value: Any) -> None:
        if size_of(value) > MAX_PAYLOAD_BYTES:
            raise StateFailure(
                failure.DATA_LIMIT_EXCEEDED,
                f"The state/task '{thread.state}' returned a result with a size exceeding the "
                "maximum number of bytes service limit.",
                is_placed=True,
            )

    # Tasks

    def _thread_of(self, token: str) -> Thread | None:
        if self.execution.status is not Status.RUNNING or not token:
            return None
        for thread in self.execution.threads.values():
            if thread.phase is Phase.TASK and thread.token == token:
                return thread
        return None

    def _arm(self, thread: Thread) -> None:
        timeout = (thread.task or {}).get("timeout")
        if timeout:
            thread.timeout_due = self.now + round(1000 * timeout)
        if thread.heartbeat_ms:
            thread.heartbeat_due = self.now + thread.heartbeat_ms

    def _end_task(self, thread: Thread) -> None:
        thread.timeout_due = thread.heartbeat_due = 0
        thread.task = None

    def _log(self, thread: Thread, kind: str, previous: int | None = None, **details: Any) -> int:
        """Adds an event of a thread; one inside a distributed Map has none in this history."""
        if thread.is_silent:
            return thread.previous
        before = thread.previous if previous is None else previous
        return self.history.log(kind, before, **details)

    def _log_task(self, thread: Thread, what: str, **details: Any) -> None:
        resource = (thread.task or {})["resource"]
        kind = task_kind(resource)
        if kind == "Task" and what != "Scheduled":
            service, action = service_of(resource)
            details = {"resourceType": service, "resource": action, **details}
        prefix = {"Lambda": "LambdaFunction", "Activity": "Activity", "Task": "Task"}[kind]
        thread.previous = self._log(thread, f"{prefix}{what}", **details)


HANDLERS: dict[str, Callable[[Interpreter, Thread, State], None]] = {
    "Pass": Interpreter._pass,
    "Task": Interpreter._task,
    "Choice": Interpreter._choice,
    "Wait": Interpreter._wait,
    "Succeed": Interpreter._succeed,
    "Fail": Interpreter._fail,
    "Parallel": Interpreter._parallel,
    "Map": Interpreter._map,
}


def task_kind(resource: str) -> str:
    """How events call a task: `Lambda` by the function's ARN, `Activity`, or else `Task`."""
    parts = resource.split(":")
    if len(parts) > 5 and parts[2] == "lambda":
        return "Lambda"
    if len(parts) > 5 and parts[2] == "states" and parts[5] == "activity":
        return "Activity"
    return "Task"


def service_of(resource: str) -> tuple[str, str]:
    """Service and action of an integration: `arn:aws:states:::sqs:sendMessage` and the like."""
    parts = resource.split(":")
    return ":".join(parts[5:-1]) or parts[-1], parts[-1]


def _processor(state: State) -> State:
    found: State = state.get("ItemProcessor") or state["Iterator"]
    return found


def _is_distributed(state: State) -> bool:
    """Whether it is a Map whose iterations are executions of their own, with their own histories."""
    if state["Type"] != "Map":
        return False
    return bool(_processor(state).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")


def _own(rule: State) -> dict[str, Any]:
    """What a rule of a Choice says of its own about the output."""
    return {name: rule[name] for name in ("Assign", "Output") if name in rule}


def _at_path(path: str, scope: Scope) -> Any:
    """What `InputPath` or `OutputPath` leads to."""
    try:
        return scope.look_up(path, path)
    except StateFailure:
        shown = "".join(
            f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in _steps(path)
        )
        raise _runtime(f"Invalid path '{path}' : No results for path: ${shown}") from None


def _steps(path: str) -> tuple[str | int, ...]:
    try:
        return json_path.steps_of(path) or ()
    except json_path.InvalidPathError:
        return ()


def _runtime(cause: str) -> StateFailure:
    return StateFailure(failure.RUNTIME, cause)


def _unexpected(query: str, name: str, wanted: str, value: Any) -> StateFailure:
    from cloudseam.languages.asl.jsonata_query import is_query, query_of

    inner = query_of(query) if is_query(query) else query
    return StateFailure(
        failure.QUERY_EVALUATION_ERROR,
        f"The JSONata expression '{inner}' specified for the field '{name}' returned an unexpected "
        f"result type. Expected '{wanted}', but was '{_type_of(value)}' for value: {text_of(value)}",
        field=name,
    )


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return {dict: "object", list: "array"}.get(type(value), "number")


def _bare(value: Any) -> str:
    return value if isinstance(value, str) else text_of(value)
