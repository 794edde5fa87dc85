"""A server that is killed again and again loses no execution."""

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from cloudseam_cli.local.client import emulator_client
from tests.stepfunctions_process import StepFunctionsProcess

ACTIVITY = "arn:aws:states:us-east-1:000000000000:activity:work"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:busy"
ROLE = "arn:aws:iam::000000000000:role/r"
# A worker's call that was answered as the server died has a task that nobody knows of.
RETRY = [
    {
        "ErrorEquals": ["Again", "States.Timeout"],
        "IntervalSeconds": 1,
        "BackoffRate": 1.0,
        "MaxAttempts": 50,
    }
]
TASK = {
    "Type": "Task",
    "Resource": ACTIVITY,
    "TimeoutSeconds": 2,
    "Retry": RETRY,
    "End": True,
}
DEFINITION = {
    "StartAt": "Both",
    "States": {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Work", "States": {"Work": TASK}},
                {
                    "StartAt": "Wait",
                    "States": {
                        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Told"},
                        "Told": {"Type": "Pass", "Result": "waited", "End": True},
                    },
                },
            ],
            "ResultPath": "$.both",
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemSelector": {"n.$": "$$.Map.Item.Value"},
            "ItemProcessor": {"StartAt": "Item", "States": {"Item": TASK}},
            "ResultPath": "$.each",
            "End": True,
        },
    },
}
EXECUTIONS, KILLS = 8, 5
ENDS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"}

pytestmark = pytest.mark.once


class Worker:
    """Works on tasks, whatever becomes of the server. Every fourth fails at first."""

    def __init__(self, url: str, seed: int) -> None:
        self._url = url
        self._random = random.Random(seed)
        self._over = Event()
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Sends it home."""
        self._over.set()
        self._thread.join(60)

    def _work(self) -> None:
        client = client_of(self._url)
        while not self._over.is_set():
            task = persisted(lambda: client.get_activity_task(activityArn=ACTIVITY), self._over)
            if task and task.get("taskToken"):
                persisted(lambda task=task: self._answer(client, task), self._over)  # type: ignore[misc] # a lambda's default has no type

    def _answer(self, client: Any, task: dict[str, Any]) -> None:
        if self._random.random() < 0.25:
            client.send_task_failure(taskToken=task["taskToken"], error="Again")
            return
        n = json.loads(task["input"]).get("n", 0)
        client.send_task_success(taskToken=task["taskToken"], output=json.dumps(n * n))


def client_of(url: str) -> Any:
    return emulator_client(
        "stepfunctions", url, retries={"total_max_attempts": 1}, read_timeout=2, connect_timeout=2
    )


def persisted(call: Callable[[], Any], over: Event) -> Any:
    """The answer of a call that is made until there is one; None if it is refused."""
    while not over.is_set():
        try:
            return call()
        except BotoCoreError:
            time.sleep(0.02)
        except ClientError:
            return None
    return None


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Callable[[], StepFunctionsProcess]]:
    """Starts the server again, on the same file and port."""
    running: list[StepFunctionsProcess] = []

    def start() -> StepFunctionsProcess:
        port = running[0].port if running else 0
        running.append(StepFunctionsProcess(tmp_path / "executions.sqlite", port=port))
        return running[-1]

    yield start
    running[-1].kill()


def test_every_execution_ends_once_with_the_right_output(
    servers: Callable[[], StepFunctionsProcess],
) -> None:
    chance, never = random.Random(8), Event()
    server = servers()
    client = client_of(server.url)
    client.create_activity(name="work")
    definition = json.dumps(DEFINITION)
    client.create_state_machine(name="busy", definition=definition, roleArn=ROLE)
    workers = [Worker(server.url, seed) for seed in range(3)]

    def start(number: int) -> None:
        told = json.dumps({"n": number, "items": [number, number + 1]})
        persisted(
            lambda: client.start_execution(stateMachineArn=MACHINE, name=f"e{number}", input=told),
            never,
        )

    def start_all() -> None:
        for number in range(EXECUTIONS):
            start(number)

    starting = Thread(target=start_all)
    starting.start()
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.6))
        server.kill()
        server = servers()
    starting.join(60)

    arns = [f"{MACHINE.replace('stateMachine', 'execution')}:e{n}" for n in range(EXECUTIONS)]
    until = time.monotonic() + 60
    while client.list_executions(stateMachineArn=MACHINE, statusFilter="RUNNING")["executions"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    for worker in workers:
        worker.stop()
    for number, arn in enumerate(arns):
        told = client.describe_execution(executionArn=arn)
        assert told["status"] == "SUCCEEDED", told
        output = json.loads(told["output"])
        assert output["both"] == [number**2, "waited"]
        assert output["each"] == [number**2, (number + 1) ** 2]
        events = client.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert [event["type"] for event in events if event["type"] in ENDS] == [events[-1]["type"]]
    found = client.list_executions(stateMachineArn=MACHINE)["executions"]
    assert len(found) == EXECUTIONS
