"""Each task message of a batch is run, and answered by itself."""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from cloudseam.delivery import Delivery
from cloudseam.errors import InvalidMessageError, ServiceUnavailableError
from cloudseam.event import Json
from cloudseam.messages import parse_event
from cloudseam.queues import OutgoingMessage, Queue
from cloudseam.queues.memory import InMemoryQueue
from task_satisfier.executors import Executor, OutOfTimeError, TaskFailedError, TaskRun
from task_satisfier.satisfier import TaskOutcome, TaskSatisfier
from tests.builders import CANARY, a_delivery
from tests.task_builders import (
    FakeExecutor,
    FakeExecutors,
    a_task_body,
    a_task_delivery,
    attempts_in_memory,
    failing,
)


class BrokenQueue(InMemoryQueue):
    """A queue that takes nothing."""

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        return dict.fromkeys(range(len(messages)), ServiceUnavailableError())


def satisfy(
    executor: Executor,
    *deliveries: Delivery,
    answers: Queue,
    seconds: float = 60,
    sensitive: frozenset[str] = frozenset(),
) -> list[TaskOutcome]:
    satisfier = TaskSatisfier(
        FakeExecutors(executor),
        answers,
        attempts_in_memory(),
        sensitive_keys=sensitive,
        margin=15,
    )
    return satisfier.handle_batch(deliveries, lambda: seconds)


def bodies(queue: InMemoryQueue) -> list[dict[str, Any]]:
    return [json.loads(message.body) for message in queue.sent]


def test_a_task_that_ends_well_is_answered_with_its_echo_and_outputs() -> None:
    answers = InMemoryQueue()
    body = a_task_body(token="t1", epoch=3, anything={"else": 1})

    satisfy(FakeExecutor(lambda run: {"url": "x"}), a_delivery(body), answers=answers)

    assert bodies(answers) == [
        {
            "event": "TASK_COMPLETED",
            "stackId": "s",
            "task": body["task"],
            "eventId": "t1/completed",
            "outputs": {"url": "x"},
        }
    ]


@pytest.mark.parametrize(
    ("numbers", "told"),
    [({"epoch": 3, "attempt": 2}, (3, 2)), ({}, (None, None)), ({"epoch": "x" * 99}, (None, None))],
    ids=["numbers", "none", "something else"],
)
def test_the_log_says_which_attempt_of_a_task_is_run(
    numbers: dict[str, Any], told: tuple[Any, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cloudseam.satisfier")

    satisfy(FakeExecutor(), a_task_delivery(**numbers), answers=InMemoryQueue())

    [line] = [record for record in caplog.records if record.message == "Task started"]
    assert (getattr(line, "epoch", None), getattr(line, "attempt", None)) == told


def test_a_task_that_fails_is_answered_with_its_cause_and_done() -> None:
    answers = InMemoryQueue()

    [outcome] = satisfy(failing("no such thing"), a_task_delivery(), answers=answers)

    assert bodies(answers)[0]["event"] == "TASK_ERROR"
    assert bodies(answers)[0]["description"] == "no such thing"
    assert (outcome.cause, outcome.error) == ("no such thing", None)


def test_an_unknown_executor_is_a_failed_task() -> None:
    answers = InMemoryQueue()

    satisfy(FakeExecutor(), a_task_delivery("constructor"), answers=answers)

    assert bodies(answers)[0]["event"] == "TASK_ERROR"
    assert "'constructor' is not known" in bodies(answers)[0]["description"]


def test_a_long_cause_is_bounded() -> None:
    answers = InMemoryQueue()

    satisfy(failing("x" * 100_000), a_task_delivery(), answers=answers)

    assert len(bodies(answers)[0]["description"]) == 32_768


def test_the_same_attempt_is_answered_with_the_same_id_each_time() -> None:
    first, again = InMemoryQueue(), InMemoryQueue()
    body = a_task_body(token="t1")

    satisfy(FakeExecutor(), a_delivery(body, message_id="m1"), answers=first)
    satisfy(FakeExecutor(), a_delivery(body, message_id="m2"), answers=again)

    assert bodies(first)[0]["eventId"] == bodies(again)[0]["eventId"]


@pytest.mark.parametrize(
    ("token", "event_id"),
    [
        ({}, "m1/completed"),
        ({"token": ""}, "m1/completed"),
        ({"token": 7}, "m1/completed"),
        ({"token": "t1"}, "t1/completed"),
    ],
    ids=["none", "empty", "no text", "a token"],
)
def test_without_a_token_the_message_names_the_answer(token: dict[str, Any], event_id: str) -> None:
    answers = InMemoryQueue()

    satisfy(FakeExecutor(), a_delivery(a_task_body(**token), message_id="m1"), answers=answers)

    assert bodies(answers)[0]["eventId"] == event_id


def test_the_state_machine_can_read_what_is_answered() -> None:
    answers = InMemoryQueue()

    satisfy(FakeExecutor(lambda run: {"n": 1}), a_task_delivery(token="t1"), answers=answers)

    event = parse_event(answers.sent[0].body, "m")
    assert event.answer is not None
    assert (event.answer.task, event.answer.token, event.answer.outputs) == ("net", "t1", {"n": 1})


def test_every_message_of_a_batch_is_handled_and_has_its_own_outcome() -> None:
    answers = InMemoryQueue()
    batch = [
        a_task_delivery(name="one"),
        a_delivery("no JSON"),
        a_task_delivery("nobody", name="two"),
        a_task_delivery(name="three"),
    ]

    outcomes = satisfy(FakeExecutor(), *batch, answers=answers)

    assert [outcome.delivery for outcome in outcomes] == batch
    assert [type(outcome.error) for outcome in outcomes] == [
        type(None),
        InvalidMessageError,
        type(None),
        type(None),
    ]
    assert {(body["task"]["name"], body["event"]) for body in bodies(answers)} == {
        ("one", "TASK_COMPLETED"),
        ("two", "TASK_ERROR"),
        ("three", "TASK_COMPLETED"),
    }


def test_no_answer_waits_for_another_task() -> None:
    answered = threading.Event()

    class Answers(InMemoryQueue):
        def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
            result = super().send(messages)
            answered.set()
            return result

    def wait_if_slow(run: TaskRun) -> Mapping[str, Json]:
        if run.request.name == "slow":
            assert answered.wait(10), "the quick task's answer waits for the slow one"
        return {}

    outcomes = satisfy(
        FakeExecutor(wait_if_slow),
        a_task_delivery(name="slow"),
        a_task_delivery(name="quick"),
        answers=Answers(),
    )

    assert [outcome.error for outcome in outcomes] == [None, None]


def test_a_delivery_whose_answer_was_not_sent_is_not_done() -> None:
    [outcome] = satisfy(FakeExecutor(), a_task_delivery(), answers=BrokenQueue())

    assert isinstance(outcome.error, ServiceUnavailableError)


def surprising(run: TaskRun) -> Mapping[str, Json]:
    """What no executor should do, and only to tasks called odd."""
    if run.request.name == "odd":
        raise KeyError(CANARY)
    return {}


def test_a_surprise_in_one_task_is_answered_and_leaves_the_others_alone() -> None:
    answers = InMemoryQueue()

    outcomes = satisfy(
        FakeExecutor(surprising),
        a_task_delivery(name="odd"),
        a_task_delivery(name="even"),
        answers=answers,
    )

    assert isinstance(outcomes[0].surprise, KeyError)
    assert [outcome.error for outcome in outcomes] == [None, None]
    told = {body["task"]["name"]: body for body in bodies(answers)}
    assert told["odd"]["event"] == "TASK_ERROR"
    assert told["odd"]["description"] == "unexpected KeyError in executor 'fake'; see the log"
    assert told["even"]["event"] == "TASK_COMPLETED"


def test_outputs_that_are_no_json_are_a_surprise_as_well() -> None:
    answers = InMemoryQueue()
    odd: Any = object()

    [outcome] = satisfy(FakeExecutor(lambda run: {"o": odd}), a_task_delivery(), answers=answers)

    assert outcome.error is None
    assert bodies(answers)[0]["description"].startswith("unexpected TypeError in executor 'fake'")


def test_an_executor_that_cannot_be_built_is_answered() -> None:
    class Broken:
        def get(self, name: str) -> Executor:
            raise ImportError(CANARY)

    answers = InMemoryQueue()

    [outcome] = TaskSatisfier(Broken(), answers, attempts_in_memory()).handle_batch(
        [a_task_delivery()], lambda: 60
    )

    assert outcome.error is None
    assert bodies(answers)[0]["description"].startswith("unexpected ImportError")


def test_a_surprise_whose_answer_was_not_sent_is_not_done() -> None:
    [outcome] = satisfy(
        FakeExecutor(surprising), a_task_delivery(name="odd"), answers=BrokenQueue()
    )

    assert isinstance(outcome.error, ServiceUnavailableError)
    assert isinstance(outcome.surprise, KeyError)


def test_the_margin_is_taken_off_the_time_left() -> None:
    executor = FakeExecutor()

    satisfy(executor, a_task_delivery(), answers=InMemoryQueue(), seconds=100)

    assert executor.runs[0].time_left() == 85


def test_stop_ends_the_time_of_tasks_that_run() -> None:
    answers = InMemoryQueue()
    satisfier: TaskSatisfier

    def stopped(run: TaskRun) -> Mapping[str, Json]:
        run.ensure_time()
        satisfier.stop()
        run.ensure_time()
        return {}

    satisfier = TaskSatisfier(FakeExecutors(FakeExecutor(stopped)), answers, attempts_in_memory())
    satisfier.handle_batch([a_task_delivery()], lambda: 900)

    assert "ran out of time" in bodies(answers)[0]["description"]


def test_values_of_sensitive_metadata_are_in_no_cause() -> None:
    answers = InMemoryQueue()

    satisfy(
        failing(f"wrong: {CANARY} shown"),
        a_task_delivery(metadata={"password": CANARY, "open": "shown"}),
        answers=answers,
        sensitive=frozenset({"password"}),
    )

    assert bodies(answers)[0]["description"] == "wrong: (sensitive value) shown"


def test_an_output_with_a_value_of_sensitive_metadata_is_left_out_and_the_log_names_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = InMemoryQueue()
    outputs: dict[str, Json] = {"url": f"https://{CANARY}.example", "true_size": [1, "shown"]}

    with caplog.at_level(logging.WARNING, "cloudseam.satisfier"):
        satisfy(
            FakeExecutor(lambda run: outputs),
            a_task_delivery(metadata={"password": CANARY, "open": "shown", "flag": "true"}),
            answers=answers,
            sensitive=frozenset({"password", "flag"}),
        )

    assert bodies(answers)[0]["outputs"] == {"true_size": [1, "shown"]}
    assert caplog.messages == ["Output 'url' is left out: it holds a sensitive value"]
    assert vars(caplog.records[0])["task"] == "net"


@pytest.mark.parametrize("value", [{"a": {"b": ["c"]}}, "x" * 100_000], ids=["nested", "large"])
def test_metadata_that_was_stored_is_no_reason_to_refuse_a_task(value: Json) -> None:
    executor = FakeExecutor()

    [outcome] = satisfy(executor, a_task_delivery(metadata={"old": value}), answers=InMemoryQueue())

    assert outcome.error is None
    assert executor.runs[0].request.metadata == {"old": value}


NO_TASKS = {
    "empty": "",
    "not JSON": "apply!",
    "null": "null",
    "a number": "7",
    "a list": "[]",
    "a text": '"task"',
    "an event": json.dumps({"stackId": "s", "event": "LAUNCH"}),
    "NaN": '{"task": NaN}',
    "nested 50,000 deep": "[" * 50_000,
    "a number of 5,000 digits": '{"task": ' + "9" * 5_000 + "}",
    "1 MiB": json.dumps({"task": "x" * 1024 * 1024}),
    "half of a surrogate pair": json.dumps(a_task_body(name="\ud800")),
    "no task": json.dumps({"stack": a_task_body()["stack"]}),
    "task null": json.dumps(a_task_body() | {"task": None}),
    "task a list": json.dumps(a_task_body() | {"task": []}),
    "no stack": json.dumps({"task": a_task_body()["task"]}),
    "no name": json.dumps(a_task_body() | {"task": {"executor": "fake", "config": {}}}),
    "name empty": json.dumps(a_task_body(name="")),
    "no executor": json.dumps(a_task_body() | {"task": {"name": "net", "config": {}}}),
    "executor a list": json.dumps(
        a_task_body() | {"task": {"name": "net", "executor": ["fake"], "config": {}}}
    ),
    "config a list": json.dumps(
        a_task_body() | {"task": {"name": "net", "executor": "fake", "config": []}}
    ),
    "stack id empty": json.dumps(a_task_body(stack_id="")),
    "stack id a number": json.dumps(a_task_body() | {"stack": {"id": 7, "machine": "m"}}),
    "stack id with a line break": json.dumps(a_task_body(stack_id="s\nrm")),
    "stack id of 300 characters": json.dumps(a_task_body(stack_id="s" * 300)),
    "stack id of the store's own rows": json.dumps(a_task_body(stack_id="cloudseam#x")),
    "no machine": json.dumps(a_task_body() | {"stack": {"id": "s"}}),
    "metadata a list": json.dumps(
        a_task_body() | {"stack": {"id": "s", "machine": "m", "metadata": [CANARY]}}
    ),
}


@pytest.mark.parametrize("body", NO_TASKS.values(), ids=NO_TASKS)
def test_what_is_no_task_message_is_refused_with_a_reason_and_runs_nothing(body: str) -> None:
    executor, answers = FakeExecutor(), InMemoryQueue()

    [outcome] = satisfy(executor, a_delivery(body), answers=answers)

    assert isinstance(outcome.error, InvalidMessageError)
    assert str(outcome.error).startswith("The message ")
    assert CANARY not in str(outcome.error)
    assert not executor.runs
    assert not answers.sent


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        pytest.param(TaskFailedError("no"), "Failed", id="of no kind of its own"),
        pytest.param(TaskFailedError("no", error="MyError"), "MyError", id="of a kind of its own"),
        pytest.param(OutOfTimeError("no"), "OutOfTime", id="out of time"),
        pytest.param(ValueError("no"), "Failed", id="a surprise"),
    ],
)
def test_the_answer_of_a_failed_task_says_which_kind_of_failure_it_is(
    failure: Exception, kind: str
) -> None:
    def fail(run: TaskRun) -> Mapping[str, Json]:
        raise failure

    answers = InMemoryQueue()

    satisfy(FakeExecutor(fail), a_task_delivery(), answers=answers)

    [answer] = bodies(answers)
    assert (answer["event"], answer["error"]) == ("TASK_ERROR", kind)


def test_the_kind_of_one_failure_is_not_that_of_the_next() -> None:
    assert TaskFailedError("no", error="MyError").error == "MyError"
    assert TaskFailedError("no").error == "Failed"
