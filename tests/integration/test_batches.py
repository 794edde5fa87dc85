"""Batches of the state machine function, committed and sent in a few calls of the embedded AWS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from cloudseam.errors import ServiceUnavailableError
from cloudseam.outcome import Fate
from cloudseam.step import Verdict
from cloudseam_cli.embedded_aws import EmbeddedAws
from state_machine import app
from tests.builders import a_delivery, an_answer_body, an_event_body
from tests.counted_calls import Calls, counted_calls
from tests.emulated import EmulatedAws
from tests.function import StateMachineFunction, state_machine_function

MACHINE = """
version: 1
events: [LAUNCH, NOTE]
states:
  INIT:
    on:
      LAUNCH: [{action: advance, state: BUILD}]
  BUILD:
    tasks: [network]
    on:
      NOTE: [{action: no-op}]
      NEXT: [{action: advance, state: DONE}]
  DONE:
    terminal: true
tasks:
  network: {executor: lambda, config: {name: make-network}}
"""


@pytest.fixture
def function(on_emulator: EmbeddedAws, tmp_path: Path) -> Iterator[StateMachineFunction]:
    with state_machine_function(EmulatedAws(), tmp_path, DYNAMODB_WRITES="batched") as function:
        function.put_machine("branch", MACHINE)
        yield function


@pytest.fixture
def calls(function: StateMachineFunction) -> Iterator[Calls]:
    """What the function calls once it has kept its machine; the test's calls are not counted."""
    _ = (function.aws.dynamodb, function.aws.sqs)
    with counted_calls() as calls:
        function.deliver(a_delivery(launch("first")))
        function.tasks()
        calls.taken()
        yield calls


def launch(stack_id: str) -> dict[str, Any]:
    return an_event_body("LAUNCH", machine="branch", stackId=stack_id)


def stacks(number: int) -> list[str]:
    return [f"s{position}" for position in range(number)]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(1, {"BatchGetItem": 1, "PutItem": 1, "SendMessageBatch": 1}, id="1"),
        pytest.param(
            10, {"BatchGetItem": 1, "BatchExecuteStatement": 1, "SendMessageBatch": 1}, id="10"
        ),
        pytest.param(
            120, {"BatchGetItem": 2, "BatchExecuteStatement": 5, "SendMessageBatch": 12}, id="120"
        ),
    ],
)
def test_a_batch_of_stacks_with_one_task_each_costs_so_many_calls(
    calls: Calls, function: StateMachineFunction, number: int, expected: dict[str, int]
) -> None:
    function.deliver(*(a_delivery(launch(name)) for name in stacks(number)))

    assert calls.taken() == expected
    assert len(function.tasks()) == number


def test_ten_answers_are_one_read_and_one_write(
    calls: Calls, function: StateMachineFunction
) -> None:
    function.deliver(*(a_delivery(launch(name)) for name in stacks(10)))
    answers = [an_answer_body(message) for message in function.tasks()]
    calls.taken()

    outcomes = function.deliver(*(a_delivery(answer) for answer in answers))

    assert calls.taken() == {"BatchGetItem": 1, "BatchExecuteStatement": 1}
    assert {outcome.verdict for outcome in outcomes} == {Verdict.APPLIED}


def test_a_stack_that_another_writer_changes_costs_the_others_of_its_batch_nothing(
    calls: Calls, function: StateMachineFunction
) -> None:
    function.deliver(*(a_delivery(launch(name)) for name in stacks(10)))
    function.tasks()
    calls.taken()
    store = app.store().stacks
    load, races = store.load, iter([True])

    def loaded_just_before_another_writes(ids: Any) -> Any:
        found = load(ids)
        if next(races, False):
            assert store.save([found.stacks["s3"]]) == {}
        return found

    with patch.object(store, "load", loaded_just_before_another_writes):
        notes = [a_delivery(an_event_body("NOTE", stackId=name)) for name in stacks(10)]
        outcomes = function.deliver(*notes)

    assert {outcome.verdict for outcome in outcomes} == {Verdict.APPLIED}
    # The other's write; then s3 is read and written again, and it alone.
    assert calls.taken() == {"BatchGetItem": 2, "PutItem": 2, "BatchExecuteStatement": 1}


def test_a_batch_whose_answer_is_lost_comes_again_and_is_applied_once(
    calls: Calls, function: StateMachineFunction
) -> None:
    deliveries = [a_delivery(launch(name)) for name in stacks(3)]
    calls.leave_unanswered("BatchExecuteStatement")

    first = function.deliver(*deliveries)
    again = function.deliver(*deliveries)

    assert {type(outcome.error) for outcome in first} == {ServiceUnavailableError}
    assert {outcome.fate for outcome in first} == {Fate.RETURNED}
    assert {outcome.verdict for outcome in again} == {Verdict.DUPLICATE}
    assert sorted(message["stack"]["id"] for message in function.tasks()) == stacks(3)
    for name in stacks(3):
        stack = function.stack(name)
        assert stack is not None
        assert (stack.version, stack.epoch) == (1, 1)


def test_a_row_of_the_original_is_taken_over_within_a_batch(
    calls: Calls, function: StateMachineFunction
) -> None:
    tasks = [{"name": "network", "status": "PENDING"}]
    function.put_row({"id": "s1", "machine": "branch", "_state": "BUILD", "tasks": tasks})
    note = an_event_body("NOTE", stackId="s1", metadata={"k": "v"})

    outcomes = function.deliver(*map(a_delivery, (launch("s0"), note, launch("s2"))))

    assert {outcome.verdict for outcome in outcomes} == {Verdict.APPLIED}
    assert calls.taken()["PutItem"] == 1
    taken_over = function.stack("s1")
    assert taken_over is not None
    assert (taken_over.version, taken_over.metadata) == (1, {"k": "v"})
