"""The server speaks HTTP/1.1 with whoever calls: SDKs, curl, and what is none of both."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from cloudseam_cli.stepfunctions.caller import is_there
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.server import StepFunctionsServer

BODY = b'{"name": "e"}'
TARGET = b"X-Amz-Target: AWSStepFunctions.Echo\r\n"
Answer = tuple[int, dict[str, str], Any]


def echo(operation: str, told: dict[str, Any]) -> dict[str, Any]:
    """What was called; `Fail` fails, `Large` has a large answer, `Look` looks whether the caller is
    there, and `Wait` waits until it is not."""
    if operation == "Fail":
        raise RuntimeError("a secret")
    if operation == "Large":
        return {"told": "x" * 30_000_000}
    if operation == "Look":
        return {"isThere": is_there.get()()}
    if operation == "Wait":
        while is_there.get()():
            time.sleep(0.001)
    elif operation != "Echo":
        raise ApiFault("UnknownOperationException", f"There is no operation '{operation}' here.")
    return {"told": told}


@pytest.fixture
def server() -> Iterator[StepFunctionsServer]:
    """One that answers with what it is told."""
    server = StepFunctionsServer(echo, 0)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Connection:
    """One as any client may have it: bytes out, answers in."""

    def __init__(self, server: StepFunctionsServer) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=30)
        self._read = self.socket.makefile("rb")

    def close(self) -> None:
        """Hangs up."""
        self._read.close()
        self.socket.close()

    def ask(self, sent: bytes) -> Answer:
        """The answer to what is sent."""
        self.socket.sendall(sent)
        return self.answer()

    def answer(self) -> Answer:
        """The next answer: its status, headers and body."""
        status = int(self._read.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._read.readline().strip().decode():
            name, _, value = line.partition(": ")
            headers[name] = value
        body = self._read.read(int(headers.get("Content-Length", 0)))
        return status, headers, json.loads(body or b"null")

    def is_over(self) -> bool:
        """Whether the server hangs up, with nothing more to say."""
        return self._read.read() == b""


@pytest.fixture
def connect(server: StepFunctionsServer) -> Iterator[Callable[[], Connection]]:
    """Makes connections."""
    made: list[Connection] = []

    def connect() -> Connection:
        made.append(Connection(server))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


def request(
    *headers: bytes, target: bytes = TARGET, body: bytes = BODY, version: bytes = b"1.1"
) -> bytes:
    """A call as SDKs send it, with other headers besides."""
    length = b"Content-Length: %d\r\n" % len(body)
    more = b"".join(header + b"\r\n" for header in headers)
    return b"POST / HTTP/" + version + b"\r\n" + target + length + more + b"\r\n" + body


def test_calls_follow_each_other_on_one_connection(connect: Callable[[], Connection]) -> None:
    connection = connect()

    for _ in range(2):
        status, headers, told = connection.ask(request())

        assert (status, told) == (200, {"told": {"name": "e"}})
        assert headers["Content-Type"] == "application/x-amz-json-1.0"
        assert headers["Connection"] == "keep-alive"
        assert {"Date", "x-amzn-RequestId"} < headers.keys()


def test_calls_that_come_at_once_are_answered_in_order(connect: Callable[[], Connection]) -> None:
    connection = connect()

    first = connection.ask(request(body=b'{"n": 1}') + request(body=b'{"n": 2}'))

    assert [first[2], connection.answer()[2]] == [{"told": {"n": 1}}, {"told": {"n": 2}}]


def test_a_call_may_come_in_pieces(connect: Callable[[], Connection]) -> None:
    connection = connect()
    sent = request()
    # Each goes out by itself.
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    for at in range(len(sent)):
        connection.socket.sendall(sent[at : at + 1])

    assert connection.answer()[2] == {"told": {"name": "e"}}


def test_who_asks_before_the_body_is_told_to_go_on(connect: Callable[[], Connection]) -> None:
    connection = connect()
    head, _, body = request(b"Expect: 100-continue").partition(b"\r\n\r\n")

    assert connection.ask(head + b"\r\n\r\n")[0] == 100
    assert connection.ask(body)[2] == {"told": {"name": "e"}}


@pytest.mark.parametrize(
    "last",
    [request(b"Connection: close"), request(version=b"1.0")],
    ids=["close", "HTTP/1.0"],
)
def test_the_connection_ends_where_the_client_wants_it(
    connect: Callable[[], Connection], last: bytes
) -> None:
    connection = connect()

    _, headers, told = connection.ask(last)

    assert told == {"told": {"name": "e"}}
    assert headers["Connection"] == "close"
    assert connection.is_over()


def test_an_offer_to_go_on_in_another_protocol_is_not_taken(
    connect: Callable[[], Connection],
) -> None:
    told = connect().ask(request(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"))[2]

    assert told == {"told": {"name": "e"}}


@pytest.mark.parametrize(
    ("sent", "status", "name"),
    [
        (b"\x16\x03\x01\x02\n\r\n", 400, "MalformedHttpRequestException"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "MalformedHttpRequestException"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 411, "MalformedHttpRequestException"),
        (b"POST / HTTP/1.1\r\n\r\n", 411, "MalformedHttpRequestException"),
        (request(b"Transfer-Encoding: chunked"), 411, "MalformedHttpRequestException"),
        (request(body=b"x" * 1_001), 413, "RequestEntityTooLarge"),
        (
            b"POST / HTTP/1.1\r\nContent-Length: %s\r\n\r\n" % (b"9" * 5_000),
            413,
            "RequestEntityTooLarge",
        ),
        (request(b"X: " + b"x" * 70_000), 431, "MalformedHttpRequestException"),
        (request(*[b"X: " + b"x" * 90] * 700), 431, "MalformedHttpRequestException"),
    ],
)
def test_what_cannot_be_read_is_refused_and_ends_the_connection(
    connect: Callable[[], Connection],
    monkeypatch: pytest.MonkeyPatch,
    sent: bytes,
    status: int,
    name: str,
) -> None:
    monkeypatch.setattr("cloudseam_cli.stepfunctions.server.MAX_BYTES", 1_000)

    found, headers, told = connect().ask(sent)

    assert (found, told["__type"], headers["x-amzn-ErrorType"]) == (status, name, name)
    assert headers["Connection"] == "close"


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nContent-", request()[:-1]])
def test_half_a_call_is_none(connect: Callable[[], Connection], sent: bytes) -> None:
    connection = connect()

    connection.socket.sendall(sent)
    connection.socket.shutdown(socket.SHUT_WR)

    assert connection.is_over()


@pytest.mark.parametrize(
    ("sent", "status", "name"),
    [
        (request(target=b""), 400, "UnknownOperationException"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "UnknownOperationException"),
        (b"GET / HTTP/1.1\r\n" + TARGET + b"\r\n", 400, "UnknownOperationException"),
        (request(b"Origin: http://pages.example:8083"), 400, "AccessDeniedException"),
        (request(b"Origin: null"), 400, "AccessDeniedException"),
        (request(body=b"{"), 400, "SerializationException"),
        (request(body=b"[]"), 400, "SerializationException"),
        (request(target=TARGET.replace(b"Echo", b"Fail")), 500, "InternalFailure"),
    ],
)
def test_a_fault_has_its_name_in_body_and_head(
    connect: Callable[[], Connection], sent: bytes, status: int, name: str
) -> None:
    connection = connect()

    found, headers, told = connection.ask(sent)

    assert (found, told["__type"], headers["x-amzn-ErrorType"]) == (status, name, name)
    assert "secret" not in told["message"]
    assert connection.ask(request())[0] == 200


def test_whether_the_caller_is_there_can_be_seen(connect: Callable[[], Connection]) -> None:
    asked = request(target=TARGET.replace(b"Echo", b"Look"))

    assert connect().ask(asked)[2] == {"isThere": True}
    # Who has no more to say has gone, or will not listen.
    gone = connect()
    gone.socket.sendall(request(target=TARGET.replace(b"Echo", b"Wait")))
    gone.socket.shutdown(socket.SHUT_WR)
    assert gone.answer()[0] == 200


def test_a_call_is_under_way_until_its_answer_is_sent(
    server: StepFunctionsServer, connect: Callable[[], Connection]
) -> None:
    connection = connect()
    connection.socket.sendall(request(target=b"X-Amz-Target: AWSStepFunctions.Large\r\n"))
    # The first bytes of the answer are there, and the rest is more than any buffer takes.
    assert connection.socket.recv(1) == b"H"
    looks = iter(range(3))

    server.drain(lambda: next(looks) == 2)
    assert next(looks, None) is None

    connection.close()
    server.drain(lambda: False)
