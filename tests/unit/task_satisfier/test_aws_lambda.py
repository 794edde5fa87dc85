"""Executor `lambda` invokes once, and tells what went wrong in whatever way it did."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any, cast

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from mypy_boto3_lambda import LambdaClient

from task_satisfier.clients import LambdaClients, lambda_client
from task_satisfier.executors import OutOfTimeError, TaskFailedError
from task_satisfier.executors.aws_lambda import LambdaExecutor, function_error, function_error_type
from tests.builders import CANARY
from tests.task_builders import a_run


class FakeLambda:
    """Answers each invocation alike, and keeps what was asked."""

    def __init__(self, result: bytes = b"null", error: str | None = None) -> None:
        self._result = result
        self._error = error
        self.invocations: list[dict[str, Any]] = []
        self.timeouts: list[float] = []

    def client(self, read_timeout: float) -> LambdaClient:
        self.timeouts.append(read_timeout)
        return cast(LambdaClient, self)

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        self.invocations.append(arguments)
        failed = {"FunctionError": self._error} if self._error else {}
        return {"StatusCode": 200, "Payload": BytesIO(self._result)} | failed


class FailingLambda(FakeLambda):
    """Cannot be invoked."""

    def __init__(self, failure: BotoCoreError | ClientError) -> None:
        super().__init__()
        self._failure = failure

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        raise self._failure


@pytest.mark.parametrize(
    ("config", "metadata", "payload"),
    [
        ({}, {}, {"stackId": "s", "metadata": {}}),
        ({}, {"a": 1, "b": "x"}, {"stackId": "s", "metadata": {"a": 1, "b": "x"}}),
        (
            {"args": {"tier": "web", "n": [2, None]}},
            {},
            {"stackId": "s", "metadata": {}, "args": {"tier": "web", "n": [2, None]}},
        ),
        ({"args": {}}, {}, {"stackId": "s", "metadata": {}, "args": {}}),
        ({"args": None}, {}, {"stackId": "s", "metadata": {}, "args": None}),
        ({"other": 1}, {}, {"stackId": "s", "metadata": {}}),
    ],
    ids=["plain", "metadata", "args", "empty args", "args null", "unknown keys"],
)
def test_the_function_gets_stack_metadata_and_args_and_nothing_else(
    config: dict[str, Any], metadata: dict[str, Any], payload: dict[str, Any]
) -> None:
    fake = FakeLambda()

    outputs = LambdaExecutor(fake.client).run(
        a_run("lambda", {"name": "db-setup", **config}, metadata=metadata)
    )

    [invocation] = fake.invocations
    assert invocation["FunctionName"] == "db-setup"
    assert invocation["InvocationType"] == "RequestResponse"
    assert json.loads(invocation["Payload"]) == payload
    assert outputs == {}


def test_a_result_that_is_lost_on_its_way_is_no_failure() -> None:
    class LostResult(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise ReadTimeoutError(endpoint_url="https://lambda")

    class HalfAnswered(FakeLambda):
        def invoke(self, **arguments: Any) -> dict[str, Any]:
            return super().invoke(**arguments) | {"Payload": LostResult()}

    assert LambdaExecutor(HalfAnswered().client).run(a_run("lambda", {"name": "f"})) == {}


@pytest.mark.parametrize("result", [b"", b"null", b'{"outputs": {"a": 1}}', b"not json"], ids=repr)
def test_what_the_function_returns_is_not_looked_at(result: bytes) -> None:
    assert LambdaExecutor(FakeLambda(result).client).run(a_run("lambda", {"name": "f"})) == {}


def test_the_answer_is_waited_for_as_long_as_there_is_time() -> None:
    fake = FakeLambda()

    LambdaExecutor(fake.client).run(a_run("lambda", {"name": "f"}, seconds=885))

    assert fake.timeouts == [885]


def test_without_time_nothing_is_invoked() -> None:
    fake = FakeLambda()

    with pytest.raises(OutOfTimeError, match="longer time-out"):
        LambdaExecutor(fake.client).run(a_run("lambda", {"name": "f"}, seconds=0))

    assert not fake.invocations


ERRORS = {
    "Node": (
        {
            "errorType": "ReferenceError",
            "errorMessage": "x is not defined",
            "trace": ["ReferenceError: x is not defined", "    at handler (index.js:1)"],
        },
        "ReferenceError: x is not defined\n    at handler (index.js:1)",
    ),
    "Python": (
        {
            "errorMessage": "no db",
            "errorType": "ValueError",
            "requestId": "r",
            "stackTrace": ['  File "app.py", line 2, in handler\n    raise ValueError("no db")\n'],
        },
        'ValueError: no db\n  File "app.py", line 2, in handler\n    raise ValueError("no db")',
    ),
    "Java": (
        {
            "errorMessage": "no db",
            "errorType": "java.lang.RuntimeException",
            "stackTrace": ["app.Handler.run(Handler.java:9)"],
            "cause": {"errorMessage": "refused", "errorType": "java.io.IOException"},
        },
        "java.lang.RuntimeException: no db\napp.Handler.run(Handler.java:9)\n"
        "Caused by: java.io.IOException: refused",
    ),
    "Go": (
        {
            "errorMessage": "no db",
            "errorType": "errorString",
            "stackTrace": [{"path": "main.go", "line": 9, "label": "run"}],
        },
        'errorString: no db\n{"path": "main.go", "line": 9, "label": "run"}',
    ),
    "a trace in one text": (
        {"errorType": "E", "errorMessage": "m", "stackTrace": "at a\nat b"},
        "E: m\nat a\nat b",
    ),
    "a time-out": (
        {"errorMessage": "Task timed out after 3.00 seconds"},
        "Task timed out after 3.00 seconds",
    ),
    "no message": ({"errorType": "Runtime.ExitError"}, "Runtime.ExitError"),
    "other fields": ({"code": 7}, '{"code": 7}'),
    "a message that is no text": ({"errorMessage": {"code": 7}}, '{"code": 7}'),
}


@pytest.mark.parametrize(("error", "cause"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_told_with_type_message_and_trace_of_any_runtime(
    error: dict[str, Any], cause: str
) -> None:
    fake = FakeLambda(json.dumps(error).encode(), "Unhandled")

    with pytest.raises(TaskFailedError) as failed:
        LambdaExecutor(fake.client).run(a_run("lambda", {"name": "f"}))

    assert str(failed.value) == cause


@pytest.mark.parametrize(
    ("payload", "cause"),
    [
        (b"boom", "boom"),
        (b"", "The function failed without saying why."),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        (b'["a"]', '["a"]'),
        (b"null", "null"),
        (b"[" * 50_000, "[" * 3_999 + "…"),
    ],
    ids=["a text", "nothing", "no text", "a list", "null", "nested deeply"],
)
def test_an_error_that_is_no_json_object_is_told_as_it_is(payload: bytes, cause: str) -> None:
    assert function_error(payload) == cause
    assert function_error_type(payload) is None


TYPES = {
    "Python": ("ValueError", "ValueError"),
    "Node": ("Error", "Error"),
    "Java": ("java.io.IOException", "java.io.IOException"),
    "Ruby": ("Function<Net::ReadTimeout>", "Function<Net::ReadTimeout>"),
    "the runtime's own": ("Runtime.ExitError", "Runtime.ExitError"),
    "as long as can be": ("E" * 100, "E" * 100),
    "too long": ("E" * 101, "Failed"),
    "a sentence": (f"Error {CANARY}", "Failed"),
    "two lines": ("Error\n", "Failed"),
    "letters beyond ASCII": ("Fehlerä", "Failed"),
    "what stands for all kinds": ("*", "Failed"),
    "empty": ("", "Failed"),
    "a number": (7, "Failed"),
    "nothing": (None, "Failed"),
}


@pytest.mark.parametrize(("told", "kind"), TYPES.values(), ids=TYPES)
def test_the_kind_of_failure_is_the_type_of_the_functions_error(told: Any, kind: str) -> None:
    error = {"errorType": told, "errorMessage": "m"}
    fake = FakeLambda(json.dumps(error).encode(), "Unhandled")

    with pytest.raises(TaskFailedError) as failed:
        LambdaExecutor(fake.client).run(a_run("lambda", {"name": "f"}))

    assert failed.value.error == kind


def test_a_long_error_keeps_its_start_where_type_and_message_are() -> None:
    error = {"errorType": "E", "errorMessage": "m", "trace": ["line"] * 10_000}

    cause = function_error(json.dumps(error).encode())

    assert cause.startswith("E: m\nline")
    assert len(cause) == 4_000


def test_causes_of_causes_end_somewhere() -> None:
    error: dict[str, Any] = {"errorMessage": "deepest"}
    for _ in range(200):
        error = {"errorMessage": "e", "cause": error}

    assert "deepest" not in function_error(json.dumps(error).encode())


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": CANARY}}, "Invoke")


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (client_error("ResourceNotFoundException"), "there is no such function"),
        (client_error("AccessDeniedException"), "lacks lambda:InvokeFunction"),
        (client_error("TooManyRequestsException"), "throttled and has not been run"),
        (client_error("RequestTooLargeException"), "too large"),
        (client_error("SomethingNew"), "SomethingNew"),
        (EndpointConnectionError(endpoint_url="http://x"), "cannot be reached"),
        (BotoCoreError(), "answer was lost"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_that_fails_says_which_function_and_why(
    failure: BotoCoreError | ClientError, told: str
) -> None:
    with pytest.raises(TaskFailedError, match=told) as failed:
        LambdaExecutor(FailingLambda(failure).client).run(a_run("lambda", {"name": "db-setup"}))

    assert "'db-setup'" in str(failed.value)
    assert CANARY not in str(failed.value)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "`config.name` is missing"),
        ({"name": ""}, "`config.name`"),
        ({"name": None}, "`config.name`"),
        ({"name": 7}, "`config.name`"),
        ({"name": [CANARY]}, "`config.name`"),
        ({"name": "\ud800"}, "`config.name`"),
    ],
    ids=["missing", "empty", "null", "a number", "a list", "half of a surrogate pair"],
)
def test_a_config_that_cannot_work_says_so_and_invokes_nothing(
    config: dict[str, Any], told: str
) -> None:
    fake = FakeLambda()

    with pytest.raises(TaskFailedError, match=told) as failed:
        LambdaExecutor(fake.client).run(a_run("lambda", config))

    assert CANARY not in str(failed.value)
    assert not fake.invocations


class _Silent(BaseHTTPRequestHandler):
    """Takes a request and says nothing until the client has gone."""

    asked: list[str]

    def do_POST(self) -> None:
        self.asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.connection.recv(1)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on the screen."""


class _Answering(_Silent):
    """Answers at once, keeps its connections, and counts them."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.asked.append(str(self.client_address))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"null")


@contextmanager
def _lambda_that_is(kind: type[_Silent], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    asked: list[str] = []
    handler = type("Handler", (kind,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        for name, value in {
            "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{server.server_port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }.items():
            monkeypatch.setenv(name, value)
        yield asked
        server.shutdown()
        thread.join()


@pytest.fixture
def silent_lambda(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A Lambda service that never answers; the list of what it was asked."""
    with _lambda_that_is(_Silent, monkeypatch) as asked:
        yield asked


@pytest.fixture
def answering_lambda(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A Lambda service; the list of where each invocation came from."""
    with _lambda_that_is(_Answering, monkeypatch) as asked:
        yield asked


def test_tasks_one_after_the_other_share_a_connection(answering_lambda: list[str]) -> None:
    executor = LambdaExecutor(LambdaClients(lambda_client).get)

    for _ in range(3):
        executor.run(a_run("lambda", {"name": "f"}))

    assert len(answering_lambda) == 3
    assert len(set(answering_lambda)) == 1


def test_a_function_that_does_not_answer_in_time_is_not_invoked_again(
    silent_lambda: list[str],
) -> None:
    with pytest.raises(OutOfTimeError, match="It may still be running; it was not invoked"):
        LambdaExecutor(lambda_client).run(a_run("lambda", {"name": "slow"}, seconds=0.2))

    assert silent_lambda == ["/2015-03-31/functions/slow/invocations"]


def test_the_client_keeps_connections_alive_and_never_tries_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    config: Any = lambda_client(12.5).meta.config

    assert config.read_timeout == 12.5
    assert config.tcp_keepalive is True
    assert config.retries["total_max_attempts"] == 1
