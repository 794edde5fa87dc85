"""The state machine function with a bus that is told of transitions, over emulated AWS."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from cloudseam.outcome import Fate
from tests.builders import CANARY, a_delivery, an_event_body
from tests.counted_calls import Calls, counted_calls
from tests.emulated import EmulatedAws, emulated_aws
from tests.function import MAX_RECEIVES, StateMachineFunction, a_record, state_machine_function

BRANCH = (Path(__file__).parents[1] / "corpus" / "machines" / "branch.yml").read_text()
QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:cloudseam-events"


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        _ = (aws.dynamodb, aws.sqs)  # made before any call is counted
        boto3.client("events").create_event_bus(Name="transitions")
        yield aws


@pytest.fixture
def calls(aws: EmulatedAws) -> Iterator[Calls]:
    with counted_calls() as calls:
        yield calls


@pytest.fixture
def function(aws: EmulatedAws, tmp_path: Path, calls: Calls) -> Iterator[StateMachineFunction]:
    with state_machine_function(
        aws, tmp_path, TRANSITION_BUS="transitions", SQS_EVENT_QUEUE_ARN=QUEUE_ARN
    ) as function:
        function.put_machine("branch", BRANCH)
        function.deliver(a_delivery(launch("warm-up")))
        function.tasks()
        calls.taken()
        calls.arguments.clear()
        yield function


def launch(stack: str = "s", **fields: Any) -> dict[str, Any]:
    return an_event_body("LAUNCH", stack, machine="branch", **fields)


def told(calls: Calls) -> list[dict[str, Any]]:
    """The details of the notices that the bus was asked to take."""
    puts = [arguments for name, arguments in calls.arguments if name == "PutEvents"]
    return [json.loads(entry["Detail"]) for put in puts for entry in put["Entries"]]


def test_a_transition_costs_one_call_more(calls: Calls, function: StateMachineFunction) -> None:
    function.invoke(event_of(launch(metadata={"secret": CANARY})))

    assert calls.taken() == {"BatchGetItem": 1, "PutItem": 1, "SendMessageBatch": 1, "PutEvents": 1}
    ((entry,),) = [args["Entries"] for name, args in calls.arguments if name == "PutEvents"]
    assert entry["EventBusName"] == "transitions"
    assert entry["Resources"] == [QUEUE_ARN]
    assert (told(calls)[0]["from"], told(calls)[0]["to"]) == ("INIT", "PROVISION")
    assert CANARY not in str(entry)


@pytest.mark.parametrize(("stacks", "puts"), [(10, 1), (11, 2), (25, 3)])
def test_ten_transitions_of_a_batch_are_one_call(
    calls: Calls, function: StateMachineFunction, stacks: int, puts: int
) -> None:
    function.invoke(event_of(*(launch(f"s-{stacks}-{n}") for n in range(stacks))))

    assert calls.taken()["PutEvents"] == puts
    assert len(told(calls)) == stacks


def test_what_moves_nothing_costs_nothing_more(
    calls: Calls, function: StateMachineFunction
) -> None:
    function.invoke(event_of(an_event_body("NOTE", "warm-up", metadata={"n": 1})))

    assert calls.taken() == {"BatchGetItem": 1, "PutItem": 1}


def test_without_a_bus_no_call_is_made(aws: EmulatedAws, calls: Calls, tmp_path: Path) -> None:
    with state_machine_function(aws, tmp_path, TRANSITION_BUS="") as function:
        function.put_machine("branch", BRANCH)
        function.invoke(event_of(launch()))

        assert "PutEvents" not in calls.taken()
        assert "transitions" not in aws.items(function.table)["s"]


def test_an_event_whose_notice_was_not_taken_comes_again_and_is_told_then(
    calls: Calls, function: StateMachineFunction
) -> None:
    delivery = a_delivery(launch())
    calls.refuse("PutEvents")
    (first,) = function.deliver(delivery)
    tasks = function.tasks()
    calls.taken()
    calls.arguments.clear()

    (again,) = function.deliver(delivery)

    assert (first.fate, again.fate) == (Fate.RETURNED, Fate.DONE)
    assert len(tasks) == 2  # the bus holds up no task
    # The tasks are owed with the event as well.
    assert calls.taken() == {"BatchGetItem": 1, "SendMessageBatch": 1, "PutEvents": 1}
    assert [(each["stackId"], each["to"]) for each in told(calls)] == [("s", "PROVISION")]


def test_on_its_last_receive_it_is_dead_lettered_with_what_to_do(
    calls: Calls, function: StateMachineFunction
) -> None:
    calls.refuse("PutEvents", times=2)
    body = launch(eventId="e")
    function.deliver(a_delivery(body))

    returned = function.invoke(event_of(body, receive_count=MAX_RECEIVES))

    (letter,) = function.letters()
    assert returned == []
    assert "EventBridge did not take a notice: InternalError." in letter["attributes"]["reason"]
    stack = function.stack()
    assert stack is not None
    assert stack.state == "PROVISION"


def event_of(*bodies: dict[str, Any], receive_count: int = 1) -> dict[str, Any]:
    deliveries = [a_delivery(body, receive_count=receive_count) for body in bodies]
    return {"Records": [a_record(delivery) for delivery in deliveries]}
