"""Message bodies to values and back: what is taken, what is refused, and in which words."""

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest

from cloudseam.errors import InvalidMessageError
from cloudseam.event import Answer, Event
from cloudseam.limits import (
    MAX_CAUSE_CHARACTERS,
    MAX_METADATA_BYTES,
    MAX_NAME_CHARACTERS,
    MAX_OUTPUTS_BYTES,
    MAX_OUTPUTS_LEVELS,
)
from cloudseam.messages import (
    completed_message,
    failed_message,
    parse_event,
    parse_task,
    stack_view,
    task_message,
)
from cloudseam.step import RunTask, step
from cloudseam.task_token import TaskToken
from tests.builders import NOW, a_failure, a_machine, a_stack, after, an_event, given
from tests.task_builders import a_task_body


def parsed(**fields: Any) -> Event:
    return parse_event(json.dumps({"stackId": "s", "event": "PING"} | fields), "message-1")


def answered(**fields: Any) -> Answer:
    event = parsed(**({"event": "TASK_COMPLETED", "task": {"name": "net"}} | fields))
    assert event.answer is not None
    return event.answer


# ---- events


def test_an_event_message_is_read_whole() -> None:
    event = parsed(machine="life", metadata={"a": 1}, eventId="e-1", task="ignored", other=[1])

    assert event == Event("e-1", "s", "PING", "life", {"a": 1})


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        pytest.param({"event": "PING"}, "PING", id="event"),
        pytest.param({"event": None, "action": "PONG"}, "PONG", id="action"),
        pytest.param({"event": "", "action": "PONG"}, "PONG", id="empty-event-falls-back"),
        pytest.param({"event": "PING", "action": "PONG"}, "PING", id="event-wins"),
        pytest.param({"event": "PING", "action": ""}, "PING", id="empty-action"),
    ],
)
def test_an_event_is_named_by_event_or_else_by_action(fields: dict[str, Any], name: str) -> None:
    assert parsed(**fields).name == name


def test_an_action_can_be_an_answer_too() -> None:
    event = parsed(event="", action="TASK_ERROR", task={"name": "net"}, description="no")

    assert event.answer == Answer("net", description="no")


TOKEN = TaskToken("orders:7", "Approve é#1", "secret")


@pytest.mark.parametrize(
    ("event", "told", "answer"),
    [
        pytest.param(
            "TASK_COMPLETED", {"output": None}, Answer("", result={"output": None}), id="output"
        ),
        pytest.param("TASK_COMPLETED", {}, Answer(""), id="no-output"),
        pytest.param(
            "TASK_ERROR",
            {"error": "No", "cause": "too much"},
            Answer("", error="No", description="too much"),
            id="failure",
        ),
        pytest.param("TASK_HEARTBEAT", {}, Answer(""), id="heartbeat"),
    ],
)
def test_a_task_token_says_whose_answer_it_is(
    event: str, told: dict[str, Any], answer: Answer
) -> None:
    body = {"event": event, "taskToken": TOKEN.as_text(), **told}

    found = parse_event(json.dumps(body), "message-1")

    assert (found.name, found.stack_id) == (event, TOKEN.stack_id)
    assert found.answer == replace(answer, task=TOKEN.task, token=TOKEN.secret)


@pytest.mark.parametrize(
    "token",
    [
        "",
        1,
        [],
        "no token",
        "ż",
        urlsafe_b64encode(b"[1, 2, 3]").decode(),
        urlsafe_b64encode(b"[" * 9_000).decode(),
        urlsafe_b64encode(b"[" * 90_000).decode(),
    ],
)
def test_what_is_no_task_token_is_refused_and_not_shown(token: Any) -> None:
    body = json.dumps({"event": "TASK_COMPLETED", "taskToken": token, "output": 1})

    with pytest.raises(InvalidMessageError, match="`taskToken` is no task token") as raised:
        parse_event(body, "message-1")

    assert len(str(raised.value)) < 100


def test_the_stack_of_a_task_token_is_held_to_the_same_rules() -> None:
    token = TaskToken("cloudseam#claim#x", "t", "secret").as_text()

    with pytest.raises(InvalidMessageError, match="`stackId` must not start with 'cloudseam#'"):
        parse_event(json.dumps({"event": "TASK_COMPLETED", "taskToken": token}), "message-1")


def test_an_end_from_outside_brings_its_error_and_cause() -> None:
    stopped = parsed(event="STOP_EXECUTION", error="Operator.Stopped", cause="wrong \ud800")

    assert stopped.payload == {"error": "Operator.Stopped", "cause": "wrong ?"}
    assert parsed(event="STOP_EXECUTION").payload == {"error": None, "cause": None}


@pytest.mark.parametrize(
    ("fields", "payload"),
    [
        ({"input": {"n": 1}}, {"input": {"n": 1}}),
        ({"input": None}, {"input": None}),
        ({}, {}),
        ({"context": {"n": 1}, "state": None}, {"context": {"n": 1}}),
    ],
)
def test_a_start_brings_what_it_has(fields: dict[str, Any], payload: dict[str, Any]) -> None:
    assert parsed(event="START", machine="m", **fields).payload == payload


def test_an_event_without_an_id_of_its_own_has_its_messages() -> None:
    assert parsed().id == "message-1"


@pytest.mark.parametrize("name", ["machine", "metadata", "eventId", "action"])
def test_a_field_that_is_null_counts_as_left_out(name: str) -> None:
    assert parsed(**{name: None}) == parsed()


@pytest.mark.parametrize(
    "stack_id",
    [
        "a",
        "feature/JIRA-1 (draft)",
        'it\'s "quoted"',
        "$(rm -rf ~)",
        "`id`; echo",
        "..",
        "../../etc/passwd",
        "-destroy",
        "{{id}}",
        "zażółć-日本-🚀",
        "constructor",
        "x" * 255,
        "🚀" * 255,
    ],
)
def test_an_id_that_is_merely_odd_is_taken_as_it_is(stack_id: str) -> None:
    assert parsed(stackId=stack_id).stack_id == stack_id


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("text", "x"),
        ("empty", ""),
        ("null", None),
        ("yes", True),
        ("zero", 0),
        ("negative", -1.5),
        ("small", 1e-130),
        ("large", 9e125),
        ("digits", 10**38 - 1),
        ("stack_id", "another"),
        ("-destroy", "x"),
        ("TF_CLI_ARGS", "-destroy"),
        ("__proto__", "x"),
        ("key with spaces", "\x00\n"),
        ("ключ", "значение"),
    ],
)
def test_metadata_takes_any_key_and_any_plain_value(key: str, value: Any) -> None:
    metadata = parsed(metadata={key: value}).metadata

    assert metadata == {key: value}
    assert type(metadata[key]) is type(value)


def test_metadata_of_the_largest_size_is_taken_and_one_more_byte_is_not() -> None:
    room = MAX_METADATA_BYTES - len(json.dumps({"k": ""}))

    assert parsed(metadata={"k": "x" * room}).metadata["k"]
    with pytest.raises(
        InvalidMessageError, match=f"`metadata` must be at most {MAX_METADATA_BYTES}"
    ):
        parsed(metadata={"k": "x" * (room + 1)})


# ---- answers


def test_an_answer_is_read_whole() -> None:
    answer = answered(
        event="TASK_ERROR",
        task={"name": "net", "token": "t", "executor": "lambda", "config": {}, "epoch": 3},
        description="no disk",
    )

    assert answer == Answer("net", "t", "no disk")


def test_an_answer_brings_its_outputs() -> None:
    outputs = {"url": "u", "list": [1, {"a": None}], "flag": False}

    assert answered(outputs=outputs).outputs == outputs


@pytest.mark.parametrize("outputs", [None, {}], ids=["null", "empty"])
def test_an_answer_may_have_no_outputs(outputs: dict[str, Any] | None) -> None:
    assert answered(outputs=outputs).outputs == {}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        pytest.param(None, None, id="nothing"),
        pytest.param("", "", id="empty"),
        pytest.param("no disk", "no disk", id="text"),
        pytest.param({"code": 1}, '{"code": 1}', id="object"),
        pytest.param(["a"], '["a"]', id="array"),
        pytest.param(7, "7", id="number"),
        pytest.param("half \ud800 pair", "half ? pair", id="half-a-surrogate-pair"),
    ],
)
def test_a_description_of_any_kind_is_kept_as_text(told: Any, kept: str | None) -> None:
    assert answered(event="TASK_ERROR", description=told).description == kept


def test_of_a_long_description_the_end_is_kept() -> None:
    description = answered(event="TASK_ERROR", description="x" * 40_000 + "the end").description

    assert description is not None
    assert len(description) == MAX_CAUSE_CHARACTERS
    assert description.startswith("…")
    assert description.endswith("the end")


# ---- what is refused, by which words


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param({"stackId": None}, "`stackId` must be a text", id="no-stack-id"),
        pytest.param({"stackId": "x" * 256}, "`stackId` must have at most 255", id="long-stack-id"),
        pytest.param({"stackId": "a\nb"}, "`stackId` must not hold control", id="newline-in-id"),
        pytest.param({"stackId": "cloudseam#x"}, "`stackId` must not start with", id="reserved-id"),
        pytest.param({"event": None}, "no `event`", id="no-event"),
        pytest.param({"event": 5}, "`event` must be a text", id="event-a-number"),
        pytest.param({"machine": ""}, "`machine` must be a text", id="empty-machine"),
        pytest.param({"metadata": []}, "`metadata` must be a flat object", id="metadata-array"),
        pytest.param({"metadata": {"k": {}}}, "key 'k' holds an object", id="metadata-nested"),
        pytest.param({"metadata": {"k": 10**38}}, "key 'k' holds a number", id="metadata-digits"),
        pytest.param({"eventId": ""}, "`eventId` must be a text", id="empty-event-id"),
        pytest.param({"event": "TASK_ERROR"}, "`task` is missing", id="answer-without-task"),
        pytest.param(
            {"event": "TASK_ERROR", "task": {}}, "`task.name` is missing", id="answer-without-name"
        ),
        pytest.param(
            {"event": "TASK_COMPLETED", "task": {"name": "x"}, "outputs": []},
            "`outputs` must be an object",
            id="outputs-array",
        ),
        pytest.param(
            {"event": "TASK_COMPLETED", "task": {"name": "x"}, "outputs": {"a": 1e300}},
            "`outputs` holds a number",
            id="outputs-number",
        ),
        pytest.param(
            {"event": "TASK_COMPLETED", "task": {"name": "x"}, "outputs": {"a": [{"": 1}]}},
            "`outputs` must not hold an empty key",
            id="outputs-empty-key",
        ),
        pytest.param(
            {
                "event": "TASK_COMPLETED",
                "task": {"name": "x"},
                "outputs": {"a": "x" * MAX_OUTPUTS_BYTES},
            },
            "`outputs` must be at most",
            id="outputs-large",
        ),
    ],
)
def test_a_refusal_names_the_field(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidMessageError) as raised:
        parsed(**fields)

    assert said in str(raised.value)


def test_a_refusal_names_every_field_at_once_and_the_stack() -> None:
    with pytest.raises(InvalidMessageError) as raised:
        parsed(machine=1, metadata=2, eventId=3)

    assert all(f"`{name}`" in str(raised.value) for name in ("machine", "metadata", "eventId"))
    assert raised.value.stack_id == "s"


def test_outputs_may_be_nested_as_deep_as_the_store_keeps_them() -> None:
    nested: Any = "x"
    for _ in range(MAX_OUTPUTS_LEVELS - 1):
        nested = [nested]

    assert answered(outputs={"a": nested}).outputs == {"a": nested}
    with pytest.raises(InvalidMessageError, match="`outputs` must be nested at most 30 levels"):
        answered(outputs={"a": [nested]})


# ---- task messages and answers to them


PROVISION = step(a_machine(), a_stack("INIT", metadata={"size": 2}), an_event("LAUNCH"), given(5))


def a_task_message(run: RunTask = PROVISION.effects[0]) -> dict[str, Any]:
    return dict(json.loads(task_message(PROVISION.stack, run)))


def test_a_task_message_has_the_originals_fields_and_its_own_attempt() -> None:
    run = PROVISION.effects[0]

    assert a_task_message() == {
        "task": {
            "name": "net",
            "executor": "lambda",
            "config": {"name": "run-net"},
            "token": run.token,
            "epoch": 3,
            "attempt": 1,
        },
        "stack": {
            "id": "s",
            "previousState": "INIT",
            "machine": "life",
            "_state": "PROVISION",
            "tasks": [
                {"name": "net", "status": "PENDING"},
                {"name": "db", "status": "PENDING"},
            ],
            "metadata": {"size": 2},
            "createdAt": NOW,
            "updatedAt": NOW + 5,
        },
    }


def test_a_task_message_carries_no_token_but_its_own() -> None:
    net, db = PROVISION.effects

    assert db.token not in task_message(PROVISION.stack, net)


def test_the_view_of_a_stack_shows_errors_and_nothing_of_the_protocol() -> None:
    stack = after(PROVISION.stack, a_failure("db", PROVISION.effects[1].token))

    view = stack_view(stack)

    assert view["tasks"][1] == {"name": "db", "status": "ERROR", "errorMessage": "it broke"}
    assert not {"version", "epoch", "applied", "machineDigest"} & set(view)
    assert all(run.token not in json.dumps(view) for run in PROVISION.effects)


def test_a_task_message_is_read_by_the_satisfier_as_it_was_meant() -> None:
    message = a_task_message()

    request = parse_task(json.dumps(message))

    assert (request.stack_id, request.machine, request.name) == ("s", "life", "net")
    assert (request.executor, request.config) == ("lambda", {"name": "run-net"})
    assert (request.task, request.metadata) == (message["task"], {"size": 2})


def test_a_task_message_of_the_original_is_read_too() -> None:
    message = a_task_message()
    message["task"] = {"name": "net", "executor": "terraform", "config": {"action": "apply"}}

    assert parse_task(json.dumps(message)).executor == "terraform"


@pytest.mark.parametrize(
    "place", [("task",), ("stack",), ("task", "name"), ("task", "executor"), ("stack", "id")]
)
def test_a_task_message_without_a_needed_field_is_refused(place: tuple[str, ...]) -> None:
    message = a_task_message()
    inner = message if len(place) == 1 else message[place[0]]
    del inner[place[-1]]

    with pytest.raises(InvalidMessageError, match=f"`{'.'.join(place)}` is missing"):
        parse_task(json.dumps(message))


def test_a_completion_comes_back_with_its_token_and_outputs() -> None:
    request = parse_task(json.dumps(a_task_message()))

    event = parse_event(completed_message(request, "e-1", {"url": "u"}), "message-1")

    assert (event.id, event.stack_id, event.name) == ("e-1", "s", "TASK_COMPLETED")
    assert event.answer == Answer("net", PROVISION.effects[0].token, outputs={"url": "u"})


def test_a_failure_comes_back_with_the_end_of_a_long_reason() -> None:
    request = parse_task(json.dumps(a_task_message()))

    event = parse_event(failed_message(request, "e-1", "x" * 40_000 + "!"), "message-1")

    assert event.answer is not None
    assert event.answer.description is not None
    assert len(event.answer.description) == MAX_CAUSE_CHARACTERS
    assert event.answer.description.endswith("!")


@pytest.mark.parametrize("error", ["E" * 9_000, "half \ud800"])
def test_a_failure_of_any_name_can_be_read(error: str) -> None:
    request = parse_task(json.dumps(a_task_message()))

    event = parse_event(failed_message(request, "e-1", "", error), "message-1")

    assert event.answer is not None
    assert event.answer.error in ("E" * MAX_NAME_CHARACTERS, "half ?")


def test_a_task_message_carries_metadata_that_many_events_have_merged() -> None:
    metadata = {f"key-{n}": "x" * 60_000 for n in range(2)} | {"nested": {"by": "the original"}}
    body = {
        "task": {"name": "net", "executor": "lambda", "config": {"name": "f"}},
        "stack": {"id": "s", "machine": "life", "metadata": metadata},
    }

    assert parse_task(json.dumps(body)).metadata == metadata


def test_the_input_of_an_invocation_is_beside_its_task_and_is_not_echoed() -> None:
    body = a_task_body() | {"input": {"to": "SecondState"}}

    request = parse_task(json.dumps(body))
    answer = json.loads(completed_message(request, "id", result={"event": None}))

    assert request.input == {"to": "SecondState"}
    assert answer["result"] == {"event": None}
    assert answer["task"] == body["task"]
    assert "input" not in answer


def test_a_task_without_an_input_has_none() -> None:
    request = parse_task(json.dumps(a_task_body()))

    assert request.input is None
    assert "result" not in json.loads(completed_message(request, "id"))
