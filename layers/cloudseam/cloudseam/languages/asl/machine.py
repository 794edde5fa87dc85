"""A machine in Amazon States Language: the rules by which an event changes a stack.

A stack on such a machine is an execution. The interpreter runs it on; here its tasks become tasks
of the stack, and its waits one timer.
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from cloudseam.errors import (
    ExecutionExistsError,
    MigrationRefusedError,
    StackTooLargeError,
    TransitionNotAllowedError,
)
from cloudseam.event import (
    CANCEL_TASKS,
    FAILED,
    LOST,
    MIGRATE_MACHINE,
    OUT_OF_TIME,
    REDRIVE_EXECUTION,
    START,
    STOP_EXECUTION,
    TASK_COMPLETED,
    TASK_ERROR,
    TASK_HEARTBEAT,
    TASK_STARTED,
    TIMEOUT,
    Answer,
    Event,
)
from cloudseam.given import Given
from cloudseam.languages.asl.execution import Execution, Phase, Status, Thread
from cloudseam.languages.asl.failure import TASK_FAILED
from cloudseam.languages.asl.interpreter import Interpreter
from cloudseam.languages.asl.json_text import is_number, same
from cloudseam.languages.asl.resource import task_kind
from cloudseam.languages.asl.run import nothing_is
from cloudseam.languages.asl.states.task import is_away
from cloudseam.languages.task_life import RESENDS
from cloudseam.stack import Stack, Task, TaskStatus, event_mark
from cloudseam.task_spec import TaskSpec
from cloudseam.task_token import TaskToken

EXECUTOR = "states"
TIMER = "timer"
# Gives the run of a distributed Map, its `mapRunArn`, other limits.
UPDATE_MAP_RUN = "UPDATE_MAP_RUN"
# What the engine calls the end of a task's time.
OVER = frozenset({TIMEOUT, OUT_OF_TIME})
# What UPDATE_MAP_RUN may change.
LIMITS = ("maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage")
# An execution that has ended can be looked at for so long (developer guide, "Service quotas").
KEPT_MS = 90 * 24 * 3600 * 1000
ACCOUNT, REGION = "000000000000", "us-east-1"


@dataclass(frozen=True, slots=True)
class AslMachine:
    """See `cloudseam.machine.Machine`. `definition` is the JSON object of the machine's file.

    What it keeps in `Stack.memory` is the `execution` and the `role` it was started with.
    `is_missing` says of ARNs of activities that there is none.
    """

    name: str
    digest: str
    definition: Mapping[str, Any]
    source: str = ""
    is_missing: Callable[[str], bool] = nothing_is

    @property
    def dead_letters_failures(self) -> bool:
        """An execution that fails has ended; its status says so."""
        return False

    @property
    def keeps_its_stacks(self) -> bool:
        """An execution keeps the definition that it began with, as AWS has it: what is kept of it
        would make no sense to another."""
        return True

    def react(self, stack: Stack, event: Event, given: Given) -> Stack:
        """The stack after one event that is new to it. A late answer leaves it as it was."""
        if event.name == START:
            if not stack.memory:
                return self._started(stack, event, given)
            return self._started_before(stack, event)
        if not stack.memory:
            raise TransitionNotAllowedError(
                f"Execution '{stack.id}' has not been started. Send START first.",
                stack_id=stack.id,
                machine=stack.machine,
                state=stack.state,
                event=event.name,
            )
        if event.name == MIGRATE_MACHINE:
            return self.adopt(stack, event.states)
        running = self._interpreter(stack, given)
        if event.name == REDRIVE_EXECUTION:
            return self._redriven(stack, running, event, given)
        if running.execution.status is not Status.RUNNING:
            return stack if event.is_answer else stack.with_metadata(event.metadata)
        if event.answer is not None and event.name in TAKING:
            return self._answered(stack, running, event, event.answer, given)
        if event.is_timer:
            return self._woken(stack, running, event, given)
        if event.is_retry:
            return _sent_again(stack, event)
        if event.name == UPDATE_MAP_RUN:
            asked = {name: event.payload.get(name) for name in LIMITS}
            limits = {name: value for name, value in asked.items() if is_number(value)}
            arn = str(event.payload.get("mapRunArn"))
            changed = running.change_map_run(arn, limits)
            return self._after(stack, running, event, given) if changed else stack
        if event.name in (CANCEL_TASKS, STOP_EXECUTION):
            told = event.payload
            running.abort(_text(told.get("error")), _text(told.get("cause")))
            return self._after(stack, running, event, given)
        raise TransitionNotAllowedError(
            f"Event '{event.name}' means nothing to execution '{stack.id}' of machine "
            f"'{self.name}'. It takes {START}, {STOP_EXECUTION}, {REDRIVE_EXECUTION} and "
            "answers of tasks.",
            stack_id=stack.id,
            machine=stack.machine,
            state=stack.state,
            event=event.name,
        )

    def outgrown(
        self, stack: Stack, after: Stack, event: Event, given: Given, refusal: StackTooLargeError
    ) -> Stack:
        """See `cloudseam.machine.Machine.outgrown`. The execution fails, and keeps what it kept
        before, so that it can be redriven from there."""
        if after.memory is stack.memory or after.state == Status.SUCCEEDED.value:
            raise refusal
        running = self._interpreter(after, given)
        before = Execution.of_json(stack.memory["execution"]) if stack.memory else None
        running.outgrow(str(refusal), before)
        return self._after(after, running, event, given)

    def adopt(self, stack: Stack, states: Mapping[str, str]) -> Stack:
        """See `cloudseam.machine.Machine.adopt`. An execution keeps the definition it began with,
        as AWS has it."""
        raise MigrationRefusedError(
            f"Execution '{stack.id}' keeps the definition that it was started with.",
            stack_id=stack.id,
            machine=stack.machine,
            state=stack.state,
        )

    def task(self, stack: Stack, name: str) -> TaskSpec:
        """See `cloudseam.machine.Machine.task`."""
        task = stack.task(name)
        told: Mapping[str, Any] = next(
            (
                thread["task"]
                for thread in stack.memory["execution"]["threads"].values()
                if task is not None and thread["task"] and thread["token"] == task.token
            ),
            {},
        )
        work = {"resource": told.get("resource"), "arguments": told.get("arguments")}
        if told.get("field"):
            work["field"] = told["field"]
        if task is not None:
            work["token"] = TaskToken(stack.id, name, task.token).as_text()
            work["askedAt"] = task.asked_at
        return TaskSpec(name, EXECUTOR, {}, told.get("timeout"), input=work)

    def _started(self, stack: Stack, event: Event, given: Given) -> Stack:
        told = event.payload
        role = str(told.get("role", f"arn:aws:iam::{ACCOUNT}:role/cloudseam"))
        place = str(told.get("place", f"arn:aws:states:{REGION}:{ACCOUNT}"))
        name = stack.id.removeprefix(f"{self.name}:")
        arn = told.get("arn", f"{place}:execution:{self.name}:{name}")
        started = datetime.fromtimestamp(given.now / 1000, UTC).isoformat(timespec="milliseconds")
        facts = {
            "Execution": {
                "Id": arn,
                "Input": told.get("input", {}),
                "Name": told.get("name", name),
                "RoleArn": role,
                "StartTime": started.replace("+00:00", "Z"),
                "RedriveCount": 0,
            },
            "StateMachine": {"Id": f"{place}:stateMachine:{self.name}", "Name": self.name},
        }
        execution = Execution(told.get("input", {}), facts)
        version, alias = told.get("version"), told.get("alias")
        execution.version = version if isinstance(version, int) else 0
        execution.alias = _text(alias) or ""
        stack = replace(stack, memory={"role": role}, epoch=stack.epoch + 1)
        running = self._over(stack, execution, given)
        running.start(role)
        return self._after(stack, running, event, given)

    def _started_before(self, stack: Stack, event: Event) -> Stack:
        """A name stands for one execution: what comes with another input never begins."""
        if not same(stack.memory["execution"]["input"], event.payload.get("input", {})):
            raise ExecutionExistsError(
                f"Execution '{stack.id}' was started before, with another input. Give each "
                "execution a name of its own.",
                stack_id=stack.id,
                machine=stack.machine,
                state=stack.state,
                event=event.name,
            )
        return stack.with_metadata(event.metadata)

    def _redriven(self, stack: Stack, running: Interpreter, event: Event, given: Given) -> Stack:
        if running.execution.status in (Status.RUNNING, Status.SUCCEEDED):
            raise TransitionNotAllowedError(
                f"Execution '{stack.id}' is {stack.state}: only one that did not end well goes on.",
                stack_id=stack.id,
                machine=stack.machine,
                state=stack.state,
                event=event.name,
            )
        running.redrive()
        return self._after(stack, running, event, given)

    def _answered(
        self, stack: Stack, running: Interpreter, event: Event, answer: Answer, given: Given
    ) -> Stack:
        task = stack.task(answer.task)
        if task is None or not hmac.compare_digest(
            task.token.encode(), answer.token.encode(errors="replace")
        ):
            return stack
        taken = TAKING[event.name](running, task.token, answer)
        return self._after(stack, running, event, given) if taken else stack

    def _woken(self, stack: Stack, running: Interpreter, event: Event, given: Given) -> Stack:
        """The stack after what is due, and after what the sweep found lost."""
        due = running.execution.wakes_at
        if due and due <= given.now:
            running.wake()
            return self._after(stack, running, event, given)
        for task in stack.tasks:
            if task.status is TaskStatus.PENDING and task.token in event.lost:
                if task.resent < RESENDS:
                    mark = event_mark(event.id)
                    again = replace(task, resent=task.resent + 1, asked_by=mark)
                    stack = stack.with_task(again)
                    continue
                cause = f"No answer came, though the task was sent {RESENDS + 1} times."
                running.fail_task(task.token, LOST, cause)
                return self._after(stack, running, event, given)
        return stack

    def _interpreter(self, stack: Stack, given: Given) -> Interpreter:
        return self._over(stack, Execution.of_json(stack.memory["execution"]), given)

    def _over(self, stack: Stack, execution: Execution, given: Given) -> Interpreter:
        numbers = count()
        return Interpreter(
            self.definition,
            execution,
            given.now,
            token=lambda: given.token(f"asl/{next(numbers)}"),
            chance=lambda: given.fraction(f"asl/{next(numbers)}"),
            stack_id=stack.id,
            is_missing=self.is_missing,
        )

    def _after(self, stack: Stack, running: Interpreter, event: Event, given: Given) -> Stack:
        execution = running.execution
        ended = execution.status is not Status.RUNNING
        return replace(
            stack.with_metadata(event.metadata),
            state=execution.status.value,
            memory={**stack.memory, "execution": execution.as_json()},
            tasks=() if ended else tuple(_tasks(stack, execution, event, given)),
            log=(*stack.log, *running.history.events),
            expires_at=given.now + KEPT_MS if ended else 0,
        )


def _take_output(running: Interpreter, token: str, answer: Answer) -> bool:
    """`result` has the `output`; or, of a task that ends with a call back, what came of handing
    its token over: `submitted`. Of a nested execution it has what came of its start, and its
    `output` or `failure`."""
    result = answer.result or {}
    if "submitted" in result and not running.note_submitted(token, result["submitted"]):
        return False
    failure = result.get("failure")
    if isinstance(failure, dict):
        return running.fail_task(token, _text(failure.get("error")), _text(failure.get("cause")))
    if "submitted" in result and "output" not in result:
        return True
    output = result["output"] if "output" in result else dict(answer.outputs)
    return running.succeed_task(token, output)


def _take_failure(running: Interpreter, token: str, answer: Answer) -> bool:
    if answer.error in OVER:
        return running.time_out_task(token)
    # SendTaskFailure may say nothing.
    error = TASK_FAILED if answer.error == FAILED else answer.error or None
    return running.fail_task(token, error, answer.description)


def _take_start(running: Interpreter, token: str, answer: Answer) -> bool:
    return running.note_started(token, answer.description)


def _take_heartbeat(running: Interpreter, token: str, answer: Answer) -> bool:
    return running.beat(token)


# What may be told of an attempt of a task. Each says whether it was waited for.
TAKING: Mapping[str, Callable[[Interpreter, str, Answer], bool]] = {
    TASK_COMPLETED: _take_output,
    TASK_ERROR: _take_failure,
    TASK_STARTED: _take_start,
    TASK_HEARTBEAT: _take_heartbeat,
}


def _tasks(stack: Stack, execution: Execution, event: Event, given: Given) -> Iterator[Task]:
    """The tasks that threads wait for, and the timer. What was asked for before stays as it is."""
    mark = event_mark(event.id)
    known = {task.token: task for task in stack.tasks if task.token}
    for thread in execution.threads.values():
        if thread.phase is Phase.TASK:
            asked = known.get(thread.token) or Task(
                thread.task_name, token=thread.token, asked_by=mark, asked_at=given.now
            )
            # Nothing is sent for it, so nothing that was sent can be lost.
            yield replace(asked, asked_by="", asked_at=0) if _is_elsewhere(thread) else asked
    due = execution.wakes_at
    timer = stack.task(TIMER)
    if due and timer is not None and timer.retry_at == due:
        yield timer
    elif due:
        yield Task(TIMER, TaskStatus.WAITING, asked_by=mark, retry_at=due, token=given.token(TIMER))


def _is_elsewhere(thread: Thread) -> bool:
    """Whether somebody outside has the task, or comes for it by himself."""
    return is_away(thread) or task_kind((thread.task or {})["resource"]) == "Activity"


def _sent_again(stack: Stack, event: Event) -> Stack:
    """The stack with the messages of its tasks owed to this event; attempts stay the same."""
    for task in stack.tasks:
        if task.status is TaskStatus.PENDING and task.asked_at:
            stack = stack.with_task(replace(task, asked_by=event_mark(event.id)))
    return stack.with_metadata(event.metadata)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
