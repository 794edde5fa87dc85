"""Distributed Maps that AWS was recorded to read and write items of, run again on an emulated S3:
status, output, error, cause, events.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest

from cloudseam.languages.asl.resource import READER, WRITER
from cloudseam.messages import TaskRequest
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.states.executor import StatesExecutor
from tests.asl_player import Failure, Player, Worker
from tests.conformance.recorded_asl import agrees, cases, opened
from tests.emulated import emulated_aws

FIELDS = {"arn:aws:states:::s3:getObject": READER, "arn:aws:states:::s3:putObject": WRITER}
CASES = [
    case
    for case in cases("service")
    if any(f'"{field}"' in str(case["definition"]).replace("'", '"') for field in FIELDS.values())
]

pytestmark = pytest.mark.skipif(not CASES, reason="the recorded executions are not here")


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    """The client of an S3 in this process."""
    with emulated_aws():
        yield boto3.client("s3")


def test_they_end_as_recorded(s3: Any) -> None:
    differences = {}
    for case in CASES:
        player = played(case, s3)
        expected = case["expected"]
        found = {
            "status": player.execution.status.value,
            "output": opened(player.execution.output),
            "error": player.execution.error,
            "cause": player.execution.cause,
        }
        wanted = {name: opened(expected.get(name)) for name in found}
        if not agrees(wanted, found) or player.types != case["expected_events"]:
            differences[case["id"]] = (wanted, found, player.types)

    assert differences == {}
    assert len(CASES) == 15


def played(case: Mapping[str, Any], s3: Any) -> Player:
    for step in case["setup"]:
        if step["op"] == "fixture.s3_bucket":
            s3.create_bucket(Bucket=step["kw"]["name"])
        else:
            s3.put_object(**step["kw"])
    executor = StatesExecutor(lambda service, wait: s3)
    definition, told = case["definition"], case["input"]
    return Player(definition, told, worker_of=lambda each: _worker(executor, each)).play()


def _worker(executor: StatesExecutor, resource: str) -> Worker:
    def work(arguments: Any) -> Any:
        told = {"resource": resource, "arguments": arguments, "field": FIELDS[resource]}
        request = TaskRequest("s", "m", {}, "t", "states", {}, input=told)
        try:
            return executor.run(TaskRun(request, lambda: 60.0)).body["output"]
        except TaskFailedError as failed:
            raise Failure(failed.error, str(failed)) from failed

    return work
