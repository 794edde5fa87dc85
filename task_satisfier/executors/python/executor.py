"""Runs the actions of one invocation of a machine, or one action as a task."""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from cloudseam.actions.context import Circumstances, Context
from cloudseam.actions.starting import Start, collecting_starts
from cloudseam.event import Json
from cloudseam.json_context import NotSerializableError, ensure_json
from cloudseam.limits import MAX_DELAY_SECONDS, Outputs
from cloudseam.stored_context import ContextBucket
from task_satisfier.executors import Result, TaskFailedError, TaskRun
from task_satisfier.executors.config import TaskConfig, parse_config
from task_satisfier.executors.python.action_path import ActionPath
from task_satisfier.executors.python.contexts import Carriage, context_of, ensure_context
from task_satisfier.executors.python.invocation import (
    Call,
    Ending,
    Invocation,
    parse_invocation,
    run_invocation,
)
from task_satisfier.executors.python.raised import described

logger = logging.getLogger("cloudseam.satisfier")

OUTPUTS: TypeAdapter[dict[str, Json]] = TypeAdapter(Outputs)


class PythonConfig(TaskConfig):
    """Config of a task of executor `python`. `action` is the dotted name of a class."""

    action: str = Field(min_length=1)
    args: dict[str, Any] = Field(default_factory=dict)


class PythonExecutor:
    """See `task_satisfier.executors.Executor`.

    `folder` has the actions; None: there are none. `bucket` keeps large contexts.
    """

    def __init__(self, folder: str | None, bucket: ContextBucket) -> None:
        self._path = ActionPath(folder) if folder else None
        self._bucket = bucket

    def run(self, run: TaskRun) -> Mapping[str, Json] | Result:
        """Runs the actions of an invocation, or the action that a task names."""
        if run.request.input is None:
            return self._run_task(run)
        return self._run_invocation(run, parse_invocation(run.request.input, run.request.name))

    def _run_task(self, run: TaskRun) -> Mapping[str, Json]:
        config = parse_config(PythonConfig, run.request)
        values = {"metadata": dict(run.request.metadata), "args": config.args}
        given = Circumstances(name=run.request.machine, correlation_id=run.request.stack_id)
        told = f"Action {config.action}"
        context = Context(copy.deepcopy(values), given)
        returned: Any = self._executed(run, config.action, told, context, {})
        try:
            ensure_json(returned, "result")
        except NotSerializableError as error:
            raise TaskFailedError(
                f"{told} returned what is not JSON: {error}", error="NotSerializable"
            ) from error
        if returned is None:
            return {}
        return _outputs(returned if isinstance(returned, dict) else {"result": returned}, told)

    def _run_invocation(self, run: TaskRun, invocation: Invocation) -> Result:
        stack_id = run.request.stack_id
        values = context_of(invocation, stack_id, self._bucket)
        obj: dict[str, Any] = {"fence_token": invocation.fence}
        circumstances = _circumstances(run, invocation)

        def perform(call: Call) -> object:
            nonlocal values
            told = f"Action {call.action} ({call.slot} of {call.of})"
            here = replace(circumstances, current_state=call.state, current_event=call.event)
            context = Context(values, here)
            started = time.monotonic()
            returned = self._executed(run, call.action, told, context, obj)
            ensure_context(context, told)
            values = dict(context)
            _log(run, call, time.monotonic() - started)
            return returned

        with collecting_starts() as starts:
            ending = run_invocation(invocation, perform)
        body = self._result(run, ending, values, obj, starts)
        return Result(body, lambda: self._drop(stack_id, invocation.drop))

    def _executed(
        self, run: TaskRun, name: str, told: str, context: Context, obj: dict[str, Any]
    ) -> object:
        """What one action returned.

        Raises:
            TaskFailedError: it raised something, is not there, or there is no time for it.
        """
        run.ensure_time()
        actions = self._actions()
        make = actions.find(name)
        try:
            return make().execute(context, obj)
        except (Exception, SystemExit) as error:
            raise TaskFailedError(
                _redacted(run, context, f"{told} raised {described(error, actions.root)}"),
                error=type(error).__name__,
            ) from error

    def _actions(self) -> ActionPath:
        if self._path is None:
            raise TaskFailedError(
                "There are no actions. Set ACTIONS_PATH to the folder with their modules."
            )
        return self._path

    def _result(
        self,
        run: TaskRun,
        ending: Ending,
        values: Mapping[str, Any],
        obj: Mapping[str, Any],
        starts: list[Start],
    ) -> dict[str, Json]:
        """What is answered. Large contexts have been written by then."""
        carriage = Carriage(self._bucket, run.request.token or run.request.name)
        body: dict[str, Json] = {"event": ending.event}
        if ending.state is not None:
            body["state"] = ending.state
        if delay := _delay(obj):
            body["delay"] = delay
        body |= carriage.carried(run.request.stack_id, values)
        if starts:
            body["starts"] = carriage.started(starts)
        return body

    def _drop(self, stack_id: str, key: str | None) -> None:
        """Removes what the answer has made needless. What is left is garbage, and harms nobody."""
        if key is None:
            return
        try:
            self._bucket.delete(stack_id, key)
        except Exception as error:  # the task has been answered, and nothing can change that
            logger.warning(
                "An older context was not removed",
                extra={"stack_id": stack_id, "key": key, "reason": f"{error}"},
            )


def _outputs(outputs: dict[str, Json], told: str) -> dict[str, Json]:
    """The outputs, as a stack can keep them.

    Raises:
        TaskFailedError: why it cannot.
    """
    try:
        return OUTPUTS.validate_python(outputs)
    except ValidationError as error:
        [problem] = error.errors(include_input=False, include_url=False)
        raise TaskFailedError(
            f"{told} returned outputs that a stack cannot keep: what it returns "
            f"{problem['msg'].removeprefix('Value error, ')}.",
            error="InvalidOutputs",
        ) from None


def _circumstances(run: TaskRun, invocation: Invocation) -> Circumstances:
    return Circumstances(
        name=run.request.machine,
        correlation_id=run.request.stack_id,
        steps=invocation.steps,
        retries=invocation.retries,
        max_retries=invocation.max_retries,
        started_at=invocation.started_at // 1000,
    )


def _redacted(run: TaskRun, context: Context, text: str) -> str:
    """A cause without the sensitive values that the context has, metadata's keys being its own."""
    sensitive = [value for key, value in context.items() if key in run.sensitive_keys]
    try:
        return run.redactor.also(sensitive).text(text)
    except Exception:  # what an action left there may be anything
        return f"{text.partition(' raised ')[0]} raised an error that cannot be shown"


def _delay(obj: Mapping[str, Any]) -> int:
    """Whole seconds that the next transition is put off.

    Raises:
        TaskFailedError: the delay is no number of seconds.
    """
    delay = obj.get("delay")
    if delay is None:
        return 0
    if type(delay) not in (int, float) or not delay <= MAX_DELAY_SECONDS:
        raise TaskFailedError(
            f"obj['delay'] has to be a number of seconds, at most {MAX_DELAY_SECONDS}.",
            error="InvalidDelay",
        )
    return math.ceil(delay) if delay > 0 else 0


def _log(run: TaskRun, call: Call, seconds: float) -> None:
    """Says that an action has run; of the context nothing is told."""
    logger.info(
        "Action ended",
        extra={
            "stack_id": run.request.stack_id,
            "action": call.action,
            "slot": call.slot,
            "of": call.of,
            "seconds": round(seconds, 3),
        },
    )
