"""A batch as Lambda gives it to the function, and Lambda's context."""

from collections.abc import Sequence
from itertools import count
from typing import Any

_numbers = count(1)


class Context:
    """As much of Lambda's context as Powertools and the handler read."""

    function_name = "state-machine"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:state-machine"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Time enough."""
        return 60_000


def sqs_event(bodies: Sequence[str]) -> dict[str, Any]:
    """New messages with these bodies, in the form of
    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    return {"Records": [_record(body, next(_numbers)) for body in bodies]}


def _record(body: str, number: int) -> dict[str, Any]:
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1700000000000",
            "SenderId": "AIDAEXAMPLE",
            "ApproximateFirstReceiveTimestamp": "1700000000001",
        },
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:stack-events",
        "awsRegion": "us-east-1",
    }
