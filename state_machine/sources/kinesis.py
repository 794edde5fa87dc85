"""Kinesis: the data of a record is the body of an event."""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes import KinesisStreamEvent

from cloudseam.delivery import Delivery
from state_machine.sources.body import message_body


def read(event: Mapping[str, Any], keeps_order_since: float) -> Iterator[Delivery]:
    """The delivery of each record, named by its shard and its sequence number.

    What has come since that moment (epoch seconds) waits for its turn.
    See https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html.
    """
    for record in KinesisStreamEvent(dict(event)).records:
        yield Delivery(
            message_id=record.event_id,
            body=message_body(record.kinesis.data_as_bytes().decode(errors="replace")),
            in_order=record.kinesis.approximate_arrival_timestamp >= keeps_order_since,
        )
