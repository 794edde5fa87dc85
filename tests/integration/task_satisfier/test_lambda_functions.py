"""Executor `lambda` with functions that really run, on the emulator."""

import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest

from cloudseam_cli.embedded_aws import EmbeddedAws
from task_satisfier.clients import lambda_client
from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.aws_lambda import LambdaExecutor
from tests.task_builders import a_run

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

NAME = "satisfier-checks-its-event"
SOURCE = """
def handler(event, context):
    if event != {"stackId": "s", "metadata": {"a": 1}, "args": {"ok": True}}:
        raise ValueError(f"not what was expected: {sorted(event)}")
"""


@pytest.fixture
def client(on_emulator: EmbeddedAws) -> "LambdaClient":
    return boto3.client("lambda")


@pytest.fixture
def function(client: "LambdaClient") -> Iterator[str]:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", SOURCE)
    client.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": code.getvalue()},
    )
    yield NAME
    client.delete_function(FunctionName=NAME)


def test_a_function_gets_its_event_and_its_error_comes_back(function: str) -> None:
    executor = LambdaExecutor(lambda_client)
    config = {"name": function, "args": {"ok": True}}

    assert executor.run(a_run("lambda", config, metadata={"a": 1})) == {}
    with pytest.raises(TaskFailedError) as failed:
        executor.run(a_run("lambda", config, metadata={}))

    # The emulator has an error type of its own, and no trace.
    assert ": not what was expected: ['args', 'metadata', 'stackId']" in str(failed.value)


def test_a_function_that_is_not_there_is_a_failed_task(client: "LambdaClient") -> None:
    with pytest.raises(TaskFailedError, match=r"'nope' could not be invoked: .*no such function"):
        LambdaExecutor(lambda_client).run(a_run("lambda", {"name": "nope"}))
