"""Every bus behaves alike: it puts all it can, and says what it could not put."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from cloudseam.buses import Bus
from cloudseam.buses.eventbridge import DETAIL_TYPE, SOURCE, EventBridgeBus
from cloudseam.buses.memory import InMemoryBus
from cloudseam.messages import transition_detail
from cloudseam.transition import Notice, Transition
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.builders import NOW
from tests.emulated import received
from tests.emulator import boto3_on, lean_on

RESOURCE = "arn:aws:sqs:us-east-1:000000000000:events"


@dataclass(frozen=True)
class Line:
    """A bus, and the details that arrived at who listens to it."""

    bus: Bus
    arrived: Callable[[], list[Any]]


def memory(emulator: Callable[[], EmbeddedAws]) -> Line:
    bus = InMemoryBus()
    return Line(bus, lambda: [json.loads(transition_detail(notice)) for notice in bus.notices])


def eventbridge(emulator: Callable[[], EmbeddedAws]) -> Line:
    return _line(emulator(), boto3_on(emulator(), "events"), by_arn=False)


def eventbridge_lean(emulator: Callable[[], EmbeddedAws]) -> Line:
    return _line(emulator(), lean_on(emulator(), "events"), by_arn=True)


def _line(aws: EmbeddedAws, client: Any, *, by_arn: bool) -> Line:
    """A bus of its own, and a queue that a rule sends to all that is told there of transitions."""
    name, events, sqs = f"contract-{uuid4()}", boto3_on(aws, "events"), boto3_on(aws, "sqs")
    arn = events.create_event_bus(Name=name)["EventBusArn"]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"source": [SOURCE], "detail-type": [DETAIL_TYPE], "resources": [RESOURCE]}
    events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(pattern))
    targets = [{"Id": "queue", "Arn": told["QueueArn"]}]
    events.put_targets(Rule=name, EventBusName=name, Targets=targets)
    return Line(
        EventBridgeBus(client, arn if by_arn else name, RESOURCE),
        lambda: [json.loads(message["Body"])["detail"] for message in received(sqs, url)],
    )


BUSES = {"memory": memory, "eventbridge": eventbridge, "eventbridge-lean": eventbridge_lean}


@pytest.fixture(params=BUSES)
def line(request: pytest.FixtureRequest) -> Line:
    return BUSES[request.param](lambda: request.getfixturevalue("emulator"))


def a_notice(stack_id: str = "s", event_id: str = "e", epoch: int = 3) -> Notice:
    made = Transition("mark-of-", NOW, "UPDATE", "life", "RUN", "UPDATE", epoch)
    return Notice(stack_id, event_id, made)


def test_a_notice_arrives_with_all_that_is_to_tell(line: Line) -> None:
    notice = a_notice("größe \N{PISTOL}", "odd\x01 \\u0000 \"'<b>")

    assert line.bus.put([notice]) == {}

    assert line.arrived() == [
        {
            "id": notice.id,
            "stackId": notice.stack_id,
            "machine": "life",
            "from": "RUN",
            "to": "UPDATE",
            "event": "UPDATE",
            "eventId": notice.event_id,
            "epoch": 3,
            "at": NOW,
        }
    ]


def test_putting_nothing_does_nothing(line: Line) -> None:
    assert line.bus.put([]) == {}
    assert line.arrived() == []


@pytest.mark.parametrize("number", [1, 10, 11, 35])
def test_any_number_of_notices_is_put_each_once(line: Line, number: int) -> None:
    notices = [a_notice(f"stack-{n}") for n in range(number)]

    assert line.bus.put(notices) == {}

    assert sorted(told["id"] for told in line.arrived()) == sorted(each.id for each in notices)


def test_a_notice_may_be_put_twice(line: Line) -> None:
    assert line.bus.put([a_notice()]) == line.bus.put([a_notice()]) == {}

    assert [told["id"] for told in line.arrived()] == [a_notice().id] * 2
