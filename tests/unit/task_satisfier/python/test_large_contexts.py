"""A large context is read before actions run, written before the answer, and dropped after it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cloudseam.messages import parse_task
from cloudseam.stored_context import ContextBucket, StoredContext
from task_satisfier.executors.python.executor import PythonExecutor
from task_satisfier.satisfier import TaskOutcome, TaskSatisfier
from tests.builders import a_delivery
from tests.counted_calls import Calls, counted_calls
from tests.fakes import CountingQueue
from tests.task_builders import FakeExecutors, a_task_body, attempts_in_memory
from tests.unit.task_satisfier.python.conftest import Write

BIG = "x" * 150_000


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="large")
        with counted_calls() as calls:
            yield calls


class World:
    """A satisfier with one module of actions, a bucket, and the queue of its answers."""

    def __init__(self, folder: Path) -> None:
        client = boto3.client("s3")
        self.bucket = ContextBucket(lambda: client, "large")
        self.queue = CountingQueue()
        executor = PythonExecutor(str(folder), self.bucket)
        self._satisfier = TaskSatisfier(
            FakeExecutors(executor), self.queue, attempts_in_memory(), margin=1
        )

    def run(self, token: str = "token", **given: Any) -> TaskOutcome:
        body = a_task_body("fake", name="actions", stack_id="c", token=token) | {
            "input": {
                "from": {"state": "pseudo_init", "event": "pseudo_init"},
                "to": "S",
                "states": {"S": {"do": "large_actions.Do"}},
                **given,
            }
        }
        parse_task(json.dumps(body))
        [outcome] = self._satisfier.handle_batch([a_delivery(body)], lambda: 60)
        return outcome

    @property
    def answers(self) -> list[dict[str, Any]]:
        return [json.loads(message.body) for message in self.queue.sent]

    def keys(self) -> list[str]:
        listed = boto3.client("s3").list_objects_v2(Bucket="large")
        return [found["Key"] for found in listed.get("Contents", [])]


@pytest.fixture
def world(folder: Path, write: Write, calls: Calls) -> World:
    write(
        "large_actions.py",
        "from cloudseam.actions import start_state_machine\n"
        "class Do(Action):\n"
        "    def execute(self, context, obj):\n"
        "        context['runs'] = context.get('runs', 0) + 1\n"
        "        for n in range(context.get('starts', 0)):\n"
        "            start_state_machine('Other', {'big': context['big']}, f'other-{n}')\n"
        "        if context.get('fails'): raise RuntimeError('told to')\n",
    )
    return World(folder)


def stored(answer: dict[str, Any]) -> StoredContext:
    told = answer["result"]["stored"]
    return StoredContext(told["key"], told["bytes"], told["sha256"])


def test_a_small_context_makes_no_call(world: World, calls: Calls) -> None:
    world.run(context={"a": 1})

    assert world.answers[0]["result"] == {
        "state": "S",
        "event": None,
        "context": {"a": 1, "runs": 1},
    }
    assert calls.taken() == {}


def test_a_large_one_goes_from_invocation_to_invocation(world: World, calls: Calls) -> None:
    first = world.bucket.write("c", "start", json.dumps({"big": BIG}))
    calls.taken()

    world.run("t1", stored=first.as_json())
    second = stored(world.answers[0])
    assert calls.taken() == {"GetObject": 1, "PutObject": 1}
    world.run("t2", stored=second.as_json(), drop=first.key)
    third = stored(world.answers[1])

    assert calls.taken() == {"GetObject": 1, "PutObject": 1, "DeleteObject": 1}
    assert world.bucket.read("c", third) == {"big": BIG, "runs": 2}
    assert sorted(world.keys()) == sorted([second.key, third.key])


def test_one_that_has_become_small_is_inline_again(world: World, calls: Calls) -> None:
    first = world.bucket.write("c", "start", json.dumps({"big": BIG}))

    world.run(stored=first.as_json(), given={"big": ""})

    assert world.answers[0]["result"]["context"] == {"big": "", "runs": 1}


def test_it_lies_there_before_the_answer_is_sent(
    world: World, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_answer: list[dict[str, int]] = []
    send = world.queue.send

    def watched(messages: Any) -> Any:
        at_answer.append(dict(calls.made))
        return send(messages)

    monkeypatch.setattr(world.queue, "send", watched)
    old = world.bucket.write("c", "start", "{}")
    calls.taken()

    world.run(context={"big": BIG[:90_000]}, given={"more": BIG[:90_000]}, drop=old.key)

    assert at_answer == [{"PutObject": 1}]
    assert calls.taken() == {"PutObject": 1, "DeleteObject": 1}


def test_nothing_is_dropped_while_the_answer_is_not_sent(world: World, calls: Calls) -> None:
    old = world.bucket.write("c", "start", "{}")
    world.queue.refuses = lambda message: True

    outcome = world.run(context={}, drop=old.key)

    assert outcome.error is not None
    assert world.keys() == [old.key]


def test_nothing_is_dropped_by_an_invocation_that_fails(world: World, calls: Calls) -> None:
    old = world.bucket.write("c", "start", "{}")

    world.run(context={"fails": True}, drop=old.key)

    assert world.answers[0]["error"] == "RuntimeError"
    assert world.keys() == [old.key]


def test_what_cannot_be_dropped_is_logged_and_the_task_is_done(
    world: World, calls: Calls, caplog: pytest.LogCaptureFixture
) -> None:
    old = world.bucket.write("c", "start", "{}")
    calls.refuse("DeleteObject")

    outcome = world.run(context={}, drop=old.key)

    assert outcome.error is None
    assert world.answers[0]["event"] == "TASK_COMPLETED"
    assert "An older context was not removed" in caplog.text


def test_a_key_of_another_stack_is_not_dropped(world: World, calls: Calls) -> None:
    theirs = world.bucket.write("another", "start", "{}")

    world.run(context={}, drop=theirs.key)

    assert world.keys() == [theirs.key]


def test_a_context_that_is_gone_fails_before_any_action_runs(world: World, calls: Calls) -> None:
    gone = world.bucket.write("c", "start", "{}")
    world.bucket.delete("c", gone.key)

    world.run(stored=gone.as_json())

    assert world.answers[0]["error"] == "ContextUnavailable"
    assert "NoSuchKey" in world.answers[0]["description"]


def test_a_bucket_that_takes_nothing_fails_the_invocation(world: World, calls: Calls) -> None:
    calls.refuse("PutObject")

    world.run(context={"a": BIG[:90_000]}, given={"b": BIG[:90_000]})

    assert world.answers[0]["error"] == "ContextUnavailable"


def test_large_contexts_of_machines_that_are_started_lie_with_their_stacks(
    world: World, calls: Calls
) -> None:
    world.run(context={"big": BIG[:60_000], "starts": 3})

    starts = world.answers[0]["result"]["starts"]
    assert ["stored" in start for start in starts] == [False, True, True]
    for start in starts[1:]:
        told = start["stored"]
        reference = StoredContext(told["key"], told["bytes"], told["sha256"])
        assert world.bucket.read(start["stackId"], reference) == {"big": BIG[:60_000]}
    assert len(world.queue.sent[0].body) < 262_144


def test_the_answer_of_an_invocation_says_a_result_and_no_outputs(world: World) -> None:
    world.run(context={"password": "tr0ub4dor"})

    [answer] = world.answers
    assert answer["event"] == "TASK_COMPLETED"
    assert "outputs" not in answer
    assert answer["task"]["name"] == "actions"
