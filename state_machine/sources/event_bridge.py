"""EventBridge: the detail is the body of an event, and the detail type its name if it has none."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent

from cloudseam.delivery import Delivery
from state_machine.sources.body import message_body


def read(event: Mapping[str, Any]) -> Iterator[Delivery]:
    """The one delivery there is, named by the event's id.

    See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html.
    """
    told = EventBridgeEvent(dict(event))
    detail = told.detail
    if not (detail.get("event") or detail.get("action")):
        detail = {**detail, "event": told.detail_type}
    yield Delivery(message_id=told.get_id, body=message_body(json.dumps(detail)))
