"""The executor `states`: which call each resource makes, and how answers and errors are told.

boto3 makes the requests; what it would send is taken and answered here.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from cloudseam.languages.asl.json_text import MAX_PAYLOAD_LEVELS
from cloudseam.messages import TaskRequest, completed_message, parse_event
from task_satisfier.executors import OutOfTimeError, TaskFailedError, TaskRun
from task_satisfier.executors.states.error_names import java_name
from task_satisfier.executors.states.executor import StatesExecutor
from tests.lambda_stand_in import Body, LambdaStandIn
from tests.task_builders import a_request

Answer = tuple[int, Any]
FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:f"
REQUEST_ID = "11111111-2222-3333-4444-555555555555"


class Aws:
    """Takes the calls of any service. `answers` gives status and body for each, in order."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.waits: list[float] = []
        self._answers = list(answers)

    def client_for(self, service: str, wait: float) -> Any:
        self.waits.append(wait)
        client: Any = boto3.client(  # type: ignore[call-overload]  # any service
            service,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register("before-send", self._answer)
        return client

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        target = request.headers.get("X-Amz-Target", b"")
        self.calls.append((target.decode(), _body_of(request)))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, told = answer
        body = told.encode() if isinstance(told, str) else json.dumps(told).encode()
        headers = {
            "Content-Type": "text/xml" if isinstance(told, str) else "application/x-amz-json-1.0",
            "Content-Length": str(len(body)),
            "Date": "Tue, 14 Nov 2023 22:13:20 GMT",
        }
        of_s3 = {"x-amz-request-id": REQUEST_ID, "x-amz-id-2": "host"}
        headers |= of_s3 if ".s3." in request.url else {"x-amzn-RequestId": REQUEST_ID}
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), Body(body))


def _body_of(request: Any) -> Any:
    text = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
    try:
        return json.loads(text)
    except ValueError:
        return {name: values[0] for name, values in parse_qs(text).items()}


def run_of(resource: str, arguments: Any, left: Callable[[], float] = lambda: 60.0) -> TaskRun:
    told = {"resource": resource, "arguments": arguments}
    request = TaskRequest("s", "m", {}, "t", "states", {}, token="attempt", input=told)
    return TaskRun(request, left)


def result(aws: Aws, resource: str, arguments: Any) -> Any:
    return StatesExecutor(aws.client_for).run(run_of(resource, arguments)).body


def failure(aws: Aws, resource: str, arguments: Any) -> tuple[str, str]:
    with pytest.raises(TaskFailedError) as caught:
        StatesExecutor(aws.client_for).run(run_of(resource, arguments))
    return caught.value.error, str(caught.value)


def about(length: int, kind: str = "application/x-amz-json-1.0") -> dict[str, Any]:
    headers = {
        "Content-Length": str(length),
        "Content-Type": kind,
        "Date": "Tue, 14 Nov 2023 22:13:20 GMT",
        "connection": "keep-alive",
        "x-amzn-RequestId": REQUEST_ID,
    }
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": REQUEST_ID},
    }


# Lambda


def lambda_result(behaviour: str, resource: str, arguments: Any) -> tuple[Any, list[Any]]:
    stand_in = LambdaStandIn({"f": behaviour}, "111111111111")
    executor = StatesExecutor(lambda service, wait: stand_in.client)
    return executor.run(run_of(resource, arguments)).body, stand_in.calls


def lambda_failure(behaviour: str, resource: str, arguments: Any) -> tuple[str, str]:
    with pytest.raises(TaskFailedError) as caught:
        lambda_result(behaviour, resource, arguments)
    return caught.value.error, str(caught.value)


@pytest.mark.parametrize("payload", [{"a": 1}, "text", 1, None, []])
def test_a_function_by_its_arn_gets_the_input_and_gives_the_output(payload: Any) -> None:
    assert lambda_result("id_function", FUNCTION, payload) == ({"output": payload}, [payload])


@pytest.mark.parametrize(
    ("arguments", "sent", "given"),
    [
        ({"Payload": {"a": 1}}, {"a": 1}, {"a": 1}),
        ({"Payload": "text"}, "text", "text"),
        ({"Payload": None}, {}, {}),
        ({}, {}, {}),
    ],
)
def test_an_invoked_function_gets_its_payload(arguments: Any, sent: Any, given: Any) -> None:
    told, calls = lambda_result(
        "id_function", "arn:aws:states:::lambda:invoke", {"FunctionName": "f", **arguments}
    )

    output = told["output"]
    assert calls == [sent]
    assert output.keys() == {
        *("ExecutedVersion", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode")
    }
    assert (output["Payload"], output["StatusCode"]) == (given, 200)
    headers = output["SdkHttpMetadata"]["HttpHeaders"]
    assert headers["Content-Length"] == str(len(json.dumps(given)))
    assert headers.keys() == {
        *("Connection", "Content-Length", "Content-Type", "Date", "X-Amz-Executed-Version"),
        *("X-Amzn-Trace-Id", "x-amzn-Remapped-Content-Length", "x-amzn-RequestId"),
    }


@pytest.mark.parametrize(
    ("resource", "begin"),
    [
        (FUNCTION, '{"errorMessage": "", "errorType": "CustomException", "requestId": "'),
        (
            "arn:aws:states:::lambda:invoke",
            '{"errorMessage":"","errorType":"CustomException","requestId":"',
        ),
    ],
)
def test_the_error_of_a_function_is_its_type_and_its_payload(resource: str, begin: str) -> None:
    error, cause = lambda_failure("raise_custom_exception", resource, {"FunctionName": "f"})

    assert error == "CustomException"
    assert cause.startswith(begin)
    assert json.loads(cause)["errorType"] == "CustomException"


def test_a_function_that_does_not_exist_is_told_in_the_service_s_words() -> None:
    arguments = {"FunctionName": "other"}

    assert lambda_failure("id_function", "arn:aws:states:::lambda:invoke", arguments) == (
        "Lambda.ResourceNotFoundException",
        "Function not found: arn:aws:lambda:us-east-1:111111111111:function:other:$LATEST "
        "(Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; "
        f"Request ID: {REQUEST_ID}; Proxy: null)",
    )


@pytest.mark.parametrize("resource", [FUNCTION, "arn:aws:states:::lambda:invoke"])
def test_an_output_that_is_too_large_fails_the_task(resource: str) -> None:
    assert lambda_failure("large_output_string", resource, {"FunctionName": "f"}) == (
        "States.DataLimitExceeded",
        f"The state/task '{resource}' returned a result with a size exceeding the maximum number "
        "of bytes service limit.",
    )


def test_an_output_that_is_nested_too_deeply_fails_the_task() -> None:
    deep = json.loads("[" * MAX_PAYLOAD_LEVELS + "]" * MAX_PAYLOAD_LEVELS)
    error, cause = lambda_failure(
        "id_function", "arn:aws:states:::lambda:invoke", {"FunctionName": "f", "Payload": deep}
    )

    assert error == "States.DataLimitExceeded"
    assert "nested more than 90 levels deep" in cause


@pytest.mark.parametrize("text", ["NaN", "[1, Infinity]", "1e999", "[" * 9_000])
def test_an_answer_that_is_no_json_is_a_text(text: str) -> None:
    aws = Aws((200, text))

    told = StatesExecutor(aws.client_for).run(run_of(FUNCTION, {})).body

    assert told == {"output": text}
    message = completed_message(a_request(token="t"), "e", result=told)
    assert parse_event(message, "m").answer is not None


def test_a_function_whose_token_is_handed_over_ends_with_a_call_back() -> None:
    resource = "arn:aws:states:::lambda:invoke.waitForTaskToken"
    told, _ = lambda_result("id_function", resource, {"FunctionName": "f"})

    assert told.keys() == {"submitted"}


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        ('{"errorMessage": "Task timed out after 3.00 seconds"}', "Lambda.Unknown"),
        ('{"errorType": "Sandbox.Timedout"}', "Sandbox.Timedout"),
        ("no JSON", "Lambda.Unknown"),
        ('"a text"', "Lambda.Unknown"),
        ('{"errorType": 7}', "Lambda.Unknown"),
    ],
)
def test_an_error_without_a_type_is_unknown(payload: str, error: str) -> None:
    class Client:
        def invoke(self, **_: Any) -> Any:
            return {"FunctionError": "Unhandled", "Payload": Body(payload.encode())}

    with pytest.raises(TaskFailedError) as caught:
        StatesExecutor(lambda service, wait: Client()).run(run_of(FUNCTION, {}))

    assert (caught.value.error, str(caught.value)) == (error, payload)


# Other services


def test_a_message_is_sent() -> None:
    aws = Aws((200, {"MessageId": "m", "MD5OfMessageBody": "5"}))
    arguments = {"QueueUrl": "https://q/1/q", "MessageBody": {"a": 1}}

    told = result(aws, "arn:aws:states:::sqs:sendMessage", arguments)

    assert aws.calls == [
        ("AmazonSQS.SendMessage", {"QueueUrl": "https://q/1/q", "MessageBody": '{"a":1}'})
    ]
    assert told == {"output": {"MessageId": "m", "MD5OfMessageBody": "5", **about(43)}}
    assert aws.waits == [60.0]


def test_a_message_with_a_token_waits_for_its_call_back() -> None:
    aws = Aws((200, {"MessageId": "m"}))
    arguments = {"QueueUrl": "https://q/1/q", "MessageBody": "b"}

    told = result(aws, "arn:aws:states:::sqs:sendMessage.waitForTaskToken", arguments)

    assert told["submitted"]["MessageId"] == "m"
    assert len(aws.calls) == 1


def test_a_topic_is_told() -> None:
    xml = (
        "<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult>"
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></PublishResponse>"
    )
    aws = Aws((200, xml))

    told = result(
        aws, "arn:aws:states:::sns:publish", {"TopicArn": "arn:t", "Message": {"a": [True]}}
    )

    ((_, sent),) = aws.calls
    assert (sent["TopicArn"], sent["Message"]) == ("arn:t", '{"a":[true]}')
    assert told == {"output": {"MessageId": "m", **about(len(xml), "text/xml")}}


@pytest.mark.parametrize(
    ("action", "arguments", "target"),
    [
        ("getItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}, "GetItem"),
        ("putItem", {"TableName": "t", "Item": {"id": {"S": "1"}}}, "PutItem"),
        ("updateItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}, "UpdateItem"),
        ("deleteItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}, "DeleteItem"),
    ],
)
def test_items_are_read_and_written(action: str, arguments: Any, target: str) -> None:
    aws = Aws((200, {"Item": {"id": {"S": "1"}, "n": {"N": "2"}}} if action == "getItem" else {}))

    told = result(aws, f"arn:aws:states:::dynamodb:{action}", arguments)["output"]

    assert aws.calls == [(f"DynamoDB_20120810.{target}", arguments)]
    assert told.keys() >= {"SdkHttpMetadata", "SdkResponseMetadata"}
    assert told["SdkHttpMetadata"]["HttpHeaders"].keys() >= {"Server", "x-amz-crc32"}
    assert told["SdkHttpMetadata"]["AllHttpHeaders"]["Server"] == ["Server"]
    if action == "getItem":
        assert told["Item"] == {"id": {"S": "1"}, "n": {"N": "2"}}


def test_a_bus_is_told_and_what_it_refused_fails_the_task() -> None:
    resource = "arn:aws:states:::events:putEvents"
    arguments = {"Entries": [{"Detail": {"a": 1}, "DetailType": "d", "Source": "s"}]}
    taken = {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}
    aws = Aws((200, taken), (200, {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "x"}]}))

    assert result(aws, resource, arguments) == {"output": taken}
    assert aws.calls[0][1]["Entries"][0]["Detail"] == '{"a":1}'
    error, cause = failure(aws, resource, arguments)
    assert error == "EventBridge.FailedEntry"
    assert json.loads(cause) == {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "x"}]}


def test_any_service_is_called_by_its_names_in_the_sdk() -> None:
    aws = Aws((200, {"Items": [{"id": {"S": "1"}}], "Count": 1}))

    told = result(
        aws,
        "arn:aws:states:::aws-sdk:dynamodb:query",
        {"TableName": "t", "KeyConditionExpression": "id = :id"},
    )

    assert aws.calls[0][0] == "DynamoDB_20120810.Query"
    assert told == {"output": {"Items": [{"id": {"S": "1"}}], "Count": 1}}


@pytest.mark.parametrize(
    ("told", "written"),
    [("text data", '"text data"'), ({"Dict": "Value"}, '{"Dict":"Value"}'), (0, "0")],
)
def test_an_object_of_s3_is_written_as_json(told: Any, written: str) -> None:
    bodies: list[bytes] = []
    aws = Aws((200, ""))
    arguments = {"Bucket": "bucket", "Key": "key", "Body": told}

    def client_for(service: str, wait: float) -> Any:
        client = aws.client_for(service, wait)
        client.meta.events.register_first(
            "before-call.s3.PutObject", lambda params, **_: bodies.append(params["body"])
        )
        return client

    StatesExecutor(client_for).run(run_of("arn:aws:states:::aws-sdk:s3:putObject", arguments))

    assert [body if isinstance(body, bytes) else body.read() for body in bodies] == [
        written.encode()
    ]


def test_names_begin_with_a_capital_and_times_are_texts() -> None:
    aws = Aws((200, {"executionArn": "arn:e", "startDate": 1_700_000_000.5}))

    told = result(
        aws,
        "arn:aws:states:::aws-sdk:sfn:startExecution",
        {"StateMachineArn": "arn:m", "Input": {"a": 1}},
    )

    assert aws.calls == [
        ("AWSStepFunctions.StartExecution", {"stateMachineArn": "arn:m", "input": '{"a":1}'})
    ]
    assert told == {"output": {"ExecutionArn": "arn:e", "StartDate": "2023-11-14T22:13:20.500Z"}}


ERRORS = [
    pytest.param(
        "dynamodb:getItem",
        {"TableName": "t", "Key": {}},
        (400, {"__type": "x#ResourceNotFoundException", "message": "no table"}),
        "DynamoDB.ResourceNotFoundException",
        "no table (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: "
        f"ResourceNotFoundException; Request ID: {REQUEST_ID}; Proxy: null)",
        id="a modelled error",
    ),
    pytest.param(
        "dynamodb:getItem",
        {"TableName": "t", "Key": {}},
        (400, {"__type": "x#ValidationException", "message": "bad"}),
        "DynamoDB.AmazonDynamoDBException",
        "bad (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; "
        f"Request ID: {REQUEST_ID}; Proxy: null)",
        id="an error that the model does not have",
    ),
    pytest.param(
        "states:startExecution",
        {"StateMachineArn": "arn:m"},
        (400, {"__type": "StateMachineDoesNotExist", "message": "no"}),
        "StepFunctions.StateMachineDoesNotExistException",
        "no (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; "
        f"Request ID: {REQUEST_ID}; Proxy: null)",
        id="a name without Exception",
    ),
    pytest.param(
        "aws-sdk:sfn:sendTaskSuccess",
        {"TaskToken": "t", "Output": "{}"},
        (400, {"__type": "InvalidToken", "message": "Invalid Token: 'Invalid token'"}),
        "Sfn.InvalidTokenException",
        "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: "
        f"{REQUEST_ID}) (SDK Attempt Count: 1)",
        id="of the SDK",
    ),
    pytest.param(
        "aws-sdk:s3:listObjects",
        {"Bucket": "bucket"},
        (
            404,
            "<Error><Code>NoSuchBucket</Code><Message>no bucket</Message>"
            "</Error>",
        ),
        "S3.NoSuchBucketException",
        f"no bucket (Service: S3, Status Code: 404, Request ID: {REQUEST_ID}, Extended Request ID: "
        "host) (SDK Attempt Count: 1)",
        id="of S3",
    ),
    pytest.param(
        "aws-sdk:dynamodb:putItem",
        {"TableName": "t", "Item": None},
        None,
        "DynamoDb.DynamoDbException",
        "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member "
        "must not be null",
        id="what is missing",
    ),
    pytest.param(
        "sqs:sendMessage",
        {"QueueUrl": "https://q/1/q", "MessageBody": "b", "Other": "secret"},
        None,
        "States.Runtime",
        "The parameters could not be used to start the task: check Other.",
        id="what the service does not know",
    ),
    pytest.param(
        "sqs:sendMessage",
        {"QueueUrl": "https://q/1/q", "MessageBody": "b"},
        EndpointConnectionError(endpoint_url="https://q"),
        "SQS.SdkClientException",
        "Unable to execute HTTP request: EndpointConnectionError",
        id="nobody there",
    ),
    pytest.param(
        "aws-sdk:nothing:do", {}, None, "States.Runtime",
        "The service 'nothing' is not known here.", id="no such service",
    ),
    pytest.param(
        "aws-sdk:sqs:do", {}, None, "States.Runtime",
        "The service 'sqs' has no action 'do'.", id="no such action",
    ),
    pytest.param(
        "glue:startJobRun", {}, None, "States.Runtime",
        "There is no integration 'glue:startJobRun' here. Name it as `aws-sdk:…` to call the "
        "service as it is.", id="an integration that is not here",
    ),
    pytest.param(
        "sqs:sendMessage.sync", {}, None, "States.Runtime",
        "The pattern '.sync' of 'sqs:sendMessage' is not known here.", id="a pattern it has not",
    ),
    pytest.param(
        "sqs:sendMessage", "text", None, "States.Runtime",
        "The parameters of the task are no object.", id="parameters that are none",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "arguments", "answer", "error", "cause"), ERRORS)
def test_errors_have_the_names_that_aws_gives_them(
    resource: str, arguments: Any, answer: Answer | Exception | None, error: str, cause: str
) -> None:
    aws = Aws(*([] if answer is None else [answer]))

    assert failure(aws, f"arn:aws:states:::{resource}", arguments) == (error, cause)


def test_a_service_that_does_not_answer_in_time_is_a_time_out() -> None:
    aws = Aws(ReadTimeoutError(endpoint_url="https://q"))

    with pytest.raises(OutOfTimeError):
        result(aws, "arn:aws:states:::sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "b"})


@pytest.mark.parametrize(
    ("service_id", "name"),
    [("DynamoDB", "DynamoDb"), ("SFN", "Sfn"), ("S3", "S3"), ("Secrets Manager", "SecretsManager")],
)
def test_services_have_the_names_of_the_sdk_for_java(service_id: str, name: str) -> None:
    assert java_name(service_id) == name


# Executions of other machines


ENDED = {
    "executionArn": "arn:e",
    "stateMachineArn": "arn:m",
    "name": "n",
    "startDate": 1_700_000_000.5,
    "stopDate": 1_700_000_001,
    "input": '{"a":1}',
}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.mark.parametrize(
    ("pattern", "given", "output"),
    [("sync", '{"a":1}', '{"b":2}'), ("sync:2", {"a": 1}, {"b": 2})],
)
def test_an_execution_of_another_machine_is_waited_for(
    pattern: str, given: Any, output: Any, pauses: list[float]
) -> None:
    started = (200, {"executionArn": "arn:e", "startDate": 1})
    running = (200, {**ENDED, "status": "RUNNING"})
    ended = (200, {**ENDED, "status": "SUCCEEDED", "output": '{"b":2}'})
    aws = Aws(started, running, running, ended)

    told = result(
        aws,
        f"arn:aws:states:::states:startExecution.{pattern}",
        {"StateMachineArn": "arn:m", "Input": {"a": 1}},
    )

    assert [target for target, _ in aws.calls] == [
        "AWSStepFunctions.StartExecution",
        *["AWSStepFunctions.DescribeExecution"] * 3,
    ]
    # So another delivery of the attempt starts no second one.
    assert aws.calls[0][1]["name"] == "attempt"
    assert pauses == [0.05, 0.1]
    submitted = {"ExecutionArn": "arn:e", "StartDate": "1970-01-01T00:00:01.000Z"}
    assert told == {
        "submitted": submitted | about(len(json.dumps(started[1]))),
        "output": {
            "ExecutionArn": "arn:e",
            "Input": given,
            "InputDetails": {"Included": True},
            "Name": "n",
            "Output": output,
            "OutputDetails": {"Included": True},
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "StartDate": 1_700_000_000_500,
            "StateMachineArn": "arn:m",
            "Status": "SUCCEEDED",
            "StopDate": 1_700_000_001_000,
        },
    }


EXISTS = (400, {"__type": "ExecutionAlreadyExists", "message": "Execution Already Exists: 'arn'"})
INNER = "arn:aws:states:us-east-1:111111111111:stateMachine:inner:live"


def test_another_delivery_reads_the_execution_that_the_first_one_started(
    pauses: list[float],
) -> None:
    aws = Aws(EXISTS, (200, {**ENDED, "status": "SUCCEEDED", "output": '{"b":2}'}))
    arguments = {"StateMachineArn": INNER, "Input": {"a": 1}}

    told = result(aws, "arn:aws:states:::states:startExecution.sync:2", arguments)

    arn = "arn:aws:states:us-east-1:111111111111:execution:inner:attempt"
    assert told["submitted"] == {"ExecutionArn": arn}
    assert told["output"]["Output"] == {"b": 2}
    assert aws.calls[1:] == [("AWSStepFunctions.DescribeExecution", {"executionArn": arn})]


@pytest.mark.parametrize(
    ("asked_at", "given", "is_known"),
    [
        (1_700_000_000_500, {"a": 1}, True),
        (1_700_000_000_501, {"a": 1}, False),
        (1_700_000_000_500, {"a": 2}, False),
        (None, {"a": 1}, False),
    ],
)
def test_a_name_of_the_machine_s_own_is_the_attempt_s_by_time_and_input(
    asked_at: int | None, given: Any, is_known: bool, pauses: list[float]
) -> None:
    ended = (200, {**ENDED, "status": "SUCCEEDED", "output": '{"b":2}'})
    aws = Aws(EXISTS, ended, ended)
    arguments = {"StateMachineArn": INNER, "Name": "own", "Input": given}
    run = run_of("arn:aws:states:::states:startExecution.sync", arguments)
    asked = {**(run.request.input or {}), "askedAt": asked_at}
    run = replace(run, request=replace(run.request, input=asked))

    if is_known:
        told: Any = StatesExecutor(aws.client_for).run(run).body
        assert told["output"]["Output"] == '{"b":2}'
        return
    with pytest.raises(TaskFailedError) as caught:
        StatesExecutor(aws.client_for).run(run)
    assert caught.value.error == "StepFunctions.ExecutionAlreadyExistsException"
    assert str(caught.value).startswith(
        "Execution Already Exists: 'arn' (Service: AWSStepFunctions;"
    )


def test_an_execution_that_fails_fails_its_task(pauses: list[float]) -> None:
    ended = {**ENDED, "status": "FAILED", "error": "E", "cause": "why"}
    aws = Aws((200, {"executionArn": "arn:e", "startDate": 1}), (200, ended))

    told = result(aws, "arn:aws:states:::states:startExecution.sync", {"StateMachineArn": "arn:m"})

    assert told["submitted"]["ExecutionArn"] == "arn:e"
    assert told["failure"]["error"] == "States.TaskFailed"
    assert json.loads(told["failure"]["cause"]) == {
        "Error": "E",
        "Cause": "why",
        "ExecutionArn": "arn:e",
        "Input": '{"a":1}',
        "InputDetails": {"Included": True},
        "Name": "n",
        "StartDate": 1_700_000_000_500,
        "StateMachineArn": "arn:m",
        "Status": "FAILED",
        "StopDate": 1_700_000_001_000,
    }


def test_waiting_ends_with_the_time_of_the_task(pauses: list[float]) -> None:
    left = iter([60.0, 1.0, 0.0])
    running = (200, {**ENDED, "status": "RUNNING"})
    aws = Aws((200, {"executionArn": "arn:e", "startDate": 1}), running, running)
    arguments = {"StateMachineArn": "arn:m"}
    run = run_of("arn:aws:states:::states:startExecution.sync", arguments, lambda: next(left))

    with pytest.raises(OutOfTimeError):
        StatesExecutor(aws.client_for).run(run)

    assert len(aws.calls) == 3
