"""Tasks with `runner: container`, by the satisfier as a process on the queue of their own.

Another satisfier, in the place of the function on Lambda, works on the task queue beside it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.poller import LONGEST_TIMEOUT_SECONDS
from cloudseam.stack import Stack
from cloudseam_cli.embedded_aws import EmbeddedAws
from task_satisfier.executors.terraform.lifeline import DIES_WITH_US
from tests.integration.task_satisfier.real_terraform import BINARY, needs_terraform, resources
from tests.processes import wait_until, working_in
from tests.task_builders import write_files

ROOT = Path(__file__).parents[3]
MACHINE = """
version: 1
events: [LAUNCH]
states:
  INIT: {on: {LAUNCH: [{action: advance, state: PROVISION}]}}
  PROVISION: {tasks: [long, short], on: {NEXT: [{action: advance, state: RUN}]}}
  RUN: {on: {LAUNCH: [{action: advance, state: END}]}}
  END: {terminal: true}
tasks:
  long:
    executor: terraform
    config: {source: {type: local, location: FOLDER/long}, action: apply}
    runner: container
    timeout: 5h
  short:
    executor: terraform
    config: {source: {type: local, location: FOLDER/short}, action: apply}
"""
# Its first run does not end by itself, each later one does at once.
LONG = """
variable "stack_id" {}
resource "terraform_data" "long" {
  provisioner "local-exec" {
    command = "[ -e BEGUN ] || { touch BEGUN; exec sleep 300; }"
  }
}
output "name" { value = "long of ${var.stack_id}" }
"""
SHORT = """
variable "stack_id" {}
resource "terraform_data" "short" {}
"""
# Seconds; the least there is. Whoever goes on with a dead container's task waits for it.
LEASE = 10
VISIBILITY = 4

_numbers = count(1)

pytestmark = [pytest.mark.once, needs_terraform]


@dataclass
class Place:
    """Queues, a table and a folder of a test's own, and processes on them."""

    folder: Path
    settings: dict[str, str]
    queues: dict[str, str]
    table: str

    @contextmanager
    def running(
        self, name: str, function: str, **settings: str
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """The function as a process with a temp dir of its own, ended for sure."""
        temp = self.folder / name
        temp.mkdir()
        with self.log(name).open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", function, "--wait", "1"],
                cwd=ROOT,
                env={**os.environ, **self.settings, **settings, "TMPDIR": str(temp)},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for pid, _ in working_in(temp):  # what Terraform's provisioner has started
                os.kill(pid, signal.SIGKILL)

    def log(self, name: str) -> Path:
        """What a process has said."""
        return self.folder / f"{name}.log"

    def started(self, name: str) -> set[str]:
        """The tasks that a process has begun."""
        lines = [line for line in self.log(name).read_text().splitlines() if "Task started" in line]
        return {json.loads(line)["task"] for line in lines}

    def launch(self) -> None:
        """Starts the stack."""
        body = {"stackId": "s", "event": "LAUNCH", "machine": "mixed"}
        boto3.client("sqs").send_message(
            QueueUrl=self.queues["events"], MessageBody=json.dumps(body)
        )

    def stack(self) -> Stack | None:
        """The stack as it is kept."""
        store = DynamoDBStackRepository(boto3.client("dynamodb"), self.table)
        return store.load(["s"]).stacks.get("s")

    def waiting(self, queue: str) -> int:
        """How many messages are on a queue, in flight or not."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = boto3.client("sqs").get_queue_attributes(
            QueueUrl=self.queues[queue], AttributeNames=names
        )["Attributes"]
        return sum(map(int, told.values()))


@pytest.fixture
def place(on_emulator: EmbeddedAws, tmp_path: Path) -> Place:
    name = f"containers-{next(_numbers)}"
    sqs = boto3.client("sqs")
    queues = {
        queue: sqs.create_queue(
            QueueName=f"{name}-{queue}", Attributes={"VisibilityTimeout": str(VISIBILITY)}
        )["QueueUrl"]
        for queue in ("events", "tasks", "container-tasks")
    }
    begun = str(tmp_path / "begun")
    write_files(
        tmp_path,
        {
            "machines/mixed.yml": MACHINE.replace("FOLDER", str(tmp_path)),
            "long/main.tf": LONG.replace("BEGUN", begun),
            "short/main.tf": SHORT,
        },
    )
    settings = {
        "LOCAL_MODE": "1",  # the table is made
        "DYNAMODB_TABLE": name,
        "MACHINE_LOCATOR": "LOCAL_FS",
        "MACHINE_SPEC_DIR": str(tmp_path / "machines"),
        "SQS_EVENT_QUEUE_URL": queues["events"],
        "SQS_TASK_QUEUE_URL": queues["tasks"],
        "TASK_LEASE": str(LEASE),
        "TERRAFORM_BIN": str(BINARY),
        "TERRAFORM_STATE_DIR": str(tmp_path / "states"),
        "TF_PLUGIN_CACHE_DIR": str(tmp_path / "kept"),
    }
    return Place(tmp_path, settings, queues, name)


@pytest.mark.skipif(not DIES_WITH_US, reason="the kernel is not Linux")
def test_another_container_ends_what_one_that_was_killed_began(place: Place) -> None:
    own = {"SQS_TASK_QUEUE_URL": place.queues["container-tasks"]}
    with ExitStack() as running:
        start = running.enter_context
        containers = {"SQS_CONTAINER_TASK_QUEUE_URL": place.queues["container-tasks"]}
        start(place.running("machine", "state_machine", **containers))
        start(place.running("lambda", "task_satisfier"))
        first = start(place.running("first", "task_satisfier", **own))
        place.launch()
        assert wait_until((place.folder / "begun").exists), place.log("first").read_text()

        first.kill()
        start(place.running("second", "task_satisfier", **own))

        arrived = wait_until(
            lambda: (stack := place.stack()) is not None and stack.state == "RUN", 60
        )
        assert arrived, place.log("second").read_text()
        assert wait_until(lambda: not place.waiting("tasks") + place.waiting("container-tasks"))
    stack = place.stack()
    assert stack
    assert stack.outputs == {"long": {"name": "long of s"}}
    assert (place.started("first"), place.started("second")) == ({"long"}, {"long"})
    assert place.started("lambda") == {"short"}
    [state] = (place.folder / "states").rglob("*long*.tfstate")
    assert resources(state.read_bytes()) == ["terraform_data.long"]


def test_a_container_has_as_long_for_a_task_as_sqs_hides_its_message() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "task_satisfier", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert f"({LONGEST_TIMEOUT_SECONDS})" in told
