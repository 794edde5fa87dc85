"""Functions of the embedded AWS: what is answered when they end, in whatever way."""

import base64
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.emulator import boto3_on

pytestmark = pytest.mark.once

MODULE = """\
import decimal, os, time

calls = 0


class OrderRefused(Exception):
    pass


def refuses(event, context):
    raise OrderRefused(f"Order {event['number']} is refused.")


def deeper(event, context):
    return refuses(event, context)


def gives_bytes(event, context):
    return b'"a text"'


def gives_numbers(event, context):
    return {"whole": decimal.Decimal("3"), "part": decimal.Decimal("0.5"), "text": "é"}


def gives_a_set(event, context):
    return {1}


def gives_much(event, context):
    return "a" * (event["bytes"] - 2)


def exits(event, context):
    os._exit(3)


def sleeps(event, context):
    time.sleep(60)


def counts(event, context):
    global calls
    calls += 1
    if event.get("fail"):
        raise ValueError
    return calls
"""
MODULES = {
    "orders": MODULE,
    "imports": "import nothing_of_that_name\n",
    "misspelt": "def handler(event, context)\n    return 1\n",
    "breaks": "raise KeyError('setting')\n",
    "layered": "def handler(event, context):\n    import shared\n\n    shared.fails()\n",
}
LIMIT = 6_291_556


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with EmbeddedAws(0) as aws:
        yield boto3_on(aws, "lambda")


def archive_of(files: Mapping[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def a_function(client: Any, handler: str, **settings: Any) -> str:
    name = handler.replace(".", "-")
    code = archive_of({f"{module}.py": text for module, text in MODULES.items()})
    client.create_function(
        FunctionName=name,
        Role="arn:aws:iam::000000000000:role/any",
        Handler=handler,
        Runtime=f"python{sys.version_info[0]}.{sys.version_info[1]}",
        Code={"ZipFile": code},
        **settings,
    )
    return name


def answer_to(client: Any, name: str, event: Any = None, **settings: Any) -> tuple[Any, bytes]:
    payload = json.dumps({} if event is None else event).encode()
    answer = client.invoke(FunctionName=name, Payload=payload, **settings)
    return answer, answer["Payload"].read()


def failure_of(client: Any, name: str, event: Any = None) -> dict[str, Any]:
    answer, payload = answer_to(client, name, event)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    failure: dict[str, Any] = json.loads(payload)
    return failure


def test_an_exception_is_told_by_its_class_its_text_and_its_stack(client: Any) -> None:
    name = a_function(client, "orders.deeper")
    answer, payload = answer_to(client, name, {"number": 7}, LogType="Tail")
    failure = json.loads(payload)

    assert answer["FunctionError"] == "Unhandled"
    assert list(failure) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert failure["errorType"] == "OrderRefused"
    assert failure["errorMessage"] == "Order 7 is refused."
    assert failure["requestId"]
    assert failure["stackTrace"] == [
        '  File "/var/task/orders.py", line 15, in deeper\n    return refuses(event, context)\n',
        '  File "/var/task/orders.py", line 11, in refuses\n'
        "    raise OrderRefused(f\"Order {event['number']} is refused.\")\n",
    ]
    log = base64.b64decode(answer["LogResult"]).decode()
    assert log.startswith("[ERROR] OrderRefused: Order 7 is refused.\nTraceback (most")
    assert log.count("OrderRefused: Order") == 1


def test_the_stack_has_layers_where_aws_has_them(client: Any) -> None:
    content = archive_of({"python/shared.py": "def fails():\n    raise LookupError\n"})
    layer = client.publish_layer_version(LayerName="shared", Content={"ZipFile": content})
    name = a_function(client, "layered.handler", Layers=[layer["LayerVersionArn"]])

    stack = failure_of(client, name)["stackTrace"]

    assert [line.split('"')[1] for line in stack] == [
        "/var/task/layered.py",
        "/opt/python/shared.py",
    ]


def test_after_an_exception_the_process_serves_the_next_call(client: Any) -> None:
    name = a_function(client, "orders.counts")

    assert answer_to(client, name)[1] == b"1"
    assert failure_of(client, name, {"fail": True})["errorMessage"] == ""
    assert answer_to(client, name)[1] == b"3"


def test_what_a_function_returns_is_its_answer(client: Any) -> None:
    raw, numbers = (
        a_function(client, f"orders.{name}") for name in ("gives_bytes", "gives_numbers")
    )

    answer, payload = answer_to(client, raw)
    assert (payload, answer.get("FunctionError")) == (b'"a text"', None)
    assert json.loads(answer_to(client, numbers)[1]) == {"whole": 3, "part": 0.5, "text": "é"}


def test_what_is_no_json_is_no_answer(client: Any) -> None:
    failure = failure_of(client, a_function(client, "orders.gives_a_set"))

    assert failure["errorType"] == "Runtime.MarshalError"
    assert failure["errorMessage"] == (
        "Unable to marshal response: Object of type set is not JSON serializable"
    )


def test_an_answer_has_at_most_six_megabytes(client: Any) -> None:
    name = a_function(client, "orders.gives_much")

    answer, payload = answer_to(client, name, {"bytes": LIMIT})
    assert (len(payload), answer.get("FunctionError")) == (LIMIT, None)
    assert failure_of(client, name, {"bytes": LIMIT + 1}) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": f"Response payload size exceeded maximum allowed payload size ({LIMIT} "
        "bytes).",
    }


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("orders.exits", "Runtime.ExitError", "Runtime exited without providing a reason"),
        ("orders.sleeps", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
    ],
)
def test_a_process_that_ends_is_told_with_its_request(
    client: Any, handler: str, kind: str, message: str
) -> None:
    failure = failure_of(client, a_function(client, handler, Timeout=1))

    assert failure["errorType"] == kind
    assert failure["errorMessage"].startswith("RequestId: ")
    assert failure["errorMessage"].endswith(f" Error: {message}")


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        (
            "imports.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'imports': No module named 'nothing_of_that_name'",
        ),
        ("orders.nobody", "Runtime.HandlerNotFound", "Handler 'nobody' missing on module 'orders'"),
        ("misspelt.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'misspelt': "),
        ("breaks.handler", "KeyError", "'setting'"),
    ],
)
def test_a_handler_that_cannot_be_imported_is_told_with_the_reason(
    client: Any, handler: str, kind: str, message: str
) -> None:
    failure = failure_of(client, a_function(client, handler))

    assert failure["errorType"] == kind
    assert failure["errorMessage"].startswith(message)
    assert list(failure) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert all("/var/task/" in line for line in failure["stackTrace"][-1:])
