"""Lives that are driven by streams, a topic and a bus: the event queue gets answers only."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.installation import SURROUNDINGS, Cloud, Installation

SOURCE = "com.example.branches"


@pytest.fixture(scope="module")
def installation(cloud: Cloud) -> Installation:
    """A deployment that takes events from everywhere."""
    around = cloud.outputs(SURROUNDINGS)
    installation = Installation(
        cloud,
        "from-sources",
        {
            "KinesisStreamArn": around["StreamArn"],
            "DynamoDBStreamArn": around["BranchesStreamArn"],
            "StreamStart": "TRIM_HORIZON",
            "EventTopicArn": around["Topic"],
            "EventBusSources": f"com.example.other,{SOURCE}",
            "EventBusName": around["Bus"],
        },
    )
    installation.deploy()
    installation.put_machines()
    return installation


def put_record(cloud: Cloud, body: dict[str, Any]) -> None:
    cloud.client("kinesis").put_record(
        StreamName=cloud.outputs(SURROUNDINGS)["Stream"],
        PartitionKey=body["stackId"],
        Data=json.dumps(body).encode(),
    )


def put_item(cloud: Cloud, body: dict[str, Any]) -> None:
    cloud.client("dynamodb").put_item(
        TableName=cloud.outputs(SURROUNDINGS)["Branches"],
        Item={name: {"S": value} for name, value in body.items()},
    )


def publish(cloud: Cloud, body: dict[str, Any]) -> None:
    topic = cloud.outputs(SURROUNDINGS)["Topic"]
    cloud.client("sns").publish(TopicArn=topic, Message=json.dumps(body))


def put_event(cloud: Cloud, body: dict[str, Any]) -> None:
    detail = {name: value for name, value in body.items() if name != "event"}
    told = cloud.client("events").put_events(
        Entries=[
            {
                "EventBusName": cloud.outputs(SURROUNDINGS)["Bus"],
                "Source": SOURCE,
                "DetailType": body["event"],
                "Detail": json.dumps(detail),
            }
        ]
    )
    assert told["FailedEntryCount"] == 0


@pytest.mark.parametrize("send", [put_record, put_item, publish, put_event])
def test_a_life_is_driven_by_a_source(
    cloud: Cloud, installation: Installation, send: Callable[[Cloud, dict[str, Any]], None]
) -> None:
    stack = f"by-{send.__name__}"

    send(cloud, {"stackId": stack, "event": "LAUNCH", "machine": "functions"})
    assert installation.reaches(stack, "RUN")
    send(cloud, {"stackId": stack, "event": "FINISH"})

    assert installation.ends(stack)


@pytest.mark.parametrize("send", [put_record, put_item, publish, put_event])
def test_what_a_source_sends_that_can_never_work_is_dead_lettered_with_its_reason(
    cloud: Cloud, installation: Installation, send: Callable[[Cloud, dict[str, Any]], None]
) -> None:
    before = installation.letters("EventDeadLetterQueueUrl")

    send(cloud, {"stackId": f"cloudseam#{send.__name__}", "event": "LAUNCH"})

    assert installation.has_letters("EventDeadLetterQueueUrl", more_than=before)
    assert "reserved" in installation.cloudseam("dlq", "list", "--json", "--queue", "event")
