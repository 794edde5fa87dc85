"""The examples of docs/examples/sources: what they put on the event queue is an event."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from cloudseam.event import Event
from cloudseam.messages import parse_event
from cloudseam_cli.embedded_aws import ACCOUNT, REGION, EmbeddedAws
from tests.emulator import boto3_on
from tests.processes import wait_until

pytestmark = pytest.mark.once

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "sources"
QUEUE = "cloudseam-events"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"
LETTERS = {"EventDeadLetterQueueArn": f"{QUEUE_ARN}-dlq"}


class Account:
    """An AWS with an event queue and the examples beside it."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws
        self.queue = self.client("sqs").create_queue(QueueName=QUEUE)["QueueUrl"]

    def client(self, service: str) -> Any:
        """A client of it."""
        return boto3_on(self.aws, service)

    def deploy(self, example: str, **parameters: str) -> dict[str, str]:
        """Deploys an example; its outputs."""
        formation = self.client("cloudformation")
        formation.create_stack(
            StackName=example,
            TemplateBody=(EXAMPLES / f"{example}.yaml").read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in {"EventQueueArn": QUEUE_ARN, **parameters}.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        waiter = formation.get_waiter("stack_create_complete")
        waiter.wait(StackName=example, WaiterConfig={"Delay": 1})
        [stack] = formation.describe_stacks(StackName=example)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def event(self) -> Event:
        """The next event on the queue."""
        found: list[dict[str, Any]] = []

        def arrives() -> bool:
            found.extend(
                self.client("sqs").receive_message(QueueUrl=self.queue).get("Messages", [])
            )
            return bool(found)

        assert wait_until(arrives, pause=0.1)
        [message] = found
        self.client("sqs").delete_message(
            QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"]
        )
        return parse_event(message["Body"], message["MessageId"])


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with EmbeddedAws(0) as aws:
        yield Account(aws)


def test_an_image_that_is_pushed_updates_the_stack_of_its_tag(account: Account) -> None:
    """Only AWS may put an event of ECR's on a bus: here it comes from one that is called alike."""
    rule = account.deploy("event-bridge", RepositoryName="app", **LETTERS)["EventSenderArn"]
    events = account.client("events")
    name = rule.rpartition("/")[2]
    pattern = events.describe_rule(Name=name)["EventPattern"].replace("aws.ecr", "their.ecr")
    events.put_rule(Name=name, EventPattern=pattern)
    pushed = {"action-type": "PUSH", "result": "SUCCESS", "repository-name": "app"}

    put = events.put_events(
        Entries=[
            an_image_action(pushed | {"repository-name": "other", "image-tag": "feature-1"}),
            an_image_action(pushed | {"image-tag": "feature-42"}),
        ]
    )

    event = account.event()
    assert event == Event(
        id=put["Entries"][1]["EventId"],
        stack_id="feature-42",
        name="UPDATE",
        metadata={"image_tag": "feature-42"},
    )
    assert rule.startswith(f"arn:aws:events:{REGION}:{ACCOUNT}:rule/")


def an_image_action(detail: dict[str, str]) -> dict[str, str]:
    return {
        "Source": "their.ecr",
        "DetailType": "ECR Image Action",
        "Detail": json.dumps(detail),
    }


def test_what_is_published_to_a_topic_is_put_on_the_queue_as_it_is(account: Account) -> None:
    topic = account.deploy("sns", **LETTERS)["EventSenderArn"]

    account.client("sns").publish(
        TopicArn=topic, Message='{"stackId": "s", "event": "LAUNCH", "eventId": "1"}'
    )

    assert account.event() == Event(id="1", stack_id="s", name="LAUNCH")


def test_a_signed_request_puts_its_body_on_the_queue(account: Account) -> None:
    api = account.deploy("api-gateway", EventQueueName=QUEUE)["Api"]
    body = '{"stackId": "a & b=c", "event": "LAUNCH", "eventId": "1", "metadata": {"k": "ü+%"}}'

    status = post(account, api, body)

    assert status == 202
    assert account.event() == Event(
        id="1", stack_id="a & b=c", name="LAUNCH", metadata={"k": "ü+%"}
    )


def post(account: Account, api: str, body: str) -> int:
    """The status of a request that is signed with somebody's credentials."""
    request = AWSRequest(
        method="POST",
        url=f"{account.aws.url}/_aws/execute-api/{api}/v1/events",
        data=body.encode(),
        headers={"Content-Type": "application/json"},
    )
    SigV4Auth(Credentials("test", "test"), "execute-api", REGION).add_auth(request)
    return int(URLLib3Session().send(request.prepare()).status_code)
