"""The parts of the local console on an embedded AWS: queues, table, functions, their logs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudseam.stored_context import ContextBucket, ContextUnavailableError
from cloudseam_cli.embedded_aws import EmbeddedAws
from cloudseam_cli.local.client import emulator_client
from cloudseam_cli.local.functions import FunctionFolder
from cloudseam_cli.local.resources import Resources
from cloudseam_cli.main import main
from tests.builders import CANARY
from tests.integration.local.console import MACHINES, console, project


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """One of its own: the names of resources never change."""
    with EmbeddedAws(0) as aws:
        yield aws


@pytest.fixture(scope="module")
def resources(aws: EmbeddedAws) -> Resources:
    resources = Resources.at(aws.url)
    resources.create()
    return resources


@pytest.mark.parametrize("what", ["event", "task"])
def test_a_queue_is_where_it_is_said_to_be_with_its_dead_letters_behind_it(
    resources: Resources, what: str
) -> None:
    sqs = emulator_client("sqs", resources.endpoint)
    queue = getattr(resources, f"{what}_queue")
    dead = getattr(resources, f"{what}_dead_letters")

    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    behind = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]

    policy = json.loads(attributes["RedrivePolicy"])
    assert policy["deadLetterTargetArn"] == behind["QueueArn"]
    assert int(policy["maxReceiveCount"]) > 8  # the functions dead-letter with a reason before
    assert behind["MessageRetentionPeriod"] == "1209600"


def test_the_table_has_the_key_of_the_original(resources: Resources) -> None:
    dynamodb = emulator_client("dynamodb", resources.endpoint)

    table = dynamodb.describe_table(TableName=resources.table)["Table"]

    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]


def invoked(aws: EmbeddedAws, name: str, event: Any) -> tuple[str | None, Any]:
    """The kind of error a function ended with, if it did, and what it gave back."""
    answer = emulator_client("lambda", aws.url).invoke(FunctionName=name, Payload=json.dumps(event))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def test_a_function_really_runs_and_a_changed_file_replaces_it(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    file = tmp_path / "twice.py"
    file.write_text("def lambda_handler(event, context): return event * 2\n")
    (tmp_path / "_helper.py").write_text("raise RuntimeError\n")
    (tmp_path / "notes.txt").write_text("no function\n")
    folder = FunctionFolder(tmp_path, aws.url)

    assert [report.reason for report in folder.deploy_changed()] == ["function twice deployed"]
    assert invoked(aws, "twice", 21) == (None, 42)
    assert list(folder.deploy_changed()) == []

    file.write_text("def lambda_handler(event, context): return event * 3 + 0\n")
    assert [report.reason for report in folder.deploy_changed()] == ["function twice deployed"]
    assert invoked(aws, "twice", 21) == (None, 63)


def test_a_function_that_was_broken_is_deployed_once_it_is_mended(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    file = tmp_path / "mended.py"
    file.write_text("def lambda_handler(event, context) return 1\n")
    folder = FunctionFolder(tmp_path, aws.url)

    (problem,) = folder.deploy_changed()
    assert f"{file}:1: " in problem.reason
    file.write_text("def lambda_handler(event, context):\n    return 1\n")
    (done,) = folder.deploy_changed()

    assert done.reason == "function mended deployed"
    assert invoked(aws, "mended", None) == (None, 1)


def test_the_samples_function_refuses_what_it_does_not_know(aws: EmbeddedAws) -> None:
    list(FunctionFolder(MACHINES / "functions", aws.url).deploy_changed())
    event = {"stackId": "s", "metadata": {}, "args": {"part": "app", "action": "explode"}}

    error, answer = invoked(aws, "environment", event)

    assert error == "Unhandled"
    assert "Unknown action 'explode'" in answer["errorMessage"]


def test_no_metadata_value_gets_into_a_log_or_onto_the_terminal(tmp_path: Path) -> None:
    folder = project(tmp_path)
    with console("dev", "--port", "0", "--satisfiers", "1", folder=folder) as dev:
        dev.wait_for("Ctrl-C stops everything.")
        arguments = ("--machine", "preview-functions", "--port", str(dev.port))
        main(["send", "s", "LAUNCH", *arguments, "--metadata", f"password={CANARY}"])
        dev.wait_for("TASK FAILED")  # there are no functions to call
        main(["send", "s", "NEXT", "--port", str(dev.port), "--metadata", f"password={CANARY}"])
        dev.wait_for("DEAD LETTER NEXT")
        assert CANARY not in dev.text

    logs = list((folder / ".cloudseam" / "log").glob("*_*.log"))
    assert {log.name for log in logs} == {"state_machine.log", "task_satisfier-1.log"}
    assert all(log.read_text() and CANARY not in log.read_text() for log in logs)


def test_the_bucket_takes_contexts_and_gives_them_back(resources: Resources) -> None:
    bucket = ContextBucket(
        lambda: emulator_client("s3", resources.endpoint), resources.context_bucket
    )

    stored = bucket.write("s", "token", '{"a":1}')

    assert bucket.read("s", stored) == {"a": 1}
    bucket.delete("s", stored.key)
    with pytest.raises(ContextUnavailableError, match="NoSuchKey"):
        bucket.read("s", stored)
