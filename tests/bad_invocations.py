"""What a function may be invoked with that is no batch of a queue, and messages that look like a
sweep's.

`CANARY` is in most: whatever is said of them shows none of it.
"""

import json
from typing import Any

from tests.builders import CANARY

RECORD = {
    "messageId": "m",
    "receiptHandle": "r",
    "body": CANARY,
    "attributes": {"ApproximateReceiveCount": "1"},
    "eventSource": "aws:sqs",
}


def without(name: str) -> dict[str, Any]:
    return {"Records": [{key: value for key, value in RECORD.items() if key != name}]}


def a_record(**changed: Any) -> dict[str, Any]:
    return {"Records": [RECORD | changed]}


# JSON that Lambda hands on as it is: a console's test event, a rule's target, a caller's mistake.
BAD_INVOCATIONS: dict[str, Any] = {
    "null": None,
    "true": True,
    "number": 7,
    "nan": float("nan"),
    "text": CANARY,
    "sweep-as-text": "sweep",
    "array": [CANARY],
    "array-of-records": [RECORD],
    "records-null": {"Records": None, "stackId": CANARY},
    "records-number": {"Records": 7},
    "records-true": {"Records": True},
    "records-text": {"Records": CANARY},
    "records-object": {"Records": RECORD},
    "records-empty": {"Records": []},
    "record-null": {"Records": [None]},
    "record-text": {"Records": [CANARY]},
    "record-array": {"Records": [[RECORD]]},
    "record-empty": {"Records": [{}]},
    "one-record-of-two": {"Records": [RECORD, {}]},
    "no-message-id": without("messageId"),
    "no-body": without("body"),
    "no-receipt": without("receiptHandle"),
    "no-attributes": without("attributes"),
    "message-id-number": a_record(messageId=7),
    "message-id-null": a_record(messageId=None),
    "body-null": a_record(body=None),
    "body-object": a_record(body={"stackId": CANARY}),
    "body-array": a_record(body=[CANARY]),
    "receipt-number": a_record(receiptHandle=7),
    "attributes-null": a_record(attributes=None),
    "attributes-text": a_record(attributes=CANARY),
    "receive-count-word": a_record(attributes={"ApproximateReceiveCount": CANARY}),
    "receive-count-object": a_record(attributes={"ApproximateReceiveCount": {"a": CANARY}}),
    "receive-count-infinite": a_record(attributes={"ApproximateReceiveCount": float("inf")}),
    "receive-count-of-5000-digits": a_record(attributes={"ApproximateReceiveCount": "9" * 5_000}),
    "an-event-itself": {"stackId": "s", "event": "PING", "metadata": {"secret": CANARY}},
    "of-sns": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": CANARY}}]},
    "of-s3": {"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": CANARY}}}]},
    "of-a-stream": {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"Keys": {}}}]},
    "of-eventbridge": {"detail-type": "x", "detail": {"secret": CANARY}, "source": "y"},
    "of-an-api": {"httpMethod": "POST", "body": CANARY, "headers": {}},
    "empty": {},
}

# Bodies that begin as a sweep's message does, and are none: letters with a reason.
NO_SWEEPS: dict[str, str] = {
    "cut-off": '{"sweep":',
    "no-value": '{"sweep":}',
    "null": '{"sweep": null}',
    "number": '{"sweep": 7}',
    "nan": '{"sweep": NaN}',
    "1e400": '{"sweep": 1e400}',
    "false": '{"sweep": false}',
    "array": f'{{"sweep": ["{CANARY}"]}}',
    "object": f'{{"sweep": {{"a": "{CANARY}"}}}}',
    "deep": '{"sweep": ' + "[" * 100_000,
    "half-of-a-pair": json.dumps({"sweep": "s\ud800"}),
    "nul": '{"sweep": "s\\u0000"}',
    "longer-than-a-key": json.dumps({"sweep": "s" * 2_049}),
    "900-kB": json.dumps({"sweep": "s" * 900_000}),
    "last-of-two-keys": '{"sweep": "s", "sweep": 7}',
    "more-than-a-sweep": json.dumps({"sweep": "s", "stackId": "s"}),
}
