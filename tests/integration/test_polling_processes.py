"""Both functions as processes that poll, on the emulator and on PostgreSQL."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudseam.persistence import StackRepository
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.stack import Stack
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.postgres import PASSWORD, PostgresServer
from tests.processes import wait_until

ROOT = Path(__file__).parents[2]
MACHINES = ROOT / "machines"

_numbers = count(1)


@dataclass
class Installation:
    """Queues of a test's own, the settings that name them, and the store behind."""

    name: str
    settings: dict[str, str]
    stacks: StackRepository
    sqs: Any
    taken: list[str] = field(default_factory=list)

    def send(self, **body: object) -> None:
        self.sqs.send_message(
            QueueUrl=self.settings["SQS_EVENT_QUEUE_URL"], MessageBody=json.dumps(body)
        )

    def stack(self, stack_id: str) -> Stack | None:
        return self.stacks.load([stack_id]).stacks.get(stack_id)

    def has_come_to(self, stack_id: str, state: str) -> bool:
        def is_there() -> bool:
            stack = self.stack(stack_id)
            return stack is not None and stack.state == state

        return wait_until(is_there)

    def taken_tasks(self) -> list[str]:
        """The bodies of the task messages so far, taken off their queue."""
        queue = self.settings["SQS_TASK_QUEUE_URL"]
        answer = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.taken.append(message["Body"])
            self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return self.taken

    def letters(self, queue: str) -> list[Any]:
        answer = self.sqs.receive_message(
            QueueUrl=self.settings[queue], MessageAttributeNames=["All"], MaxNumberOfMessages=10
        )
        return list(answer.get("Messages", []))


@pytest.fixture(params=["dynamodb", "postgresql"])
def installation(
    request: pytest.FixtureRequest, on_emulator: EmbeddedAws
) -> Iterator[Installation]:
    name = f"polling-{next(_numbers)}"
    sqs = boto3.client("sqs")
    urls = {
        variable: sqs.create_queue(QueueName=f"{name}-{queue}")["QueueUrl"]
        for variable, queue in {
            "SQS_EVENT_QUEUE_URL": "events",
            "SQS_EVENT_DLQ_URL": "events-dlq",
            "SQS_TASK_QUEUE_URL": "tasks",
            "SQS_TASK_DLQ_URL": "tasks-dlq",
        }.items()
    }
    machines = {"MACHINE_LOCATOR": "LOCAL_FS", "MACHINE_SPEC_DIR": str(MACHINES)}
    if request.param == "dynamodb":
        settings = {"LOCAL_MODE": "1", "DYNAMODB_TABLE": name}  # LOCAL_MODE: the table is made
        stacks = DynamoDBStackRepository(boto3.client("dynamodb"), name)
        yield Installation(name, urls | machines | settings, stacks, sqs)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    user = server.over_tcp(server.new_user())
    secret = {
        "username": user.username,
        "password": PASSWORD,
        "host": user.host,
        "dbname": user.dbname,
        "port": user.port,
    }
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    connection = PostgresConnection(FixedCredentials(user))
    settings = {"POSTGRES_CONNECTION_SECRET": name}
    yield Installation(name, urls | machines | settings, PostgresStackRepository(connection), sqs)
    connection.close()


@contextmanager
def polling(
    function: str, settings: dict[str, str], *arguments: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """The function as a process, ended for sure."""
    process = subprocess.Popen(
        [sys.executable, "-m", function, "--wait", "1", *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended_cleanly(process: "subprocess.Popen[bytes]") -> bool:
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    return process.returncode == 0 and b"Traceback" not in said


def test_the_two_pollers_drive_the_sample_machine_through_its_life(
    installation: Installation,
) -> None:
    settings = installation.settings | {"SKIP_TASK_EXECUTION": "true"}
    with ExitStack() as running:
        processes = [
            running.enter_context(polling(function, settings))
            for function in ("state_machine", "task_satisfier")
        ]
        installation.send(
            stackId="s", event="LAUNCH", machine="preview", metadata={"image_tag": "v1"}
        )
        assert installation.has_come_to("s", "RUN")
        installation.send(stackId="s", event="UPDATE", metadata={"image_tag": "v2"})
        assert wait_until(
            lambda: (stack := installation.stack("s")) is not None and stack.epoch > 2
        )
        assert installation.has_come_to("s", "RUN")
        installation.send(stackId="s", event="DESTROY")

        assert wait_until(
            lambda: (stack := installation.stack("s")) is not None and stack.is_removed
        )
        assert all(map(ended_cleanly, processes))
    assert installation.letters("SQS_EVENT_DLQ_URL") == []


def test_a_message_that_can_never_work_is_dead_lettered_and_the_others_are_handled(
    installation: Installation,
) -> None:
    with polling("state_machine", installation.settings) as process:
        installation.sqs.send_message(
            QueueUrl=installation.settings["SQS_EVENT_QUEUE_URL"], MessageBody="not json"
        )
        installation.send(stackId="t", event="PLACE", machine="order")

        assert installation.has_come_to("t", "RESERVED")
        found: list[Any] = []

        def is_lettered() -> bool:
            found.extend(installation.letters("SQS_EVENT_DLQ_URL"))
            return bool(found)

        assert wait_until(is_lettered)
        assert ended_cleanly(process)
    assert found[0]["Body"] == "not json"
    assert "not JSON" in found[0]["MessageAttributes"]["reason"]["StringValue"]


def test_a_task_that_runs_at_sigterm_is_ended_and_answered(
    installation: Installation, tmp_path: Path
) -> None:
    slow = tmp_path / "terraform"
    slow.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = version ]; then echo \'{"terraform_version": "1.11.4"}\'; exit; fi\n'
        'if [ "$1" = init ]; then mkdir -p "$TF_DATA_DIR"; exec sleep 300; fi\n'
    )
    slow.chmod(0o755)
    module = tmp_path / "module"
    module.mkdir()
    (module / "main.tf").write_text("")
    settings = installation.settings | {
        "TERRAFORM_BIN": str(slow),
        "TERRAFORM_STATE_DIR": str(tmp_path / "states"),
    }
    task = {
        "name": "slow",
        "executor": "terraform",
        "config": {"source": {"type": "local", "location": str(module)}, "action": "apply"},
    }
    body = {"task": task, "stack": {"id": "s", "machine": "m", "tasks": [], "metadata": {}}}
    with polling("task_satisfier", settings) as process:
        installation.sqs.send_message(
            QueueUrl=settings["SQS_TASK_QUEUE_URL"], MessageBody=json.dumps(body)
        )
        assert wait_until(lambda: "sleep" in _children(process.pid))
        started = time.monotonic()

        assert ended_cleanly(process)
        assert time.monotonic() - started < 30
    (answer,) = installation.letters("SQS_EVENT_QUEUE_URL")
    assert json.loads(answer["Body"])["event"] == "TASK_ERROR"


def test_a_task_whose_message_was_lost_is_sent_again_by_the_sweep_of_the_process(
    installation: Installation,
) -> None:
    settings = installation.settings | {"TASK_LOST_AFTER": "60"}
    with polling("state_machine", settings, "--sweep-every", "1") as process:
        installation.send(
            stackId="s", event="LAUNCH", machine="preview", metadata={"image_tag": "v1"}
        )
        assert installation.has_come_to("s", "PROVISION")
        assert wait_until(lambda: len(installation.taken_tasks()) == 3)
        stack = installation.stack("s")
        assert stack is not None
        long_ago = [replace(task, asked_at=1) for task in stack.tasks]

        installation.stacks.save([replace(stack, tasks=tuple(long_ago))])

        assert wait_until(lambda: len(installation.taken_tasks()) == 6)
        assert ended_cleanly(process)
    tokens = [json.loads(body)["task"]["token"] for body in installation.taken]
    assert sorted(tokens[3:]) == sorted(tokens[:3])


@pytest.mark.parametrize("function", ["state_machine", "task_satisfier"])
def test_a_process_without_its_settings_says_which_and_ends_with_1(function: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", function],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "is required" in ended.stderr
    assert "Traceback" not in ended.stderr


def _children(pid: int) -> str:
    return subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
