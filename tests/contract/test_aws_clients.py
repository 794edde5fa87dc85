"""Both kinds of client ask AWS for the same, try again alike, and say alike what went wrong."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import pytest
from botocore.exceptions import ClientError

from tests.aws_clients import SDKS, Sdk, boto3_sdk, lean_sdk, told
from tests.scripted_service import (
    Call,
    Part,
    Reply,
    Reset,
    Silence,
    fault,
    scripted_service,
)

ROW = {"id": {"S": "s"}, "n": {"N": "1.5"}, "flag": {"BOOL": True}, "ż": {"L": [{"NULL": True}]}}
URL = "https://sqs.eu-west-1.amazonaws.com/000000000000/events"
GOOD = Reply(body=b"{}")
HTML = b"<html><body>Service Unavailable</body></html>"
THROTTLED = "ProvisionedThroughputExceededException"


def summed(body: bytes, crc: int | None = None) -> Reply:
    """An answer with a checksum, as DynamoDB has it."""
    return Reply(body=body, headers={"x-amz-crc32": str(crc32(body) if crc is None else crc)})


@dataclass(frozen=True)
class Trouble:
    """What the service does, what comes of the call in the end, and how often it is asked."""

    script: tuple[Part, ...]
    comes: str
    asked: int


TROUBLES = {
    "none": Trouble((GOOD,), "ok", 1),
    "500, then well": Trouble((Reply(500, b""), GOOD), "ok", 2),
    "502, 503 and 504, then well": Trouble(
        (Reply(502, HTML), Reply(503, HTML), Reply(504, HTML), GOOD), "ok", 4
    ),
    "500 to the end": Trouble(
        (fault("InternalServerError", 500),), "ClientError InternalServerError 500", 4
    ),
    "empty 503 to the end": Trouble((Reply(503, b""),), "ClientError 503 503", 4),
    "a proxy's page to the end": Trouble((Reply(502, HTML),), "ClientError 502 502", 4),
    "501, which will not pass": Trouble((fault("No", 501),), "ClientError No 501", 1),
    "throttled, then well": Trouble((fault(THROTTLED), GOOD), "ok", 2),
    "throttled to the end": Trouble((fault(THROTTLED),), f"ClientError {THROTTLED} 400", 4),
    "throttled as SQS says it": Trouble((fault("RequestThrottled", 403), GOOD), "ok", 2),
    "a transaction under way": Trouble((fault("TransactionInProgressException"), GOOD), "ok", 2),
    "a conflict of replicas": Trouble((fault("ReplicatedWriteConflictException"), GOOD), "ok", 2),
    "a condition that fails": Trouble(
        (fault("ConditionalCheckFailedException"),),
        "ClientError ConditionalCheckFailedException 400",
        1,
    ),
    "no permission": Trouble((fault("AccessDenied"),), "ClientError AccessDenied 400", 1),
    "keys that have ended": Trouble(
        (fault("ExpiredTokenException"),), "ClientError ExpiredTokenException 400", 1
    ),
    "a clock that goes wrong": Trouble(
        (fault("RequestTimeTooSkewed", 403),), "ClientError RequestTimeTooSkewed 403", 1
    ),
    "an error that is no JSON": Trouble((Reply(400, b"what?"),), "ClientError 400 400", 1),
    "an error without a body": Trouble((Reply(403, b""),), "ClientError 403 403", 1),
    "an error without a type": Trouble(
        (Reply(400, b'{"message": "no"}'),), "ClientError 400 400", 1
    ),
    "an error of a bare type": Trouble((Reply(400, b'{"__type": "Throttling"}'), GOOD), "ok", 2),
    "an error by its former name": Trouble(
        (
            Reply(
                400,
                fault("QueueDoesNotExist").body,
                {"x-amzn-query-error": "AWS.SimpleQueueService.NonExistentQueue;Sender"},
            ),
        ),
        "ClientError AWS.SimpleQueueService.NonExistentQueue 400",
        1,
    ),
    "a cut connection, then well": Trouble((Reset(), GOOD), "ok", 2),
    "cut connections to the end": Trouble((Reset(),), "ConnectionClosedError", 4),
    "half an answer, then well": Trouble((Reply(claimed=100), GOOD), "ok", 2),
    "half answers to the end": Trouble((Reply(claimed=100),), "ConnectionClosedError", 4),
    "a good checksum": Trouble((summed(b'{"Item": {}}'),), "ok", 1),
    "a bad checksum, then a good one": Trouble(
        (summed(b'{"Item": {}}', crc=1), summed(b"{}")), "ok", 2
    ),
    "a bad checksum of no JSON": Trouble((summed(b"\x1f{", crc=1), GOOD), "ok", 2),
}


@pytest.fixture(params=SDKS)
def sdk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sdk]:
    sdk: Sdk = SDKS[request.param](monkeypatch)
    yield sdk
    sdk.close()


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_what_may_pass_is_tried_again_and_the_rest_is_told(sdk: Sdk, trouble: Trouble) -> None:
    with scripted_service(*trouble.script) as service:
        dynamodb = sdk.client("dynamodb", service.url)

        assert told(lambda: dynamodb.put_item(TableName="Stacks", Item=ROW)) == trouble.comes

    assert len(service.calls) == trouble.asked
    assert sdk.pauses == [1.0, 2.0, 4.0][: trouble.asked - 1]


def test_a_service_that_is_silent_is_asked_as_often_as_patience_says(sdk: Sdk) -> None:
    with scripted_service(Silence()) as service:
        sqs = sdk.client("sqs", service.url, read_timeout=0.1, attempts=2)

        assert told(lambda: sqs.receive_message(QueueUrl=URL)) == "ReadTimeoutError"

    assert len(service.calls) == 2


def test_a_service_that_is_not_there_is_tried_again(sdk: Sdk) -> None:
    with scripted_service(GOOD) as service:
        url = service.url
    sqs = sdk.client("sqs", url)

    assert told(lambda: sqs.receive_message(QueueUrl=URL)) == "EndpointConnectionError"

    assert len(sdk.pauses) == 3


def test_no_pause_is_longer_than_twenty_seconds(sdk: Sdk) -> None:
    with scripted_service(Reply(503, b"")) as service:
        told(lambda: sdk.client("sqs", service.url, attempts=8).receive_message(QueueUrl=URL))

    assert sdk.pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]


@pytest.mark.parametrize("part", [fault(THROTTLED), Reset()], ids=["throttled", "cut"])
def test_one_attempt_is_one(sdk: Sdk, part: Part) -> None:
    with scripted_service(part) as service:
        client = sdk.client("lambda", service.url, attempts=1)

        assert told(lambda: client.invoke(FunctionName="f", Payload="{}")) != "ok"

    assert len(service.calls) == 1


def test_a_client_whose_calls_all_fail_stops_trying_again(sdk: Sdk) -> None:
    with scripted_service(Reply(503, b"")) as service:
        sqs = sdk.client("sqs", service.url, attempts=2)

        for _ in range(105):
            told(lambda: sqs.receive_message(QueueUrl=URL))

    assert len(service.calls) == 205  # 500 in the quota, 5 for each attempt


def test_calls_that_succeed_let_it_try_again(sdk: Sdk) -> None:
    script = [Reply(503, b"")] * 202 + [GOOD] * 5 + [Reply(503, b""), GOOD]
    with scripted_service(*script) as service:
        sqs = sdk.client("sqs", service.url, attempts=2)

        comes = [told(lambda: sqs.receive_message(QueueUrl=URL)) for _ in range(108)]

    assert comes[101:] == ["ClientError 503 503", *["ok"] * 6][: len(comes[101:])]


def test_the_row_that_a_condition_failed_on_is_told(sdk: Sdk) -> None:
    there = {"id": {"S": "s"}, "version": {"N": "7"}}
    answer = fault("ConditionalCheckFailedException", Item=there)
    with scripted_service(answer) as service, pytest.raises(ClientError) as failed:
        sdk.client("dynamodb", service.url).put_item(TableName="Stacks", Item=ROW)

    assert dict(failed.value.response)["Item"] == there
    assert failed.value.operation_name == "PutItem"
    assert str(failed.value) == (
        "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: no"
    )


def test_the_reasons_of_a_cancelled_transaction_are_told(sdk: Sdk) -> None:
    reasons = [{"Code": "ConditionalCheckFailed", "Message": "no"}, {"Code": "None"}]
    answer = fault("TransactionCanceledException", CancellationReasons=reasons)
    with scripted_service(answer) as service, pytest.raises(ClientError) as failed:
        sdk.client("dynamodb", service.url).transact_write_items(
            TransactItems=[{"Put": {"TableName": "Stacks", "Item": ROW}}]
        )

    assert dict(failed.value.response)["CancellationReasons"] == reasons


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(502, HTML), "Bad Gateway"),
        (Reply(503, b""), "Service Unavailable"),
        (Reply(400, b"what?"), "what?"),
        (Reply(400, b'{"__type": "No", "Message": "in capitals"}'), "in capitals"),
        (Reply(400, b'{"__type": "No"}'), ""),
    ],
    ids=["a page", "nothing", "no JSON", "in capitals", "no message"],
)
def test_what_the_service_says_is_told(sdk: Sdk, reply: Reply, message: str) -> None:
    with scripted_service(reply) as service, pytest.raises(ClientError) as failed:
        sdk.client("sqs", service.url, attempts=1).receive_message(QueueUrl=URL)

    assert failed.value.response["Error"]["Message"] == message


def test_how_often_it_was_tried_is_told(sdk: Sdk) -> None:
    call = {"TableName": "T", "Key": {"id": {"S": "s"}}}
    with scripted_service(fault(THROTTLED)) as service, pytest.raises(ClientError) as failed:
        sdk.client("dynamodb", service.url).get_item(**call)
    with scripted_service(Reply(500), GOOD) as service:
        answer = sdk.client("dynamodb", service.url).get_item(**call)

    assert "(reached max retries: 3)" in str(failed.value)
    assert failed.value.response["ResponseMetadata"]["RetryAttempts"] == 3
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_attempts_of_a_transaction_have_one_token_and_each_transaction_its_own(
    sdk: Sdk,
) -> None:
    call = {"TransactItems": [{"Put": {"TableName": "Stacks", "Item": ROW}}]}
    with scripted_service(Reset(), GOOD) as service:
        dynamodb = sdk.client("dynamodb", service.url)
        dynamodb.transact_write_items(**call)
        dynamodb.transact_write_items(**call)

    first, again, second = (json.loads(one.body)["ClientRequestToken"] for one in service.calls)
    assert first == again != second


def test_the_attempts_of_a_call_say_that_they_are_one(sdk: Sdk) -> None:
    with scripted_service(Reply(500), GOOD) as service:
        sdk.client("sqs", service.url).receive_message(QueueUrl=URL)

    first, second = service.calls
    assert first.headers["amz-sdk-invocation-id"] == second.headers["amz-sdk-invocation-id"]
    assert "attempt=1" in first.headers["amz-sdk-request"]
    assert "attempt=2" in second.headers["amz-sdk-request"]


def test_a_function_passes_its_trace_on_so_that_loops_are_found(
    sdk: Sdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "state-machine")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2;Parent=3;Lineage=a:1 b")
    with scripted_service(GOOD) as service:
        sdk.client("sqs", service.url).receive_message(QueueUrl=URL)

    assert service.calls[0].headers["x-amzn-trace-id"] == "Root=1-2;Parent=3;Lineage=a:1%20b"


KEY = {"id": {"S": "s"}}
ENTRY = {
    "Id": "0",
    "MessageBody": '{"odd": "ż \\u0000"}',
    "DelaySeconds": 0,
    "MessageAttributes": {"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}},
}
ASKED: dict[str, list[dict[str, Any]]] = {
    "dynamodb.batch_execute_statement": [
        {
            "Statements": [
                {"Statement": "INSERT INTO \"T\" VALUE {'id': ?}", "Parameters": [KEY["id"]]}
            ]
        }
    ],
    "dynamodb.batch_get_item": [{"RequestItems": {"T": {"Keys": [KEY], "ConsistentRead": True}}}],
    "dynamodb.delete_item": [{"TableName": "T", "Key": KEY}],
    "dynamodb.get_item": [{"TableName": "T", "Key": KEY}],
    "dynamodb.put_item": [{"TableName": "T", "Item": ROW | {"b": {"B": b"\x00\xff"}}}],
    "dynamodb.query": [{"TableName": "T", "KeyConditionExpression": "id = :i"}],
    "dynamodb.scan": [{"TableName": "T", "ExclusiveStartKey": KEY}],
    "dynamodb.update_item": [{"TableName": "T", "Key": KEY, "UpdateExpression": "SET a = :b"}],
    "sqs.change_message_visibility_batch": [
        {"QueueUrl": URL, "Entries": [{"Id": "0", "ReceiptHandle": "r", "VisibilityTimeout": 5}]}
    ],
    "sqs.delete_message": [{"QueueUrl": URL, "ReceiptHandle": "r"}],
    "sqs.delete_message_batch": [{"QueueUrl": URL, "Entries": [{"Id": "0", "ReceiptHandle": "r"}]}],
    "sqs.get_queue_attributes": [{"QueueUrl": URL, "AttributeNames": ["QueueArn"]}],
    "sqs.receive_message": [
        {"QueueUrl": URL, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    ],
    "sqs.send_message": [{"QueueUrl": URL, "MessageBody": "ż"}],
    "sqs.send_message_batch": [
        {"QueueUrl": URL, "Entries": [ENTRY, {**ENTRY, "Id": "1", "MessageGroupId": "s"}]}
    ],
    "events.put_events": [
        {
            "Entries": [
                {
                    "EventBusName": "arn:aws:events:eu-west-1:000000000000:event-bus/b",
                    "Source": "cloudseam",
                    "DetailType": "CloudSeam Stack Transition",
                    "Time": 1_700_000_000,
                    "Resources": [],
                    "Detail": '{"odd": "ż \\u0000"}',
                }
            ]
        }
    ],
    "secretsmanager.get_secret_value": [{"SecretId": "postgres"}],
    "lambda.invoke": [
        {"FunctionName": "f", "InvocationType": "RequestResponse", "Payload": '{"a": 1}'},
        {
            "FunctionName": "arn:aws:lambda:eu-west-1:000000000000:function:f:live",
            "InvocationType": "Event",
            "Payload": b"{}",
        },
    ],
    "s3.get_object": [
        {"Bucket": "machines", "Key": "a b/ü+%~.yml", "IfMatch": '"e"', "Range": "bytes=0-9"},
        {"Bucket": "machines.with.dots", "Key": "x/../y//z.yml"},
    ],
    "s3.put_object": [
        {"Bucket": "machines", "Key": "a b/ü+%~", "Body": b'{"a":1}'},
        {"Bucket": "machines", "Key": "empty", "Body": b""},
    ],
    "s3.delete_object": [{"Bucket": "machines", "Key": "a b/ü+%~"}],
    "s3.list_objects_v2": [
        {"Bucket": "machines", "Prefix": "team a/ü+&=~", "MaxKeys": 1, "ContinuationToken": "t/+="},
        {"Bucket": "machines", "Prefix": ""},
    ],
}
# What makes a request what it is. The rest is how a client introduces itself, and signatures.
TELLING = (
    "content-type",
    "host",
    "if-match",
    "range",
    "x-amz-content-sha256",
    "x-amz-invocation-type",
    "x-amz-target",
    "x-amzn-query-mode",
)
CALLS = [(name, arguments) for name, calls in ASKED.items() for arguments in calls]


@pytest.mark.parametrize(("name", "arguments"), CALLS, ids=[name for name, _ in CALLS])
def test_the_lean_client_asks_for_what_boto3_asks_for(
    name: str, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = b"<ListBucketResult></ListBucketResult>"
    body = listing if name == "s3.list_objects_v2" else b"{}"
    without_body = {"s3.put_object": Reply(body=b""), "s3.delete_object": Reply(204, b"")}
    reply = without_body.get(name, Reply(body=body))

    with scripted_service(reply) as service:
        for make in (boto3_sdk, lean_sdk):
            with monkeypatch.context() as patch:
                sdk = make(patch)
                _call(sdk, service.url, name, arguments)
                sdk.close()

    theirs, ours = map(_request, service.calls)
    assert ours == theirs


def _request(call: Call) -> Mapping[str, Any]:
    path, _, query = call.path.partition("?")
    is_json = call.headers.get("content-type", "").startswith("application/x-amz-json")
    return {
        "method": call.method,
        "path": path,
        "query": sorted(query.split("&")),
        "body": json.loads(call.body) if is_json else call.body,
        "headers": {name: call.headers[name] for name in TELLING if name in call.headers},
    }


def _call(sdk: Sdk, url: str, name: str, arguments: dict[str, Any]) -> Any:
    service, _, method = name.partition(".")
    return getattr(sdk.client(service, url), method)(**arguments)


def _b64(value: bytes) -> str:
    return b64encode(value).decode()


LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>machines</Name>
<Contents><Key>a+b/%C3%BC%2B.yml</Key><ETag>&quot;e&quot;</ETag><Size>12</Size></Contents>
<Contents><Key>life.yml</Key><ETag>&quot;f&quot;</ETag><Size>0</Size></Contents>
<IsTruncated>true</IsTruncated><NextContinuationToken>t/+=</NextContinuationToken>
<KeyCount>2</KeyCount><EncodingType>url</EncodingType></ListBucketResult>"""

ANSWERED: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "an item": ("dynamodb.get_item", json.dumps({"Item": ROW}).encode(), ("Item",)),
    "no item": ("dynamodb.get_item", b"{}", ("Item",)),
    "an item with bytes": (
        "dynamodb.get_item",
        json.dumps(
            {"Item": {"B": {"B": _b64(b"\xff")}, "BS": {"L": [{"BS": [_b64(b"\x00")]}]}}},
            separators=(",", ":"),
        ).encode(),
        ("Item",),
    ),
    "an item with attributes named as kinds": (
        "dynamodb.get_item",
        b'{"Item":{"B":{"S":"x"},"M":{"M":{"B":{"M":{"BS":{"S":"y"}}}}}}}',
        ("Item",),
    ),
    "a page": (
        "dynamodb.scan",
        json.dumps({"Items": [ROW], "Count": 1, "LastEvaluatedKey": KEY}).encode(),
        ("Items", "LastEvaluatedKey"),
    ),
    "outcomes of statements": (
        "dynamodb.batch_execute_statement",
        b'{"Responses": [{"TableName": "T"}, {"Error": {"Code": "DuplicateItem"}}]}',
        ("Responses",),
    ),
    "nothing in words": ("sqs.send_message_batch", b'{"Failed": null}', ("Failed", "Successful")),
    "messages": (
        "sqs.receive_message",
        json.dumps(
            {
                "Messages": [
                    {
                        "Body": "ż",
                        "Attributes": {"ApproximateReceiveCount": "1"},
                        "MessageAttributes": {
                            "b": {"DataType": "Binary", "BinaryValue": _b64(b"\x00\xff")},
                            "s": {"DataType": "String", "StringValue": "BinaryValue"},
                        },
                    }
                ]
            }
        ).encode(),
        ("Messages",),
    ),
    "notices, of which one was not taken": (
        "events.put_events",
        b'{"FailedEntryCount":1,"Entries":[{"EventId":"e"},{"ErrorCode":"ThrottlingException"}]}',
        ("FailedEntryCount", "Entries"),
    ),
    "a secret": (
        "secretsmanager.get_secret_value",
        json.dumps({"SecretString": "{}", "SecretBinary": _b64(b"\xff")}).encode(),
        ("SecretString", "SecretBinary"),
    ),
    "a listing": (
        "s3.list_objects_v2",
        LISTING,
        ("Contents", "IsTruncated", "NextContinuationToken", "KeyCount"),
    ),
    "an empty listing": (
        "s3.list_objects_v2",
        b"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount>"
        b"</ListBucketResult>",
        ("Contents", "IsTruncated", "KeyCount"),
    ),
}


@pytest.mark.parametrize("answered", ANSWERED.values(), ids=ANSWERED)
def test_the_lean_client_answers_what_boto3_answers(
    answered: tuple[str, bytes, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, body, members = answered
    answers = []

    with scripted_service(Reply(body=body)) as service:
        for make in (boto3_sdk, lean_sdk):
            with monkeypatch.context() as patch:
                sdk = make(patch)
                answer = _call(sdk, service.url, name, ASKED[name][0])
                sdk.close()
                answers.append({name: answer[name] for name in members if name in answer})

    theirs, ours = answers
    assert ours == theirs


def test_an_invocation_is_answered_with_its_payload_and_error(sdk: Sdk) -> None:
    error = Reply(body=b'{"errorType": "E"}', headers={"X-Amz-Function-Error": "Unhandled"})
    with scripted_service(error, GOOD) as service:
        client = sdk.client("lambda", service.url)
        failed, well = (client.invoke(FunctionName="f", Payload=b"{}") for _ in range(2))

    assert (failed["FunctionError"], failed["Payload"].read()) == ("Unhandled", error.body)
    assert (well.get("FunctionError"), well["Payload"].read()) == (None, b"{}")
    assert well["StatusCode"] == 200


def s3_error(code: str, status: int) -> Reply:
    told = f"<Error><Code>{code}</Code><Message>no</Message><RequestId>r</RequestId></Error>"
    return Reply(status, told.encode())


S3_TROUBLES = {
    "no such key": Trouble((s3_error("NoSuchKey", 404),), "ClientError NoSuchKey 404", 1),
    "another version": Trouble(
        (s3_error("PreconditionFailed", 412),), "ClientError PreconditionFailed 412", 1
    ),
    "an empty object": Trouble((s3_error("InvalidRange", 416),), "ClientError InvalidRange 416", 1),
    "an error without a body": Trouble((Reply(404, b""),), "ClientError 404 404", 1),
    "an error that is no XML": Trouble((Reply(403, b"what?"),), "ClientError 403 403", 1),
    "too many requests": Trouble((s3_error("SlowDown", 503), GOOD), "ok", 2),
    "a request that took too long": Trouble((s3_error("RequestTimeout", 400), GOOD), "ok", 2),
    "a cut connection": Trouble((Reset(), GOOD), "ok", 2),
}


@pytest.mark.parametrize("trouble", S3_TROUBLES.values(), ids=S3_TROUBLES)
def test_an_object_that_cannot_be_had_is_told_alike(sdk: Sdk, trouble: Trouble) -> None:
    with scripted_service(*trouble.script) as service:
        s3 = sdk.client("s3", service.url)

        def read() -> None:
            s3.get_object(Bucket="machines", Key="life.yml")["Body"].read()

        assert told(read) == trouble.comes

    assert len(service.calls) == trouble.asked


def test_half_an_object_is_an_error(sdk: Sdk) -> None:
    with scripted_service(Reply(body=b"version: 1", claimed=1000)) as service:
        body = sdk.client("s3", service.url).get_object(Bucket="machines", Key="life.yml")["Body"]

        assert told(body.read) in {"ResponseStreamingError", "IncompleteReadError"}
        body.close()


def test_an_object_is_read_in_pieces(sdk: Sdk) -> None:
    with scripted_service(Reply(body=b"abcdefg")) as service:
        body = sdk.client("s3", service.url).get_object(Bucket="machines", Key="a.tf")["Body"]

        assert list(body.iter_chunks(3)) == [b"abc", b"def", b"g"]


def test_a_list_that_turns_out_an_error_is_tried_again(sdk: Sdk) -> None:
    with scripted_service(s3_error("InternalError", 200), Reply(body=LISTING)) as service:
        page = sdk.client("s3", service.url).list_objects_v2(Bucket="machines")

    assert len(page["Contents"]) == 2


def test_all_pages_of_a_list_are_asked_for(sdk: Sdk) -> None:
    last = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
    with scripted_service(Reply(body=LISTING), Reply(body=last)) as service:
        pages = sdk.client("s3", service.url).get_paginator("list_objects_v2")
        keys = [
            item["Key"]
            for page in pages.paginate(Bucket="machines", Prefix="")
            for item in page.get("Contents", [])
        ]

    assert keys == ["a b/ü+.yml", "life.yml"]
    assert "continuation-token=t%2F%2B%3D" in service.calls[1].path


@pytest.mark.parametrize(
    "answer", [b"<html>Welcome to our Wi-Fi</html>", b"[]"], ids=["page", "list"]
)
def test_the_lean_client_does_not_take_an_answer_that_is_not_the_services_for_a_good_one(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_service(Reply(body=answer)) as service:
        sdk = lean_sdk(monkeypatch)
        sqs, s3 = sdk.client("sqs", service.url), sdk.client("s3", service.url)

        assert told(sqs.receive_message) == "UnreadableAnswerError"
        assert told(lambda: s3.list_objects_v2(Bucket="machines")) == "UnreadableAnswerError"


def test_the_lean_client_never_takes_an_answer_with_a_wrong_checksum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted_service(summed(b'{"Item": {}}', crc=1)) as service:
        dynamodb = lean_sdk(monkeypatch).client("dynamodb", service.url)

        assert told(lambda: dynamodb.get_item(TableName="T", Key=KEY)) == "ChecksumError"

    assert len(service.calls) == 4
