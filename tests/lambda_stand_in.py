"""What stands in for Lambda where its answers matter and its process does not.

It answers as the service does, by the API reference of Invoke and the runtime for Python; requests
are made and answers read by boto3.
"""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

BEHAVIOURS = frozenset(
    {
        *("id_function", "echo_function", "return_bytes_str", "return_decorated_input"),
        *("large_output_string", "raise_custom_exception", "raise_exception", "wait_60_seconds"),
    }
)


# One of those, or what is returned for a payload, or raised.
Behaviour = str | Callable[[Any], Any]


class LambdaStandIn:
    """Functions by name, each with a behaviour. `calls` are the payloads they got."""

    def __init__(self, behaviours: Mapping[str, Behaviour], account: str) -> None:
        self._behaviours = behaviours
        self._account = account
        self.calls: list[Any] = []
        self.client: Any = boto3.client(
            "lambda",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        answering: Any = self._answer  # the stubs have no handler that answers itself
        self.client.meta.events.register("before-send.lambda.Invoke", answering)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        name = request.url.split("/functions/")[1].split("/")[0].replace("%3A", ":").split(":")[-1]
        if name not in self._behaviours:
            arn = f"arn:aws:lambda:us-east-1:{self._account}:function:{name}:$LATEST"
            missing = {"Type": "User", "message": f"Function not found: {arn}"}
            code = {"x-amzn-ErrorType": "ResourceNotFoundException"}
            return _response(request.url, 404, json.dumps(missing).encode(), code)
        event = json.loads(request.body or b"{}")
        self.calls.append(event)
        try:
            returned = _returned(self._behaviours[name], event)
        except Exception as error:
            told: dict[str, Any] = {
                "errorMessage": str(error),
                "errorType": type(error).__name__,
                "requestId": "11111111-2222-3333-4444-555555555555",
                "stackTrace": [f'  File "/var/task/handler.py", line {_line_of(error)}\n'],
            }
            failed = {"X-Amz-Function-Error": "Unhandled"}
            return _response(request.url, 200, json.dumps(told).encode(), failed)
        return _response(request.url, 200, returned, {})


class CustomException(Exception):
    """See `raise_custom_exception`."""


LINES = {
    Exception: '2, in handler\n    raise Exception("Some exception was raised.")',
    CustomException: "9, in handler\n    raise CustomException()",
}


def _line_of(error: Exception) -> str:
    return LINES.get(type(error), "2, in handler")


def _returned(behaviour: Behaviour, event: Any) -> bytes:
    if not isinstance(behaviour, str):
        return json.dumps(behaviour(event)).encode()
    if behaviour == "raise_exception":
        raise Exception("Some exception was raised.")
    if behaviour == "raise_custom_exception":
        raise CustomException
    if behaviour == "echo_function":
        return json.dumps({"Return": "HelloWorld"}).encode()
    if behaviour == "return_bytes_str":
        return b'"HelloWorld!"'
    if behaviour == "return_decorated_input":
        return json.dumps(f"input-event-{event}").encode()
    if behaviour == "large_output_string":
        return ("a" * (257 * 1024)).encode()
    return json.dumps(event).encode()


def _response(url: str, status: int, body: bytes, headers: Mapping[str, str]) -> AWSResponse:
    every = {
        "Date": "Tue, 14 Nov 2023 22:13:20 GMT",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "x-amzn-RequestId": "11111111-2222-3333-4444-555555555555",
        "X-Amz-Executed-Version": "$LATEST",
    }
    told = HTTPHeaders.from_dict({**every, **headers})
    return AWSResponse(url, status, told, Body(body))


class Body(io.BytesIO):
    """A body as `AWSResponse` and streams of boto3 read it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()
