"""What an execution in Amazon States Language costs in calls of AWS, over both functions."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.asl_functions import ARN, AslFunctions, asl_functions, start
from tests.counted_calls import Calls, counted_calls
from tests.emulated import EmulatedAws

CHAIN = """\
StartAt: P
States:
  P: {Type: Pass, Result: 4, Next: C}
  C: {Type: Choice, Choices: [{Variable: $, NumericGreaterThan: 3, Next: S}]}
  S: {Type: Succeed}
"""
TASK = f"{{StartAt: T, States: {{T: {{Type: Task, Resource: {ARN}echo, End: true}}}}}}"
WAIT = "{StartAt: W, States: {W: {Type: Wait, Seconds: 30, End: true}}}"
# One read, and the stack's row with that of its log in one transaction.
READ_AND_WRITE = {"BatchGetItem": 1, "TransactWriteItems": 1}


@pytest.fixture
def aws(on_emulator: EmbeddedAws) -> EmulatedAws:
    aws = EmulatedAws()
    _ = (aws.dynamodb, aws.sqs)  # made before any call is counted
    return aws


@pytest.fixture
def calls(aws: EmulatedAws) -> Iterator[Calls]:
    with counted_calls() as calls:
        yield calls


@pytest.fixture
def functions(
    aws: EmulatedAws, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AslFunctions]:
    """Both, warm, with the machines kept."""
    monkeypatch.setattr("task_satisfier.answers.PATIENCE", 60)  # whoever else is at work here
    behaviours = {"echo": lambda given: given}
    with asl_functions(aws, tmp_path, behaviours, DYNAMODB_WRITES="batched") as functions:
        for name, text in (("chain", CHAIN), ("task", TASK), ("wait", WAIT)):
            functions.put_machine(text, name)
            functions.start(stack=f"first-{name}", machine=name)
        yield functions


def test_states_without_a_task_cost_one_read_and_one_write_in_all(
    functions: AslFunctions, calls: Calls
) -> None:
    calls.taken()

    functions.both.send(start(machine="chain"))

    assert calls.taken() == READ_AND_WRITE
    assert functions.ended() == ("SUCCEEDED", 4)


def test_the_round_of_a_task_costs_so_many_calls(functions: AslFunctions, calls: Calls) -> None:
    calls.taken()

    functions.both.send(start(machine="task"))
    assert calls.taken() == READ_AND_WRITE | {"SendMessageBatch": 1}
    asked = functions.both.function.tasks()
    functions.both.satisfy_these(asked)
    assert calls.taken() == {"PutItem": 1, "Invoke": 1, "SendMessageBatch": 1}
    answers = functions.both.answers()
    functions.both.apply(answers)
    assert calls.taken() == READ_AND_WRITE
    assert functions.ended() == ("SUCCEEDED", {})


def test_a_wait_costs_a_message_with_a_delay(functions: AslFunctions, calls: Calls) -> None:
    calls.taken()
    calls.arguments.clear()

    functions.both.send(start(machine="wait"))

    assert calls.taken() == READ_AND_WRITE | {"SendMessageBatch": 1}
    [sent] = [told for name, told in calls.arguments if name == "SendMessageBatch"]
    assert [entry["DelaySeconds"] for entry in sent["Entries"]] == [30]
    functions.clock.move_on(30)
    functions.both.send({"stackId": "s", "event": "TIMER_DUE"})
    assert calls.taken() == READ_AND_WRITE
