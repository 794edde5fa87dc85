"""The task messages of `events/`, which `sam local invoke` hands the function, do what they say."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import yaml

from bench.record import Context
from task_satisfier import app, clients
from tests.emulated import EmulatedAws, emulated_aws
from tests.lambda_stand_in import LambdaStandIn
from tests.task_builders import FakeTerraform

REPOSITORY = Path(__file__).parents[3]
MACHINE = yaml.safe_load((REPOSITORY / "machines" / "environment.yml").read_text())
BUCKET = "my-terraform-modules"
TASKS = ["task-lambda", "task-terraform"]


class SatisfierContext(Context):
    """With as much time as Lambda gives at most."""

    def get_remaining_time_in_millis(self) -> int:
        """See Lambda's context."""
        return 900_000


class FakeLambda:
    """Keeps what it is asked for; all functions end well."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def invoke(self, FunctionName: str, Payload: str, **_: Any) -> dict[str, Any]:
        """See `LambdaClient.invoke`."""
        self.asked.append((FunctionName, json.loads(Payload)))
        return {"Payload": io.BytesIO(b"null")}


@pytest.fixture
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def events(aws: EmulatedAws, tmp_path: Path) -> Iterator[str]:
    """The queue that the function answers to. Its Terraform is a stand-in in `tmp_path`."""
    events = aws.queue()
    environ = {
        "SQS_EVENT_QUEUE_URL": events,
        "TERRAFORM_BIN": str(tmp_path / "terraform"),
        "TERRAFORM_STATE_BUCKET": "states",
    }
    with patch.dict(os.environ, environ):
        _forget()
        yield events
        _forget()


def _forget() -> None:
    for made in (app.settings, app.satisfier, app.dead_letters, clients.sqs_client):
        made.cache_clear()


def an_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((REPOSITORY / "events" / f"{name}.json").read_text())
    return event


def invoked(aws: EmulatedAws, events: str, event: str) -> dict[str, Any]:
    """The one answer to an event of the folder."""
    context: Any = SatisfierContext()
    assert app.lambda_handler(an_event(event), context) == {"batchItemFailures": []}
    [message] = aws.received(events)
    answer: dict[str, Any] = json.loads(message["Body"])
    return answer


def test_the_lambda_task_invokes_its_function_and_is_completed(
    aws: EmulatedAws, events: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = FakeLambda()
    monkeypatch.setattr(clients, "lambda_client", lambda read_timeout: functions)

    answer = invoked(aws, events, "task-lambda")

    assert (answer["event"], answer["stackId"]) == ("TASK_COMPLETED", "feature-login")
    [(name, payload)] = functions.asked
    assert name == "environment-smoke-test"
    assert payload == {
        "stackId": "feature-login",
        "metadata": {"branch": "feature/login"},
        "args": {"paths": ["/health", "/version"], "timeout_seconds": 30},
    }


def test_the_task_of_an_execution_invokes_its_function_and_is_completed(
    aws: EmulatedAws, events: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lambdas = LambdaStandIn({"notify": lambda payload: {"notice": "key"}}, "123456789012")
    monkeypatch.setattr(clients, "service_client", lambda service, wait: lambdas.client)

    answer = invoked(aws, events, "task-states")

    assert (answer["event"], answer["stackId"]) == ("TASK_COMPLETED", "notice-1")
    assert answer["result"]["output"]["Payload"] == {"notice": "key"}
    assert [payload["args"] for payload in lambdas.calls] == [{"channel": "releases"}]


def test_the_terraform_task_applies_its_module_and_is_completed(
    aws: EmulatedAws, events: str, tmp_path: Path
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="environment/network/main.tf", Body=b'output "o" {}')
    fake = FakeTerraform(tmp_path, 'if arguments[0] == "output": print("{}")')

    answer = invoked(aws, events, "task-terraform")

    assert (answer["event"], answer["stackId"]) == ("TASK_COMPLETED", "feature-login")
    assert fake.commands == ["init", "apply", "output"]
    state = "-backend-config=key=environment/feature-login/environment/network"
    assert fake.calls[0]["argv"][-1] == state
    assert "main.tf" in fake.calls[0]["files"]


@pytest.mark.parametrize("event", TASKS)
def test_a_task_of_the_folder_is_one_of_the_projects_machine(event: str) -> None:
    [record] = an_event(event)["Records"]
    body = json.loads(record["body"])
    task = body["task"]

    assert body["stack"]["machine"] == "environment"
    assert task["name"] in MACHINE["states"][body["stack"]["_state"]]["tasks"]
    assert MACHINE["tasks"][task["name"]] == {
        "executor": task["executor"],
        "config": task["config"],
    }
