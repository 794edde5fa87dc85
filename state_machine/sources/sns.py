"""SNS: the text of a notification is the body of an event."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes import SNSEvent

from cloudseam.delivery import Delivery
from state_machine.sources.body import message_body


def read(event: Mapping[str, Any]) -> Iterator[Delivery]:
    """The delivery of each record, named by the notification's id.

    See https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html.
    """
    for record in SNSEvent(dict(event)).records:
        yield Delivery(message_id=record.sns.message_id, body=message_body(record.sns.message))
