"""Machines in Amazon States Language through both functions, on both stores."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from random import Random, randbytes
from typing import Any

import pytest

from cloudseam.errors import (
    ExecutionExistsError,
    StackTooLargeError,
    TransitionNotAllowedError,
)
from cloudseam.outcome import Fate
from cloudseam.persistence import row
from tests.asl_functions import ARN, AslFunctions, asl_functions, start
from tests.builders import a_delivery
from tests.emulated import EmulatedAws
from tests.function import MAX_RECEIVES, forget_container

ORDER = f"""\
StartAt: Charge
States:
  Charge:
    Type: Task
    Resource: {ARN}charge
    ResultPath: $.charge
    Retry: [{{ErrorEquals: [Busy], IntervalSeconds: 5, MaxAttempts: 1}}]
    Next: Notify
  Notify:
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Parameters: {{FunctionName: notify, Payload.$: $.charge}}
    ResultSelector: {{told.$: $.Payload}}
    ResultPath: $.notice
    Next: Much?
  Much?:
    Type: Choice
    Choices: [{{Variable: $.charge.amount, NumericGreaterThan: 10, Next: Pause}}]
    Default: Ship
  Pause: {{Type: Wait, Seconds: 30, Next: Ship}}
  Ship:
    Type: Task
    Resource: {ARN}ship
    Catch: [{{ErrorEquals: [NoStock], ResultPath: $.problem, Next: Apologise}}]
    End: true
  Apologise: {{Type: Pass, Result: sorry, End: true}}
"""


class Busy(Exception):
    """A function that may work later."""


class Wordy(Exception):
    """An error with much to say."""


class NoStock(Exception):
    """A function that never works."""


NAMES = ("charge", "notify", "ship", "echo", "complain", "fill")


class Shop:
    """What the functions do."""

    def __init__(self) -> None:
        self.busy = 0

    def charge(self, order: Any) -> Any:
        self.busy -= 1
        if self.busy >= 0:
            raise Busy
        return {"amount": order["amount"]}

    def notify(self, charge: Any) -> Any:
        return f"charged {charge['amount']}"

    def ship(self, order: Any) -> Any:
        if order["amount"] > 100:
            raise NoStock
        return {"shipped": order["notice"]["told"]}

    def echo(self, given: Any) -> Any:
        return given

    def fill(self, given: Any) -> Any:
        return noise(LARGE)

    def complain(self, given: Any) -> Any:
        raise Wordy("no " * 3_000)


# Bytes of what the function `fill` gives back, another each time.
LARGE = 250_000


def noise(size: int) -> str:
    """A text that cannot be packed into much less, another each time."""
    return b64encode(randbytes(size * 3 // 4)).decode()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture(params=["dynamodb", "postgres"])
def functions(
    request: pytest.FixtureRequest, aws: EmulatedAws, tmp_path: Path, shop: Shop
) -> Iterator[AslFunctions]:
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    behaviours = {name: getattr(shop, name) for name in NAMES}
    with asl_functions(aws, tmp_path, behaviours, server) as functions:
        yield functions


def test_an_execution_goes_through_tasks_choice_wait_retry_and_catch(
    functions: AslFunctions, shop: Shop
) -> None:
    functions.put_machine(ORDER)
    shop.busy = 1

    functions.start({"amount": 200})
    assert (functions.stack().state, functions.places()) == ("RUNNING", ["Charge"])
    functions.pass_time(5)
    assert functions.places() == ["Pause"]
    functions.pass_time(30)

    assert functions.ended() == ("SUCCEEDED", "sorry")
    assert functions.stack().tasks == ()
    order = {"amount": 200, "charge": {"amount": 200}, "notice": {"told": "charged 200"}}
    assert functions.lambdas.calls == [{"amount": 200}] * 2 + [{"amount": 200}, order]


def test_what_is_answered_well_goes_straight_through(functions: AslFunctions) -> None:
    functions.put_machine(ORDER)

    functions.start({"amount": 7})

    assert functions.ended() == ("SUCCEEDED", {"shipped": "charged 7"})


def test_a_start_that_comes_again_has_its_task_sent_again_and_nothing_else(
    functions: AslFunctions,
) -> None:
    functions.put_machine(ORDER)
    functions.both.send(start({"amount": 7}))
    [asked] = functions.both.function.tasks()
    before = functions.execution()

    functions.both.send(start({"amount": 7}))
    [again] = functions.both.function.tasks()
    functions.both.send(start({"amount": 7}, eventId="another"))

    assert again == asked
    assert functions.both.function.tasks() == []
    assert functions.execution() == before
    functions.both.satisfy_these([again])
    functions.both.apply_answers()
    functions.both.settle()
    assert functions.ended()[0] == "SUCCEEDED"
    ended = functions.stack()
    [other] = functions.both.function.deliver(
        a_delivery(start({"amount": 8}, eventId="yet another"))
    )
    assert other.fate is Fate.DEAD_LETTERED
    assert isinstance(other.error, ExecutionExistsError)
    assert functions.execution() == ended.memory["execution"]
    assert functions.stack().expires_at == ended.expires_at


TASK = f"""\
StartAt: T
States:
  T: {{Type: Task, Resource: {ARN}echo, TimeoutSeconds: 60, End: true}}
"""


def test_an_execution_is_stopped_and_the_answer_of_its_task_comes_too_late(
    functions: AslFunctions,
) -> None:
    functions.put_machine(TASK)
    functions.both.send(start())

    functions.both.send(
        {"stackId": "s", "event": "STOP_EXECUTION", "error": "Operator", "cause": "enough"}
    )
    functions.both.settle()

    assert functions.ended() == ("ABORTED", ("Operator", "enough"))


def test_an_execution_that_did_not_end_well_goes_on_by_an_event(
    functions: AslFunctions, shop: Shop
) -> None:
    functions.put_machine(ORDER)
    shop.busy = 2
    functions.start({"amount": 20})
    functions.pass_time(5)
    assert functions.ended()[0] == "FAILED"
    assert functions.stack().expires_at > 0

    for _ in range(2):
        functions.send("REDRIVE_EXECUTION", eventId="again")

    assert (functions.stack().state, functions.places()) == ("RUNNING", ["Pause"])
    assert (functions.stack().expires_at, functions.execution()["redrives"]) == (0, 1)
    functions.pass_time(30)
    assert functions.ended() == ("SUCCEEDED", {"shipped": "charged 20"})
    [refused] = functions.both.function.deliver(
        a_delivery({"stackId": "s", "event": "REDRIVE_EXECUTION", "eventId": "once more"})
    )
    assert isinstance(refused.error, TransitionNotAllowedError)


def test_a_task_is_not_waited_for_beyond_its_time(functions: AslFunctions) -> None:
    functions.put_machine(TASK)
    functions.both.send(start())
    [asked] = functions.both.function.tasks()

    assert asked["task"]["timeout"] == 60
    functions.pass_time(60)

    assert functions.ended() == ("FAILED", ("States.Timeout", None))
    functions.both.satisfy_these([asked])
    functions.both.apply_answers()
    assert functions.ended() == ("FAILED", ("States.Timeout", None))


def test_an_execution_has_a_time_of_its_own(functions: AslFunctions) -> None:
    functions.put_machine(
        "{StartAt: W, TimeoutSeconds: 5, States: {W: {Type: Wait, Seconds: 60, End: true}}}"
    )

    functions.start()
    functions.pass_time(5)

    assert functions.ended() == ("TIMED_OUT", None)


CALL_BACK = """\
StartAt: Ask
States:
  Ask:
    Type: Task
    Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
    Parameters: {QueueUrl: QUEUE, MessageBody: {token.$: $$.Task.Token}}
    HeartbeatSeconds: 60
    Catch: [{ErrorEquals: [Refused], ResultPath: $.refused, Next: Done}]
    Next: Done
  Done: {Type: Pass, End: true}
"""


@pytest.fixture
def token(functions: AslFunctions, aws: EmulatedAws) -> str:
    """What an execution that waits for a call back has handed over."""
    queue = aws.queue()
    functions.put_machine(CALL_BACK.replace("QUEUE", queue))
    functions.start({"n": 1})
    [message] = aws.received(queue)
    return str(json.loads(message["Body"])["token"])


def test_whoever_was_handed_a_token_answers_by_an_event(
    functions: AslFunctions, token: str
) -> None:
    functions.both.send({"event": "TASK_COMPLETED", "taskToken": token, "output": {"ok": True}})
    functions.both.send({"event": "TASK_COMPLETED", "taskToken": token, "output": {"ok": False}})

    assert functions.ended() == ("SUCCEEDED", {"ok": True})


def test_whoever_was_handed_a_token_fails_the_task_by_an_event(
    functions: AslFunctions, token: str
) -> None:
    told = {"event": "TASK_ERROR", "error": "Refused", "cause": "too much"}
    functions.both.send({**told, "taskToken": token})

    refused = {"Error": "Refused", "Cause": "too much"}
    assert functions.ended() == ("SUCCEEDED", {"n": 1, "refused": refused})


def test_heartbeats_keep_a_task_that_somebody_was_handed(
    functions: AslFunctions, token: str
) -> None:
    functions.clock.move_on(50)
    functions.both.send({"event": "TASK_HEARTBEAT", "taskToken": token})
    functions.pass_time(50)
    assert functions.stack().state == "RUNNING"
    functions.pass_time(10)

    assert functions.ended() == ("FAILED", ("States.Timeout", None))
    functions.both.send({"event": "TASK_HEARTBEAT", "taskToken": token})


def test_branches_and_iterations_have_tasks_of_their_own(functions: AslFunctions) -> None:
    functions.put_machine(
        f"""\
StartAt: Both
States:
  Both:
    Type: Parallel
    Branches:
    - {{StartAt: A, States: {{A: {{Type: Task, Resource: {ARN}echo, End: true}}}}}}
    - {{StartAt: B, States: {{B: {{Type: Pass, Result: b, End: true}}}}}}
    ResultPath: $.both
    Next: Each
  Each:
    Type: Map
    ItemsPath: $.items
    MaxConcurrency: 2
    ItemProcessor:
      StartAt: I
      States: {{I: {{Type: Task, Resource: {ARN}echo, End: true}}}}
    End: true
"""
    )

    functions.start({"items": [{"i": 0}, {"i": 1}, {"i": 2}]})

    assert functions.ended() == ("SUCCEEDED", [{"i": 0}, {"i": 1}, {"i": 2}])
    assert len(functions.lambdas.calls) == 4


# As many bytes of each as a payload may have.
LARGEST = {
    "ascii": "x" * 262_000,
    "two-bytes": "é" * 131_000,
    "three-bytes": "漢" * 87_000,
    "noise": b64encode(Random(1).randbytes(196_500)).decode(),
}


@pytest.mark.parametrize("what", LARGEST)
def test_payloads_of_the_largest_size_go_through(functions: AslFunctions, what: str) -> None:
    functions.put_machine(
        f"""\
StartAt: One
States:
  One: {{Type: Task, Resource: {ARN}echo, Next: Two}}
  Two:
    Type: Parallel
    Branches:
    - StartAt: A
      States:
        A: {{Type: Task, Resource: {ARN}echo, Next: a}}
        a: {{Type: Pass, Result: a, End: true}}
    - StartAt: B
      States:
        B: {{Type: Task, Resource: {ARN}echo, Next: b}}
        b: {{Type: Pass, Result: b, End: true}}
    ResultPath: null
    End: true
"""
    )
    largest = {"text": LARGEST[what]}

    functions.start(largest)

    assert functions.ended() == ("SUCCEEDED", largest)
    assert len(functions.lambdas.calls) == 3


def test_an_execution_keeps_its_definition_when_the_file_changes_or_goes(
    functions: AslFunctions,
) -> None:
    wait = "{Type: Wait, Seconds: 9, Next: E}"
    end = "{Type: Pass, Result: old, End: true}"
    functions.put_machine(f"{{StartAt: W, States: {{W: {wait}, E: {end}}}}}")
    functions.start(stack="first")
    functions.start(stack="second")

    functions.put_machine("{StartAt: N, States: {N: {Type: Pass, Result: new, End: true}}}")
    forget_container()
    functions.pass_time(9, "first")
    functions.start(stack="third")
    (functions.both.function.machines / "m.asl.yml").unlink()
    forget_container()
    functions.pass_time(9, "second")

    assert functions.ended("first") == functions.ended("second") == ("SUCCEEDED", "old")
    assert functions.ended("third") == ("SUCCEEDED", "new")


def test_a_start_of_a_bad_definition_waits_and_is_dead_lettered_with_what_is_wrong(
    functions: AslFunctions,
) -> None:
    functions.put_machine("{StartAt: A, States: {A: {Type: Pass, Next: B}}}")
    function = functions.both.function

    [first] = function.deliver(a_delivery(start()))
    [last] = function.deliver(a_delivery(start(), receive_count=MAX_RECEIVES))

    assert (first.fate, last.fate) == (Fate.RETURNED, Fate.DEAD_LETTERED)
    assert "m.asl.yml:1:" in str(last.error)
    assert "error: /States/A/Next: MISSING_TRANSITION_TARGET" in str(last.error)
    assert functions.load("s") is None
    functions.put_machine("{StartAt: A, States: {A: {Type: Pass, End: true}}}")
    functions.start()
    assert functions.ended() == ("SUCCEEDED", {})


def test_other_events_are_refused_with_what_could_be_sent(functions: AslFunctions) -> None:
    functions.put_machine(TASK)
    functions.both.send(start())

    [refused] = functions.both.function.deliver(a_delivery({"stackId": "s", "event": "UPDATE"}))
    [unstarted] = functions.both.function.deliver(
        a_delivery({"stackId": "t", "event": "UPDATE", "machine": "m"})
    )

    assert "It takes START, STOP_EXECUTION" in str(refused.error)
    assert "Send START first" in str(unstarted.error)


def test_a_payload_that_is_too_large_fails_the_state(functions: AslFunctions) -> None:
    functions.put_machine(TASK)

    functions.start({"text": "x" * 262_144})

    assert functions.ended()[0] == "FAILED"
    assert functions.ended()[1][0] == "States.DataLimitExceeded"


OUTGROWING = {
    "Type": "Parallel",
    "Branches": [
        {
            "StartAt": f"Fill {number}",
            "States": {
                f"Fill {number}": {
                    "Type": "Task",
                    "Resource": f"{ARN}fill",
                    "Next": f"Echo {number}",
                },
                f"Echo {number}": {"Type": "Task", "Resource": f"{ARN}echo", "End": True},
            },
        }
        for number in range(3)
    ],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
    "Next": "Caught",
}


def test_an_execution_that_comes_to_keep_more_than_it_can_fails(
    functions: AslFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As much as may be takes seconds to pack.
    monkeypatch.setattr(row, "MAX_MEMORY_BYTES", 2 * LARGE)
    states = {"Both": OUTGROWING, "Caught": {"Type": "Succeed"}}
    functions.put_machine(json.dumps({"StartAt": "Both", "States": states}))

    functions.start()

    status, (error, cause) = functions.ended()
    assert (status, error) == ("FAILED", "States.DataLimitExceeded")
    assert f"at most {2 * LARGE} can be kept" in cause
    assert "put items into batches" in cause
    events = functions.log()
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events[-3:]] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "ExecutionFailed",
    ]
    told = {"error": error, "cause": cause}
    assert events[-1]["executionFailedEventDetails"] == told
    assert events[-1]["previousEventId"] == len(events) - 1
    assert (functions.stack().tasks, functions.stack().expires_at > 0) == ((), True)


def test_a_start_with_more_than_an_execution_can_keep_is_a_dead_letter(
    functions: AslFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What can be kept is more than a message brings, if it cannot be packed too badly.
    monkeypatch.setattr(row, "MAX_MEMORY_BYTES", LARGE - row.END_BYTES)
    functions.put_machine(TASK)

    [refused] = functions.both.function.deliver(a_delivery(start({"text": noise(LARGE)})))

    assert refused.fate is Fate.DEAD_LETTERED
    assert isinstance(refused.error, StackTooLargeError)
    assert f"at most {LARGE - row.END_BYTES} can be kept" in str(refused.error)
    assert functions.load("s") is None


def test_the_sweep_makes_good_a_timer_that_was_lost_and_leaves_call_backs_alone(
    functions: AslFunctions, token: str
) -> None:
    functions.put_machine("{StartAt: W, States: {W: {Type: Wait, Seconds: 9, End: true}}}", "wait")
    functions.start(stack="waits", machine="wait")
    functions.clock.move_on(9 + 300)

    swept = functions.both.function.sweep()
    functions.both.settle()

    assert swept["repaired"] == 2  # of the one that was handed a token its heartbeat has ended
    assert functions.ended("waits") == ("SUCCEEDED", {})
    assert functions.ended() == ("FAILED", ("States.Timeout", None))
    assert functions.both.function.sweep()["looked_at"] == 0


def test_a_long_cause_is_whole_so_that_its_json_can_be_read(functions: AslFunctions) -> None:
    functions.put_machine(
        f"""\
StartAt: T
States:
  T:
    Type: Task
    Resource: {ARN}complain
    Catch: [{{ErrorEquals: [Wordy], Next: Read}}]
    End: true
  Read:
    Type: Pass
    Parameters: {{told.$: States.StringToJson($.Cause)}}
    OutputPath: $.told.errorMessage
    End: true
"""
    )

    functions.start()

    assert functions.ended() == ("SUCCEEDED", "no " * 3_000)
