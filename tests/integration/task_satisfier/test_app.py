"""The function itself: an SQS event in, answers and dead letters on queues, failures reported."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from cloudseam import observability
from cloudseam.batch import InvalidInvocationError
from cloudseam.errors import InvalidSettingsError
from cloudseam.event import Json
from cloudseam.poller import InvocationContext
from task_satisfier import app, clients, wiring
from task_satisfier.executors import TaskRun
from task_satisfier.executors.registry import Builder, ExecutorRegistry
from tests.bad_invocations import BAD_INVOCATIONS
from tests.builders import CANARY
from tests.conftest import LogLines
from tests.counted_calls import counted_calls
from tests.emf import Metric, counted, metrics_in
from tests.emulated import EmulatedAws, emulated_aws
from tests.task_builders import (
    FakeExecutor,
    FakeExecutors,
    a_task_body,
    a_terraform_config,
    failing,
)

REPOSITORY = Path(__file__).parents[3]


def _context() -> LambdaContext:
    deadline = time.monotonic() + 900
    return cast(LambdaContext, InvocationContext("satisfier", "arn:aws:lambda:x", deadline))


@dataclass
class Function:
    """The function with queues of its own."""

    aws: EmulatedAws
    events: str
    tasks: str
    letters: str

    def invoke(self, *bodies: str | dict[str, Any], receive_count: int = 1) -> list[str]:
        """Which messages it reports as failed; they are called m0, m1, …"""
        answer = app.lambda_handler(
            {"Records": [_record(n, body, receive_count) for n, body in enumerate(bodies)]},
            _context(),
        )
        return [item["itemIdentifier"] for item in answer["batchItemFailures"]]

    def answers(self) -> list[dict[str, Any]]:
        """What has been answered."""
        return [json.loads(message["Body"]) for message in self.aws.received(self.events)]


def _record(number: int, body: str | dict[str, Any], receive_count: int) -> dict[str, Any]:
    return {
        "messageId": f"m{number}",
        "receiptHandle": f"r{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(receive_count)},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:tasks",
        "awsRegion": "us-east-1",
    }


def _forget() -> None:
    for made in (app.settings, app.satisfier, app.dead_letters, clients.sqs_client):
        made.cache_clear()


@pytest.fixture
def function() -> Iterator[Function]:
    with emulated_aws() as aws:
        made = Function(aws, aws.queue(), aws.queue(), aws.queue())
        environ = {
            "SQS_EVENT_QUEUE_URL": made.events,
            "SQS_TASK_QUEUE_URL": made.tasks,
            "SQS_TASK_DLQ_URL": made.letters,
            "MAX_RECEIVE_COUNT": "5",
            "SENSITIVE_METADATA_KEYS": "password",
        }
        with patch.dict(os.environ, environ):
            _forget()
            observability._flush()  # what tests before this one have counted
            yield made
            _forget()


def test_importing_it_needs_no_environment() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import task_satisfier.app"],
        env={"PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'layers/cloudseam'}"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr == ""
    assert ended.returncode == 0


def test_importing_it_imports_no_executor() -> None:
    module = "task_satisfier.executors.terraform"
    script = f"import sys, task_satisfier.app; sys.exit({module!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_without_its_settings_it_names_the_one_it_needs() -> None:
    with emulated_aws(), patch.dict(os.environ, {"SQS_EVENT_QUEUE_URL": ""}):
        _forget()

        with pytest.raises(InvalidSettingsError, match="SQS_EVENT_QUEUE_URL is required"):
            app.lambda_handler({"Records": [_record(0, a_task_body(), 1)]}, _context())


def test_a_task_that_fails_is_answered_and_done(function: Function) -> None:
    body = a_task_body("ansible", token="t1")

    assert function.invoke(body) == []

    [answer] = function.answers()
    assert answer["event"] == "TASK_ERROR"
    assert answer["stackId"] == "s"
    assert answer["task"] == body["task"]
    assert answer["eventId"] == "t1/failed"
    assert "There are: lambda, python, states, terraform." in answer["description"]


def test_each_record_of_a_batch_has_its_own_outcome(function: Function) -> None:
    missing = a_task_body("terraform", a_terraform_config("/nowhere"), name="two")

    assert function.invoke(a_task_body("ansible", name="one"), "no task", missing) == []

    assert sorted(answer["task"]["name"] for answer in function.answers()) == ["one", "two"]
    assert len(function.aws.received(function.letters)) == 1


def test_what_is_no_task_is_dead_lettered_with_its_reason(function: Function) -> None:
    assert function.invoke('{"event": "LAUNCH"}') == []

    [letter] = function.aws.received(function.letters)
    assert letter["Body"] == '{"event": "LAUNCH"}'
    attributes = {name: item["StringValue"] for name, item in letter["MessageAttributes"].items()}
    assert attributes["error"] == "InvalidMessageError"
    assert "`task` is missing" in attributes["reason"]
    assert function.answers() == []


def test_without_a_dead_letter_queue_it_goes_back(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SQS_TASK_DLQ_URL")

    assert function.invoke("no task", a_task_body("ansible")) == ["m0"]


def test_a_task_whose_answer_is_not_sent_comes_again(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQS_EVENT_QUEUE_URL", f"{function.events}-gone")

    assert function.invoke(a_task_body("ansible")) == ["m0"]
    assert function.aws.received(function.letters) == []


def test_at_its_last_receive_it_is_dead_lettered_instead(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQS_EVENT_QUEUE_URL", f"{function.events}-gone")

    assert function.invoke(a_task_body("ansible"), receive_count=5) == []

    [letter] = function.aws.received(function.letters)
    assert "SQS did not take" in letter["MessageAttributes"]["reason"]["StringValue"]


def test_one_log_line_and_a_metric_tell_what_became_of_each_task(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = LogLines()
    logging.getLogger("cloudseam").addHandler(lines)
    metadata = {"password": CANARY, "other": CANARY}

    function.invoke(a_task_body("ansible", metadata=metadata), "no task")
    logging.getLogger("cloudseam").removeHandler(lines)

    told = {record.getMessage(): vars(record) for record in lines.records}
    assert told["Task failed"]["stack_id"] == "s"
    assert told["Task failed"]["task"] == "net"
    assert told["Task failed"]["executor"] == "ansible"
    assert told["Task message dead-lettered"]["error"] == "InvalidMessageError"
    assert CANARY not in str(told)
    assert counted(capsys.readouterr().out) == {"TasksFailed": 1, "TaskMessagesDeadLettered": 1}


class _Surprised(FakeExecutors):
    """An executor nobody thought of what it would do."""

    def __init__(self) -> None:
        def surprise(run: TaskRun) -> Mapping[str, Json]:
            raise ValueError(f"wrong: {run.request.metadata}")

        super().__init__(FakeExecutor(surprise))


def test_of_a_surprise_the_stack_is_told_and_the_log_tells_the_place_and_not_the_text(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "ExecutorRegistry", lambda settings: _Surprised())
    lines = LogLines()
    logging.getLogger("cloudseam").addHandler(lines)

    failed = function.invoke(a_task_body("fake", metadata={"a": CANARY}))
    logging.getLogger("cloudseam").removeHandler(lines)

    assert failed == []
    [answer] = function.answers()
    assert answer["event"] == "TASK_ERROR"
    assert answer["description"] == "unexpected ValueError in executor 'fake'; see the log"
    [told] = [vars(record) for record in lines.records if "trace" in vars(record)]
    assert told["error"] == "ValueError"
    assert "in surprise" in told["trace"]
    assert CANARY not in str([vars(record) for record in lines.records])


class _Quick(FakeExecutors):
    """An executor that is done at once."""

    def __init__(self) -> None:
        super().__init__(FakeExecutor())


@pytest.fixture
def quick(function: Function, monkeypatch: pytest.MonkeyPatch) -> Function:
    """The function with a table to claim in, and an executor that calls nothing."""
    monkeypatch.setenv("DYNAMODB_TABLE", function.aws.table())
    monkeypatch.setattr(wiring, "ExecutorRegistry", lambda settings: _Quick())
    return function


@pytest.mark.parametrize("tasks", [1, 3, 10])
def test_each_task_costs_one_conditional_write_and_their_answers_one_send(
    quick: Function, tasks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("task_satisfier.answers.PATIENCE", 60)
    bodies = [a_task_body(name=f"t{n}", token=f"token-{n}") for n in range(tasks)]

    with counted_calls() as calls:
        assert quick.invoke(*bodies) == []

    assert calls.taken() == {"PutItem": tasks, "SendMessageBatch": 1}
    conditions = {
        call["ConditionExpression"] for name, call in calls.arguments if name == "PutItem"
    }
    assert conditions == {"attribute_not_exists(id)"}
    assert len(quick.answers()) == tasks


def test_claims_are_in_the_table_that_is_named_for_them(
    quick: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = quick.aws.table()
    monkeypatch.setenv("DYNAMODB_CLAIMS_TABLE", claims)

    quick.invoke(a_task_body(token="t1"))

    assert set(quick.aws.items(claims)) == {"cloudseam#claim#t1"}
    assert quick.aws.items(os.environ["DYNAMODB_TABLE"]) == {}


def test_a_task_that_comes_again_unclaimed_costs_one_read_more(quick: Function) -> None:
    with counted_calls() as calls:
        quick.invoke(a_task_body(token="t1"), receive_count=2)

    # No stack waits for it, which is noted with the claim; so nothing is sent.
    assert calls.taken() == {"PutItem": 2, "BatchGetItem": 1}


def test_a_duplicate_in_the_batch_costs_a_refused_write_and_its_way_back(quick: Function) -> None:
    with counted_calls() as calls:
        [returned] = quick.invoke(*[a_task_body(token="t1")] * 2)

    assert returned in {"m0", "m1"}
    assert calls.taken() == {"PutItem": 2, "SendMessageBatch": 1, "ChangeMessageVisibilityBatch": 1}


@pytest.mark.parametrize("payload", BAD_INVOCATIONS.values(), ids=BAD_INVOCATIONS)
def test_an_invocation_that_is_no_batch_is_refused_and_asks_nothing_of_aws(payload: Any) -> None:
    with counted_calls() as calls, pytest.raises(InvalidInvocationError):
        app.lambda_handler(payload, _context())

    assert calls.taken() == {}


def test_the_time_of_a_task_is_told_by_its_executor_and_end(
    function: Function, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]

    def work(run: TaskRun) -> Mapping[str, Json]:
        now[0] += 1.5
        return {}

    builders: dict[str, Builder] = {
        "lambda": lambda settings: FakeExecutor(work),
        "terraform": lambda settings: failing("It did not work."),
    }
    monkeypatch.setattr(
        wiring, "ExecutorRegistry", lambda settings: ExecutorRegistry(settings, builders)
    )
    monkeypatch.setattr(app.satisfier(), "_clock", lambda: now[0])
    capsys.readouterr()

    function.invoke(a_task_body("lambda", token="t1"))
    done = list(metrics_in(capsys.readouterr().out))
    function.invoke(a_task_body("terraform", token="t2"))
    failed = list(metrics_in(capsys.readouterr().out))

    assert done == [
        Metric("TasksCompleted", "Count", (1.0,)),
        duration(1500.0, executor="lambda", outcome="completed"),
    ]
    assert failed == [
        Metric("TasksFailed", "Count", (1.0,)),
        duration(0.0, executor="terraform", outcome="failed"),
    ]


def test_whoever_sends_tasks_makes_no_metrics_by_naming_executors(
    function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    function.invoke(a_task_body("ansible-1"), a_task_body("ansible-2"))

    told = [each for each in metrics_in(capsys.readouterr().out) if each.name == "TaskDuration"]
    assert [each.dimensions for each in told] == [(("executor", "unknown"), ("outcome", "failed"))]
    assert len(told[0].values) == 2


def test_what_was_not_run_has_no_duration(
    quick: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.invoke(a_task_body(token="t1"), receive_count=2)  # no stack waits for it

    assert [each.name for each in metrics_in(capsys.readouterr().out)] == ["TasksNotRun"]


def duration(milliseconds: float, **dimensions: str) -> Metric:
    return Metric("TaskDuration", "Milliseconds", (milliseconds,), tuple(dimensions.items()))
