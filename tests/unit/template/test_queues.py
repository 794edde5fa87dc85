"""Queues hide, keep and hand on messages as the functions need it."""

from typing import Any

import pytest

from cloudseam.languages.asl.json_text import MAX_PAYLOAD_BYTES
from cloudseam.limits import MAX_METADATA_BYTES
from tests.template import RESOURCES, TEMPLATE


def test_events_stay_hidden_for_six_times_the_functions_time_and_the_window() -> None:
    seconds = RESOURCES["StateMachineFunction"]["Properties"]["Timeout"]
    windows = TEMPLATE["Parameters"]["EventBatchWindow"]["AllowedValues"]

    hidden = TEMPLATE["Mappings"]["EventVisibility"]["Window"]

    assert hidden == {str(window): 6 * seconds + window for window in windows}


def test_tasks_stay_hidden_for_six_times_the_functions_time() -> None:
    choices = TEMPLATE["Parameters"]["TaskTimeout"]["AllowedValues"]

    hidden = TEMPLATE["Mappings"]["TaskVisibility"]["Timeout"]

    assert hidden == {str(seconds): 6 * seconds for seconds in choices}


def test_the_queues_redrive_only_after_the_functions_have_dead_lettered() -> None:
    choices = TEMPLATE["Parameters"]["MaxReceiveCount"]["AllowedValues"]

    receives = TEMPLATE["Mappings"]["Redrive"]["Receives"]

    assert set(receives) == {str(choice) for choice in choices}
    assert all(number > int(choice) for choice, number in receives.items())


@pytest.mark.parametrize("queue", ["Event", "Task", "ContainerTask"])
def test_a_dead_letter_queue_takes_letters_of_its_own_queue_only(queue: str) -> None:
    name = RESOURCES[f"{queue}Queue"]["Properties"]["QueueName"]["Fn::Sub"]
    allowed = RESOURCES[f"{queue}DeadLetterQueue"]["Properties"]["RedriveAllowPolicy"]

    (source,) = allowed["sourceQueueArns"]

    assert allowed["redrivePermission"] == "byQueue"
    assert source["Fn::Sub"].endswith(f":{name}")


@pytest.mark.parametrize(
    "mapping",
    [
        RESOURCES["StateMachineFunctionEvents"],
        RESOURCES["TaskSatisfierFunction"]["Properties"]["Events"]["Tasks"],
    ],
    ids=["events", "tasks"],
)
def test_a_batch_reports_its_failures_by_item(mapping: dict[str, Any]) -> None:
    assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(
    "queue", [name for name, part in RESOURCES.items() if part["Type"] == "AWS::SQS::Queue"]
)
def test_a_queue_keeps_its_messages_encrypted(queue: str) -> None:
    properties = RESOURCES[queue]["Properties"]

    assert "KmsMasterKeyId" in properties or properties["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("queue", ["Event", "Task"])
def test_a_queue_and_its_letters_hold_the_largest_payload_of_an_execution(queue: str) -> None:
    # Of each two bytes six may become, and a message has what is beside the payload as well.
    largest = 3 * MAX_PAYLOAD_BYTES + MAX_METADATA_BYTES

    for name in (f"{queue}Queue", f"{queue}DeadLetterQueue"):
        assert RESOURCES[name]["Properties"]["MaximumMessageSize"] >= largest
