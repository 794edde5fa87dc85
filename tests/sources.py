"""Events of sources other than the queue, as Lambda hands them to the function."""

import base64
import json
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

SHARD = "shardId-000000000000"

_numbers = count(1)


def of_kinesis(*bodies: Mapping[str, Any] | bytes, arrived: float = 0) -> dict[str, Any]:
    """A batch of one shard whose records arrived at that moment, in epoch seconds."""
    return {"Records": [_kinesis_record(body, arrived) for body in bodies]}


def _kinesis_record(body: Mapping[str, Any] | bytes, arrived: float) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    number = str(next(_numbers))
    return {
        "eventSource": "aws:kinesis",
        "eventID": f"{SHARD}:{number}",
        "kinesis": {
            "sequenceNumber": number,
            "partitionKey": "p",
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": arrived,
        },
    }


def of_dynamodb(*items: Mapping[str, Any] | None, arrived: float = 0) -> dict[str, Any]:
    """A batch of one shard: an item that is new, in DynamoDB's notation, or None for one gone."""
    return {"Records": [_dynamodb_record(item, arrived) for item in items]}


def _dynamodb_record(item: Mapping[str, Any] | None, arrived: float) -> dict[str, Any]:
    number = str(next(_numbers))
    image = {} if item is None else {"NewImage": item}
    return {
        "eventSource": "aws:dynamodb",
        "eventID": f"id-{number}",
        "eventName": "REMOVE" if item is None else "MODIFY",
        "dynamodb": {"SequenceNumber": number, "ApproximateCreationDateTime": arrived, **image},
    }


def of_sns(body: str) -> dict[str, Any]:
    """A notification."""
    message = {"MessageId": f"id-{next(_numbers)}", "Message": body}
    return {"Records": [{"EventSource": "aws:sns", "Sns": message}]}


def of_event_bridge(detail_type: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """An event of a bus."""
    return {
        "id": f"id-{next(_numbers)}",
        "detail-type": detail_type,
        "source": "com.example",
        "detail": detail,
    }


def sequence_numbers(event: Mapping[str, Any]) -> list[str]:
    """What Lambda calls the records of a stream's batch by."""
    return [_sequence_number(record) for record in event["Records"]]


def _sequence_number(record: Mapping[str, Any]) -> str:
    if "kinesis" in record:
        return str(record["kinesis"]["sequenceNumber"])
    return str(record["dynamodb"]["SequenceNumber"])


def ids(event: Mapping[str, Any]) -> Iterable[str]:
    """What the source itself calls each event."""
    if "Records" not in event:
        return [event["id"]]
    return [
        record["Sns"]["MessageId"] if "Sns" in record else record["eventID"]
        for record in event["Records"]
    ]
