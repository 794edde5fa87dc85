"""State machine and task satisfier together, on machines whose states have actions in Python."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cloudseam.languages import load_machine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.stored_context import ContextBucket
from task_satisfier.executors import TaskRun
from task_satisfier.executors.python.executor import PythonExecutor
from task_satisfier.satisfier import TaskSatisfier
from tests.builders import a_delivery
from tests.fakes import CountingQueue
from tests.python_actions import FOLDER
from tests.task_builders import attempts_in_memory
from tests.world import World

SEED = """\
machines:
- name: seed
  max_retries: 2
  states:
  - name: FirstState
    initial: true
    entry_action: tactions.Action1
    do_action: tactions.Action2
    exit_action: tactions.Action3
    transitions:
    - {target: SecondState, event: done}
  - name: SecondState
    entry_action: tactions.Action4
    do_action: tactions.Action5
    exit_action: tactions.Action6
    transitions:
    - {target: ThirdState, event: done, action: tactions.T}
  - name: ThirdState
    final: true
    entry_action: tactions.Action7
    do_action: tactions.Action8
    exit_action: tactions.Action9
"""
EVENTS = {"Action2": "done", "Action5": "done"}


class Watched(PythonExecutor):
    """Notes the actions of each invocation."""

    def __init__(self, bucket: ContextBucket) -> None:
        super().__init__(str(FOLDER), bucket)
        self.invocations: list[list[str]] = []

    def run(self, run: TaskRun) -> Any:
        self.invocations.append([])
        return super().run(run)

    def _executed(
        self, run: TaskRun, name: str, told: str, context: Any, obj: dict[str, Any]
    ) -> object:
        self.invocations[-1].append(name.rpartition(".")[2])
        return super()._executed(run, name, told, context, obj)

    def get(self, name: str) -> PythonExecutor:
        """The satisfier's only executor."""
        assert name == "python"
        return self


class Engine:
    """Both functions, and the queues between them."""

    def __init__(self) -> None:
        client = boto3.client("s3")
        self.bucket = ContextBucket(lambda: client, "large")
        self.world = World(machines=InMemoryMachineLocator([load_machine("seed", SEED, "f.yml")]))
        self.executor = Watched(self.bucket)
        self._answers = CountingQueue()
        self._satisfier = TaskSatisfier(
            self.executor, self._answers, attempts_in_memory(), margin=1
        )

    def start(self, **fields: Any) -> None:
        body = {"event": "START", "stackId": "s", "machine": "seed", "eventId": "start/s"}
        self.world.send(body | fields)
        self._work()

    def _work(self) -> None:
        """Tasks and answers, one at a time, until nothing more is asked for."""
        done = 0
        while done < len(self.world.tasks.sent):
            asked = json.loads(self.world.tasks.sent[done].body)
            self._satisfier.handle_batch([a_delivery(asked)], lambda: 60)
            self.world.send(self._answers.sent[-1].body)
            done += 1

    @property
    def objects(self) -> list[str]:
        listed = boto3.client("s3").list_objects_v2(Bucket="large")
        return [found["Key"] for found in listed.get("Contents", [])]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="large")
        yield Engine()


def test_each_invocation_runs_the_actions_of_one_transition(engine: Engine) -> None:
    engine.start(context={"events": EVENTS})

    assert engine.executor.invocations == [
        ["Action1", "Action2"],
        ["Action3", "Action4", "Action5"],
        ["Action6", "T", "Action7", "Action8"],
        ["Action9"],
    ]
    assert engine.world.stack().is_removed


def test_a_large_context_goes_all_the_way_and_leaves_only_its_last_object(engine: Engine) -> None:
    text = json.dumps({"events": EVENTS, "big": "x" * 150_000})
    stored = engine.bucket.write("s", "start", text)

    engine.start(stored=stored.as_json())

    assert len(engine.executor.invocations) == 4
    assert engine.world.stack().is_removed
    # Each object is dropped by the invocation after the one that took its place.
    assert len(engine.objects) == 2
    assert stored.key not in engine.objects


def test_a_failure_is_told_with_its_kind_and_place_and_tried_again(engine: Engine) -> None:
    engine.start(context={"events": EVENTS, "raise_at": [["Action5", 0]]})

    assert engine.executor.invocations[:2] == [
        ["Action1", "Action2"],
        ["Action3", "Action4", "Action5"],
    ]
    task = engine.world.stack().tasks[0]
    assert str(task.error_message).startswith(
        "Action tactions.Action5 (do of SecondState) raised RuntimeError"
    )

    engine.world.clock.move_on(60)  # type: ignore[attr-defined]  # the fake one
    engine.world.send({"stackId": "s", "event": "TIMER_DUE"})

    asked = engine.world.asked("actions")
    assert asked["input"]["retries"] == 1
    assert asked["input"]["context"]["ran"] == ["Action1", "Action2"]
