"""A function that starts cold, and handles its first batch, imports no boto3."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from cloudseam.persistence.dynamodb.local_table import create_table
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.builders import a_delivery, an_event_body
from tests.emulated import received
from tests.function import a_record
from tests.postgres import PostgresServer
from tests.task_builders import a_task_body

ROOT = Path(__file__).parents[2]
LIFE = """\
version: 1
events: [LAUNCH]
states:
  INIT: {on: {LAUNCH: [{action: advance, state: RUN}]}}
  RUN: {tasks: [greet], on: {NEXT: [{action: advance, state: END}]}}
  END: {terminal: true}
tasks:
  greet: {executor: lambda, config: {name: greet}}
"""
# A process of its own, as the tests have boto3 loaded. Tells its answer, and what was imported.
COLD_START = """
import importlib, json, sys
from types import SimpleNamespace

arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
context = SimpleNamespace(function_name="f", memory_limit_in_mb=512, invoked_function_arn=arn,
                          aws_request_id="r", get_remaining_time_in_millis=lambda: 60_000)
handler = importlib.import_module(sys.argv[1]).lambda_handler
answer = handler(json.load(sys.stdin), context)
loaded = [name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore")]
print(json.dumps({"answer": answer, "loaded": loaded}))
"""
# As many as name errors; what makes clients is not among them.
FEW = 20


@pytest.fixture
def environment(on_emulator: EmbeddedAws, tmp_path: Path) -> dict[str, str]:
    """A table, two queues, a folder and a bucket with a machine."""
    name, sqs, s3 = f"cold-{uuid4()}", boto3.client("sqs"), boto3.client("s3")
    create_table(boto3.client("dynamodb"), name)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="life.yml", Body=LIFE.encode())
    (tmp_path / "life.yml").write_text(LIFE)
    path = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "cloudseam")])
    return {
        **on_emulator.environment,
        "PYTHONPATH": path,
        "HOME": str(tmp_path),
        "DYNAMODB_TABLE": name,
        "MACHINE_SPEC_DIR": str(tmp_path),
        "MACHINE_S3_BUCKET": name,
        "SQS_TASK_QUEUE_URL": sqs.create_queue(QueueName=f"{name}-tasks")["QueueUrl"],
        "SQS_EVENT_QUEUE_URL": sqs.create_queue(QueueName=f"{name}-events")["QueueUrl"],
    }


def start_cold(function: str, body: Mapping[str, Any], environment: dict[str, str]) -> list[str]:
    """The modules of boto3 and botocore that a first batch with this message leaves loaded."""
    event = {"Records": [a_record(a_delivery(body))]}
    ended = subprocess.run(
        [sys.executable, "-c", COLD_START, function],
        input=json.dumps(event),
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["answer"] == {"batchItemFailures": []}
    return list(told["loaded"])


@pytest.mark.parametrize("locator", ["LOCAL_FS", "S3"])
def test_the_state_machine_function(locator: str, environment: dict[str, str]) -> None:
    body = an_event_body("LAUNCH", machine="life")

    loaded = start_cold("state_machine.app", body, environment | {"MACHINE_LOCATOR": locator})

    assert len(received(boto3.client("sqs"), environment["SQS_TASK_QUEUE_URL"])) == 1
    assert "boto3" not in loaded
    assert len(loaded) < FEW, loaded


def test_the_state_machine_function_over_postgresql(
    environment: dict[str, str], postgres: PostgresServer
) -> None:
    way = asdict(postgres.over_tcp(postgres.new_user()))
    secret = boto3.client("secretsmanager").create_secret(
        Name=environment["DYNAMODB_TABLE"], SecretString=json.dumps(way)
    )
    settings = {"MACHINE_LOCATOR": "S3", "POSTGRES_CONNECTION_SECRET": secret["ARN"]}
    body = an_event_body("LAUNCH", machine="life")

    loaded = start_cold("state_machine.app", body, environment | settings)

    assert len(received(boto3.client("sqs"), environment["SQS_TASK_QUEUE_URL"])) == 1
    assert "boto3" not in loaded
    assert len(loaded) < FEW, loaded


def test_the_task_satisfier_function(environment: dict[str, str]) -> None:
    body = a_task_body(executor="lambda", config={"name": "greet"})

    loaded = start_cold("task_satisfier.app", body, environment)

    (answer,) = received(boto3.client("sqs"), environment["SQS_EVENT_QUEUE_URL"])
    assert json.loads(answer["Body"])["event"] == "TASK_ERROR"  # there is no such function
    assert "boto3" not in loaded
    assert len(loaded) < FEW, loaded


def test_what_asks_for_boto3_gets_it(environment: dict[str, str]) -> None:
    body = an_event_body("LAUNCH", machine="life")

    loaded = start_cold(
        "state_machine.app", body, environment | {"MACHINE_LOCATOR": "S3", "AWS_CLIENT": "boto3"}
    )

    assert "boto3" in loaded
