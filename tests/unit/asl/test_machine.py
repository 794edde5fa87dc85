"""A machine of this language on the engine: events of a stack, and what is owed after each."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cloudseam.errors import (
    ExecutionExistsError,
    MigrationRefusedError,
    StackTooLargeError,
    TransitionNotAllowedError,
)
from cloudseam.event import (
    CANCEL_TASKS,
    LOST,
    MIGRATE_MACHINE,
    REDRIVE_EXECUTION,
    RETRY_PENDING_TASKS,
    START,
    STOP_EXECUTION,
    TASK_COMPLETED,
    TASK_ERROR,
    TASK_HEARTBEAT,
    TASK_STARTED,
    TIMEOUT,
    TIMER_DUE,
    Answer,
    Event,
)
from cloudseam.given import Given
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.languages.task_life import RESENDS
from cloudseam.stack import Stack
from cloudseam.step import Step, Verdict, step
from cloudseam.task_token import read_token

NOW = 1_700_000_000_000
LAMBDA = "arn:aws:lambda:us-east-1:111111111111:function:f"
ACTIVITY = "arn:aws:states:us-east-1:111111111111:activity:a"
CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
NESTED = "arn:aws:states:::states:startExecution.sync"
DAY_MS = 24 * 3600 * 1000


class Life:
    """One stack, an event after the other, as they are committed."""

    def __init__(self, resource: str = LAMBDA, **fields: Any) -> None:
        state = {"Type": "Task", "Resource": resource, "End": True, **fields}
        definition = {"StartAt": "T", "States": {"T": state}}
        self.machine = AslMachine("m", "digest", definition)
        self.stack = Stack.new("m:e", "m", NOW)
        self.now = NOW
        self.number = 0
        self.last = self.send(START, payload={"input": {"in": 1}})

    def send(
        self,
        name: str,
        after: float = 0,
        refusal: StackTooLargeError | None = None,
        **told: Any,
    ) -> Step:
        self.now += round(1000 * after)
        self.number += 1
        event = Event(f"event-{self.number}", "m:e", name, **told)
        self.last = step(
            self.machine,
            self.stack,
            event,
            Given(self.now, f"{self.number}".encode()),
            refusal=refusal,
        )
        committed = replace(self.last.stack, version=self.last.stack.version + 1, log=())
        self.log = self.last.stack.log
        self.stack = committed
        return self.last

    def answer(self, name: str, refusal: StackTooLargeError | None = None, **told: Any) -> Step:
        (task,) = [task for task in self.stack.tasks if task.name != "timer"]
        return self.send(name, refusal=refusal, answer=Answer(task.name, task.token, **told))

    @property
    def output(self) -> Any:
        return self.stack.memory["execution"]["output"]

    @property
    def failure(self) -> tuple[str | None, str | None]:
        execution = self.stack.memory["execution"]
        return execution["error"], execution["cause"]


def test_starting_asks_for_the_first_task() -> None:
    life = Life(TimeoutSeconds=9)
    (run,) = life.last.effects

    assert life.stack.state == "RUNNING"
    assert run.task.executor == "states"
    assert run.task.timeout == 9
    assert run.task.input is not None
    assert run.task.input["resource"] == LAMBDA
    assert run.task.input["arguments"] == {"in": 1}
    assert read_token(str(run.task.input["token"])) == ("m:e", "T#1", run.token)
    assert life.last.wakes == (NOW + 9000,)
    assert [event["id"] for event in life.log] == [1, 2, 3, 4]


def test_an_answer_ends_the_execution_which_stays_for_90_days() -> None:
    life = Life(TimeoutSeconds=9)
    life.answer(TASK_COMPLETED, result={"output": [1]})

    assert (life.stack.state, life.output) == ("SUCCEEDED", [1])
    assert life.stack.tasks == ()
    assert life.stack.expires_at == NOW + 90 * DAY_MS
    assert [event["id"] for event in life.log] == [5, 6, 7]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"error": "E", "description": "why"}, ("E", "why")),
        ({"description": "why"}, ("States.TaskFailed", "why")),
        ({"error": TIMEOUT, "description": "late"}, ("States.Timeout", None)),
        ({"error": ""}, (None, None)),
    ],
)
def test_a_failure_is_told_in_the_words_of_the_language(
    told: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    life = Life()
    life.answer(TASK_ERROR, **told)

    assert life.stack.state == "FAILED"
    assert life.failure == expected


def test_an_answer_with_another_token_changes_nothing() -> None:
    life = Life()
    before = life.stack.memory
    step = life.send(TASK_COMPLETED, answer=Answer("T#1", "forged", result={"output": 1}))

    assert step.verdict is Verdict.LATE
    assert life.stack.memory == before


def test_an_event_that_comes_twice_owes_its_task_again_and_changes_nothing() -> None:
    life = Life()
    life.number = 0
    again = life.send(START, payload={"input": {"in": 2}})

    assert again.verdict is Verdict.DUPLICATE
    assert [run.task.name for run in again.effects] == ["T#1"]
    assert life.stack.memory["execution"]["input"] == {"in": 1}


def test_another_start_of_the_same_execution_changes_nothing() -> None:
    life = Life()
    before = life.stack.memory

    assert life.send(START, payload={"input": {"in": 1}}).verdict is Verdict.APPLIED
    assert (life.stack.memory, life.log) == (before, ())
    life.answer(TASK_COMPLETED, result={"output": 1})
    life.send(START, payload={"input": {"in": 1}})
    assert (life.stack.state, life.log) == ("SUCCEEDED", ())


@pytest.mark.parametrize("told", [{"input": {"in": 2}}, {"input": {"in": True}}, {}])
def test_a_start_with_another_input_is_refused(told: dict[str, Any]) -> None:
    life = Life()

    with pytest.raises(ExecutionExistsError, match="'m:e' was started before, with another input"):
        life.send(START, payload=told)


def test_an_execution_has_the_metadata_of_what_it_was_sent() -> None:
    life = Life()
    for number, name in enumerate((START, RETRY_PENDING_TASKS, STOP_EXECUTION, STOP_EXECUTION)):
        life.send(name, metadata={f"k{number}": 1}, payload={"input": {"in": 1}})

    assert life.stack.metadata == {"k0": 1, "k1": 1, "k2": 1, "k3": 1}


def test_a_timer_that_comes_early_does_nothing() -> None:
    life = Life(TimeoutSeconds=9)
    early = life.send(TIMER_DUE, after=8, at=NOW + 9000)
    assert early.verdict is Verdict.NOTHING_DUE
    assert early.wakes == (NOW + 9000,)
    life.send(TIMER_DUE, after=1, at=NOW + 9000)

    assert (life.stack.state, life.failure) == ("FAILED", ("States.Timeout", None))


def test_a_retry_waits_for_its_timer_and_asks_with_another_token() -> None:
    life = Life(Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 5}])
    first = life.stack.tasks[0].token
    life.answer(TASK_ERROR, error="E")
    assert life.last.wakes == (NOW + 5000,)
    assert life.last.effects == ()
    (run,) = life.send(TIMER_DUE, after=5, at=NOW + 5000).effects

    assert run.token != first
    assert life.stack.state == "RUNNING"


def test_handing_over_a_token_leaves_the_task_pending_and_sends_nothing_again() -> None:
    life = Life(CALLBACK)
    life.answer(TASK_COMPLETED, result={"submitted": {"MessageId": "m"}})
    (task,) = life.stack.tasks
    assert life.stack.state == "RUNNING"
    assert [event["type"] for event in life.log] == ["TaskSubmitted"]
    # The sweep takes a task for lost by the time it was asked at.
    assert (task.asked_by, task.asked_at) == ("", 0)
    assert life.send(RETRY_PENDING_TASKS).effects == ()
    life.answer(TASK_COMPLETED, result={"output": "called back"})

    assert (life.stack.state, life.output) == ("SUCCEEDED", "called back")


@pytest.mark.parametrize(
    ("told", "status", "types"),
    [
        ({"output": 1}, "SUCCEEDED", ["TaskSubmitted", "TaskSucceeded"]),
        ({"failure": {"error": "E", "cause": "C"}}, "FAILED", ["TaskSubmitted", "TaskFailed"]),
    ],
)
def test_a_nested_execution_is_told_of_from_its_start_to_its_end(
    told: dict[str, Any], status: str, types: list[str]
) -> None:
    life = Life(NESTED)
    life.answer(TASK_COMPLETED, result={"submitted": {"ExecutionArn": "arn:e"}, **told})

    assert life.stack.state == status
    assert [event["type"] for event in life.log][:2] == types
    if status == "FAILED":
        assert life.failure == ("E", "C")


def test_a_worker_comes_for_the_task_of_an_activity() -> None:
    life = Life(ACTIVITY, HeartbeatSeconds=10, TimeoutSeconds=100)
    assert life.last.effects == ()
    assert life.stack.tasks[0].asked_at == 0
    life.answer(TASK_STARTED, description="worker")
    assert [event["type"] for event in life.log] == ["ActivityStarted"]
    life.answer(TASK_STARTED, description="other")
    assert life.log == ()
    life.now += 9000
    life.answer(TASK_HEARTBEAT)
    assert life.stack.task("timer") is not None
    life.send(TIMER_DUE, after=9)
    assert life.stack.state == "RUNNING"
    life.send(TIMER_DUE, after=1)

    assert life.failure == ("States.Timeout", None)


def test_what_was_lost_is_sent_again_and_given_up_in_the_end() -> None:
    life = Life()
    token = life.stack.tasks[0].token
    for _ in range(RESENDS):
        (run,) = life.send(TIMER_DUE, after=3600, lost=(token,)).effects
        assert run.token == token
    life.send(TIMER_DUE, after=3600, lost=(token,))

    assert life.failure[0] == LOST


@pytest.mark.parametrize("name", [STOP_EXECUTION, CANCEL_TASKS])
def test_an_execution_is_ended_from_outside(name: str) -> None:
    life = Life()
    life.send(name, payload={"error": "E", "cause": "why"})

    assert (life.stack.state, life.failure) == ("ABORTED", ("E", "why"))
    assert life.stack.tasks == ()
    assert life.stack.expires_at


def test_an_execution_that_has_ended_takes_no_more_events() -> None:
    life = Life()
    life.answer(TASK_COMPLETED, result={"output": 1})
    for name in (STOP_EXECUTION, RETRY_PENDING_TASKS, "ANYTHING"):
        life.send(name)

    assert (life.stack.state, life.output) == ("SUCCEEDED", 1)
    assert life.log == ()


def test_other_events_are_refused() -> None:
    with pytest.raises(TransitionNotAllowedError):
        Life().send("ADVANCE")
    with pytest.raises(MigrationRefusedError):
        Life().send(MIGRATE_MACHINE)
    unknown = Event("x", "m:e", "ADVANCE")
    with pytest.raises(TransitionNotAllowedError, match="Send START first"):
        Life().machine.react(Stack.new("m:e", "m", NOW), unknown, Given(NOW, b""))


def test_no_event_changes_what_it_was_given() -> None:
    # A lost race folds the same event over the stack as it was read, again.
    task = {"Type": "Task", "Resource": LAMBDA, "Retry": [{"ErrorEquals": ["E"]}], "End": True}
    states = {"I": {"Type": "Pass", "Next": "J"}, "J": task}
    processor = {"StartAt": "I", "States": states}
    life = Life()
    mapped = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 1, "End": True}
    life.machine = AslMachine("m", "digest", {"StartAt": "M", "States": {"M": mapped}})
    life.stack = Stack.new("m:e", "m", NOW)
    life.send(START, payload={"input": [1, 2]})
    for name, told in (
        (TASK_COMPLETED, {"result": {"output": 1}}),
        (TASK_ERROR, {"error": "E"}),
    ):
        given, before = life.stack, json.dumps(life.stack.memory)
        life.answer(name, **told)
        assert json.dumps(given.memory) == before


TOO_LARGE = StackTooLargeError("There would be 3 bytes; at most 2 can be kept.")
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Next"}]


def two_tasks() -> Life:
    """Two tasks, one after the other, of which the first has been asked for."""
    life = Life()
    task = {"Type": "Task", "Resource": LAMBDA, "Catch": CATCH_ALL}
    states = {"T": {**task, "Next": "Next"}, "Next": {**task, "End": True}}
    life.machine = AslMachine("m", "digest", {"StartAt": "T", "States": states})
    return life


def test_an_execution_that_outgrows_its_store_fails_whatever_it_catches() -> None:
    life = two_tasks()
    life.answer(TASK_COMPLETED, refusal=TOO_LARGE, result={"output": "large"})

    error, cause = life.failure
    assert (life.stack.state, error) == ("FAILED", "States.DataLimitExceeded")
    assert cause is not None
    assert cause.startswith("There would be 3 bytes; at most 2 can be kept. ")
    assert "put items into batches" in cause
    assert (life.stack.tasks, life.stack.expires_at) == ((), NOW + 90 * DAY_MS)
    assert [event["type"] for event in life.log] == [
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "ExecutionFailed",
    ]
    assert life.log[-1]["previousEventId"] == life.log[-2]["id"]
    assert "large" not in json.dumps(life.stack.memory)


def test_one_that_has_outgrown_it_is_redriven_from_before_the_event() -> None:
    life = two_tasks()
    life.answer(TASK_COMPLETED, refusal=TOO_LARGE, result={"output": "large"})
    life.send(REDRIVE_EXECUTION, refusal=TOO_LARGE)
    assert life.stack.state == "FAILED"

    life.send(REDRIVE_EXECUTION)
    life.answer(TASK_COMPLETED, result={"output": 1})
    life.answer(TASK_COMPLETED, result={"output": 2})

    assert (life.stack.state, life.output) == ("SUCCEEDED", 2)


def test_one_that_outgrows_it_at_once_is_redriven_from_its_beginning() -> None:
    life = two_tasks()
    life.stack = Stack.new("m:e", "m", NOW)
    life.send(START, refusal=TOO_LARGE, payload={"input": "in"})
    assert life.stack.state == "FAILED"

    life.send(REDRIVE_EXECUTION)

    (run,) = life.last.effects
    assert (run.task.name, run.task.input and run.task.input["arguments"]) == ("T#1", "in")


def test_one_that_fails_by_itself_keeps_its_error_and_less_to_go_on_from() -> None:
    life = two_tasks()
    outer = {
        "Type": "Parallel",
        "Branches": [life.machine.definition, {"StartAt": "F", "States": {"F": {"Type": "Fail"}}}],
        "End": True,
    }
    first = {"Type": "Pass", "Result": "large", "Next": "P"}
    life.machine = AslMachine("m", "digest", {"StartAt": "A", "States": {"A": first, "P": outer}})
    life.stack = Stack.new("m:e", "m", NOW)
    life.send(START, refusal=TOO_LARGE)

    assert (life.stack.state, life.failure) == ("FAILED", (None, None))
    assert "large" not in json.dumps(life.stack.memory)


def test_what_an_event_does_to_no_execution_is_refused_where_it_is_too_large() -> None:
    life = two_tasks()
    with pytest.raises(StackTooLargeError):
        life.send(RETRY_PENDING_TASKS, refusal=TOO_LARGE)
    life.answer(TASK_COMPLETED, result={"output": 1})
    with pytest.raises(StackTooLargeError):
        life.answer(TASK_COMPLETED, refusal=TOO_LARGE, result={"output": 2})

    assert life.stack.state == "RUNNING"
