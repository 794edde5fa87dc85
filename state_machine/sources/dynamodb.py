"""DynamoDB Streams: an item of a table is an event, by attributes of the names that a body has."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from aws_lambda_powertools.utilities.data_classes import DynamoDBStreamEvent
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import (
    DynamoDBRecordEventName,
)

from cloudseam.delivery import Delivery
from state_machine.sources.body import message_body


def read(event: Mapping[str, Any], keeps_order_since: float) -> Iterator[Delivery | None]:
    """The delivery of each record, named by its id; None for an item that was removed.

    What has come since that moment (epoch seconds) waits for its turn.
    See https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html.
    """
    for record in DynamoDBStreamEvent(dict(event)).records:
        change = record.dynamodb
        if change is None or record.event_name is DynamoDBRecordEventName.REMOVE:
            yield None
            continue
        yield Delivery(
            message_id=record["eventID"],
            body=message_body(json.dumps(change.new_image, default=_json)),
            in_order=(change.approximate_creation_date_time or 0) >= keeps_order_since,
        )


def _json(value: Any) -> Any:
    """What JSON has for a value of DynamoDB's; null where it has nothing, and an event neither."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return sorted(map(str, value)) if isinstance(value, set) else None
