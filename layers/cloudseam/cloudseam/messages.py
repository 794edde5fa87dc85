"""Message bodies to values and back: events, task messages and answers, as the original's.

Whatever is refused here is refused with the name of the field and never with a value, since
bodies carry metadata.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cloudseam.errors import InvalidMessageError
from cloudseam.event import (
    ANSWERS,
    FAILED,
    MIGRATE_MACHINE,
    RETRY_FAILED_TASKS,
    START,
    STOP_EXECUTION,
    TASK_COMPLETED,
    TASK_ERROR,
    TASK_HEARTBEAT,
    TIMER_DUE,
    Answer,
    Event,
    Json,
)
from cloudseam.json_levels import is_deeper_than
from cloudseam.json_number import OUT_OF_RANGE, finite, refuse_constant
from cloudseam.limits import (
    MAX_CAUSE_CHARACTERS,
    MAX_DELAY_SECONDS,
    MAX_LEVELS,
    MAX_NAME_CHARACTERS,
    Metadata,
    Name,
    Outputs,
    StackId,
    Text,
    has_half,
)
from cloudseam.stack import Stack
from cloudseam.start import Start
from cloudseam.step import RunTask
from cloudseam.task_spec import LAMBDA
from cloudseam.task_token import read_token
from cloudseam.transition import Notice


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A task message as the satisfier sees it. `task` is echoed in the answer, whole.

    `token` names the attempt; the original gave none. `timeout` is in seconds. `input` is what the
    attempt works on, where the machine's language has such a thing.
    """

    stack_id: str
    machine: str
    task: Mapping[str, Json]
    name: str
    executor: str
    config: Mapping[str, Json]
    metadata: Mapping[str, Json] = field(default_factory=dict)
    token: str = ""
    timeout: float | None = None
    input: Mapping[str, Json] | None = None


Model = TypeVar("Model", bound=BaseModel)


class _EventBody(BaseModel):
    """The fields of an event message that mean something; others are left alone."""

    model_config = ConfigDict(extra="ignore")

    stack_id: StackId = Field(alias="stackId")
    event: Name | None = None
    action: Name | None = None
    event_id: Text | None = Field(default=None, alias="eventId")
    machine: Text | None = None
    metadata: Metadata | None = None


class _AnsweredTask(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: Text
    token: Name = ""


class _AnswerBody(_EventBody):
    """What an answer of a task says besides."""

    task: _AnsweredTask
    description: Any = None
    error: Name | None = None
    outputs: Outputs | None = None
    result: dict[str, Any] | None = None


class _TimerBody(_EventBody):
    """What a timer says besides."""

    at: int | None = Field(default=None, ge=0)


class _MigrationBody(_EventBody):
    """What a move to the machine's current version says besides."""

    states: dict[Text, Text] = Field(default_factory=dict)


class _StoredContext(BaseModel):
    """Where a context lies that is too large for a message."""

    model_config = ConfigDict(extra="forbid")

    key: Text
    bytes: int = Field(gt=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _StartBody(_EventBody):
    """What a start says besides."""

    machine: Text
    context: dict[str, Any] | None = None
    stored: _StoredContext | None = None
    input: Any = None
    state: Text | None = None
    current_event: Text | None = Field(default=None, alias="currentEvent")
    additional_delay: float | None = Field(
        default=None, alias="additionalDelaySeconds", ge=0, le=MAX_DELAY_SECONDS
    )


class _StopBody(_EventBody):
    """What an end from outside says besides."""

    error: Name | None = None
    cause: str | None = None


# What of a START the machine's language gets to see.
PAYLOAD = ("context", "stored", "input", "state", "currentEvent", "additionalDelaySeconds")

# Other events are plain ones.
_BODIES: Mapping[str, type[_EventBody]] = {
    **dict.fromkeys((*ANSWERS, TASK_HEARTBEAT), _AnswerBody),
    TIMER_DUE: _TimerBody,
    MIGRATE_MACHINE: _MigrationBody,
    START: _StartBody,
    STOP_EXECUTION: _StopBody,
}


class _RequestedTask(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: Text
    executor: Text
    config: dict[str, Any] = Field(default_factory=dict)
    token: Any = ""
    timeout: float | None = Field(default=None, gt=0)


class _RequestingStack(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: StackId
    machine: Text
    # Merged from many events, and maybe by the original: what is stored has to be carried.
    metadata: dict[str, Any] | None = None


class _TaskBody(BaseModel):
    model_config = ConfigDict(extra="ignore")

    task: _RequestedTask
    stack: _RequestingStack
    input: dict[str, Any] | None = None


def parse_event(body: str, message_id: str) -> Event:
    """The event a message body holds. `message_id` names it when the body has no `eventId`.

    Raises:
        InvalidMessageError: what is wrong with which field.
    """
    raw = by_token(_json_object(body))
    name = raw.get("event") or raw.get("action")
    body_of = _BODIES.get(name, _EventBody) if isinstance(name, str) else _EventBody
    parsed = _validate(body_of, raw)
    if not name:
        raise InvalidMessageError(
            "The message has no `event`. Send the name of one of the machine's events.",
            stack_id=parsed.stack_id,
        )
    return Event(
        id=parsed.event_id or message_id,
        stack_id=parsed.stack_id,
        name=str(name),
        machine=parsed.machine,
        metadata=parsed.metadata or {},
        answer=_parsed_answer(parsed) if isinstance(parsed, _AnswerBody) else None,
        at=parsed.at if isinstance(parsed, _TimerBody) else None,
        states=parsed.states if isinstance(parsed, _MigrationBody) else {},
        payload=_payload(raw, parsed),
    )


def _payload(raw: Mapping[str, Json], parsed: _EventBody) -> dict[str, Json]:
    """The fields for the machine's language, as they came. Nothing but a START has all."""
    if isinstance(parsed, _StartBody):
        told = {name: raw[name] for name in PAYLOAD if raw.get(name) is not None}
        return {"input": None, **told} if "input" in raw else told
    if isinstance(parsed, _StopBody):
        return {"error": parsed.error, "cause": _bounded(_mended(parsed.cause))}
    return {"context": raw["context"]} if "context" in raw else {}


def by_token(raw: dict[str, Any]) -> dict[str, Any]:
    """The fields of a body; one of who was handed a task token names its stack and task by that,
    and its `output` and `cause` as Step Functions calls them.

    Raises:
        InvalidMessageError: it is no token.
    """
    token = raw.get("taskToken")
    if token is None or "stackId" in raw:
        return raw
    try:
        stack_id, task, secret = read_token(token if isinstance(token, str) else "")
    except ValueError:
        raise InvalidMessageError("The message's `taskToken` is no task token.") from None
    told = {"stackId": stack_id, "task": {"name": task, "token": secret}}
    if "output" in raw:
        told["result"] = {"output": raw["output"]}
    if "cause" in raw:
        told["description"] = raw["cause"]
    return {**raw, **told}


def _parsed_answer(body: _AnswerBody) -> Answer:
    told = body.description
    text = told if told is None or isinstance(told, str) else json.dumps(told)
    return Answer(
        task=body.task.name,
        token=body.task.token,
        description=_bounded(_mended(text)),
        error=body.error or FAILED,
        outputs=body.outputs or {},
        result=body.result,
    )


def parse_task(body: str) -> TaskRequest:
    """What a task message asks for.

    Raises:
        InvalidMessageError: what is wrong with which field.
    """
    raw = _json_object(body)
    parsed = _validate(_TaskBody, raw)
    return TaskRequest(
        stack_id=parsed.stack.id,
        machine=parsed.stack.machine,
        task=raw["task"],
        name=parsed.task.name,
        executor=parsed.task.executor,
        config=parsed.task.config,
        metadata=parsed.stack.metadata or {},
        token=parsed.task.token if isinstance(parsed.task.token, str) else "",
        timeout=parsed.task.timeout,
        input=parsed.input,
    )


def task_message(stack: Stack, run: RunTask) -> str:
    """The body that asks for one attempt of a task. It carries no token but its own."""
    task: dict[str, Any] = {
        "name": run.task.name,
        "executor": run.task.executor,
        "config": run.task.config,
        "token": run.token,
        "epoch": run.epoch,
        "attempt": run.attempt,
    }
    if run.task.timeout is not None:
        task["timeout"] = run.task.timeout
    if run.task.runner != LAMBDA:
        task["runner"] = run.task.runner
    body = {"task": task, "stack": stack_view(stack)}
    return _dump(body if run.task.input is None else body | {"input": run.task.input})


def start_message(start: Start) -> str:
    """The body that starts another stack."""
    return _dump(start.body)


def retry_message(stack_id: str) -> str:
    """The body that asks for the failed tasks of a stack again."""
    return _dump({"event": RETRY_FAILED_TASKS, "stackId": stack_id})


def timer_message(stack_id: str, at: int) -> str:
    """The body that says that a moment (epoch ms) has come for a stack."""
    return _dump({"event": TIMER_DUE, "stackId": stack_id, "at": at})


def transition_detail(notice: Notice) -> str:
    """What a bus is told of a transition: ids and states, and no metadata."""
    transition = notice.transition
    detail = {
        "id": notice.id,
        "stackId": notice.stack_id,
        "machine": transition.machine,
        "from": transition.origin,
        "to": transition.target,
        "event": transition.event,
        "eventId": notice.event_id,
        "epoch": transition.epoch,
        "at": transition.at,
    }
    # As letters, not as escapes, so that ten fit into a call whatever their names are.
    return json.dumps(detail, ensure_ascii=False, separators=(",", ":"))


def stack_view(stack: Stack) -> dict[str, Any]:
    """A stack as others may see it: no tokens, nothing of the protocol."""
    return {
        "id": stack.id,
        "previousState": stack.previous_state,
        "machine": stack.machine,
        "_state": stack.state,
        "tasks": [
            {"name": task.name, "status": task.status.value}
            | ({"errorMessage": task.error_message} if task.error_message else {})
            for task in stack.tasks
        ],
        "metadata": dict(stack.metadata),
        "createdAt": stack.created_at,
        "updatedAt": stack.updated_at,
    }


def completed_message(
    request: TaskRequest,
    event_id: str,
    outputs: Mapping[str, Json] | None = None,
    result: Mapping[str, Json] | None = None,
) -> str:
    """The body that says a task succeeded, with the task echoed."""
    body = _answer(TASK_COMPLETED, request, event_id)
    told = {"outputs": outputs or None, "result": result}
    return _dump(body | {name: part for name, part in told.items() if part is not None})


def failed_message(
    request: TaskRequest, event_id: str, description: str, error: str = FAILED
) -> str:
    """The body that says a task failed and why, with the task echoed."""
    body = _answer(TASK_ERROR, request, event_id)
    # An executor has it from anywhere; an answer that is refused would leave its stack waiting.
    named = (_mended(error) or FAILED)[:MAX_NAME_CHARACTERS]
    return _dump(body | {"description": _bounded(description), "error": named})


def _answer(event: str, request: TaskRequest, event_id: str) -> dict[str, Any]:
    return {"event": event, "stackId": request.stack_id, "task": request.task, "eventId": event_id}


def _bounded(description: str | None) -> str | None:
    """The end of a long description, where tools say what went wrong."""
    if description is None or len(description) <= MAX_CAUSE_CHARACTERS:
        return description
    return "…" + description[-MAX_CAUSE_CHARACTERS + 1 :]


def _mended(description: str | None) -> str | None:
    """A tool may print anything; its failure counts all the same, so it is mended, not refused."""
    if description is None or not has_half(description):
        return description
    return description.encode(errors="replace").decode()


def _dump(body: Mapping[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))


def _json_object(body: str) -> dict[str, Any]:
    try:
        parsed = json.loads(body, parse_constant=refuse_constant, parse_float=finite)
    except RecursionError:
        raise InvalidMessageError("The message is nested too deeply.") from None
    except ValueError as error:
        raise InvalidMessageError(f"The message is not JSON: {_place(error)}.") from None
    if not isinstance(parsed, dict):
        raise InvalidMessageError("The message is not a JSON object.")
    # Few brackets cannot be nested deeply: most bodies are judged by that.
    if body.count("{") + body.count("[") > MAX_LEVELS and is_deeper_than(MAX_LEVELS, parsed):
        raise InvalidMessageError("The message is nested too deeply.")
    return parsed


def _place(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    told = str(error)
    known = told == OUT_OF_RANGE or told.endswith("is not a JSON number")
    return told if known else "a number is too long"


def _validate(model: type[Model], raw: dict[str, Any]) -> Model:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = [
            f"`{'.'.join(map(str, item['loc']))}` {_problem(item['type'], item['msg'])}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        stack_id = raw.get("stackId")
        raise InvalidMessageError(
            f"The message cannot be read: {'; '.join(problems)}.",
            stack_id=stack_id if isinstance(stack_id, str) else None,
        ) from None


def _problem(kind: str, text: str) -> str:
    if kind == "missing":
        return "is missing"
    return text.removeprefix("Value error, ").removeprefix("Input ")
