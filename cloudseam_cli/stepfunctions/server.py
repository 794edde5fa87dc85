"""The API over HTTP, on the loopback address: the AWS JSON 1.0 protocol."""

import json
import logging
import select
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition
from typing import Any
from uuid import uuid4

from cloudseam_cli.stepfunctions.caller import is_there
from cloudseam_cli.stepfunctions.fault import ApiFault

PREFIX = "AWSStepFunctions."
CONTENT_TYPE = "application/x-amz-json-1.0"
# The largest call there is: a definition of 1 MB, escaped, and the rest.
MAX_BYTES = 8_000_000
LOOPBACK = "127.0.0.1"
# A client that is silent for so long, in seconds, is gone.
SILENCE = 300

logger = logging.getLogger(__name__)

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


class StepFunctionsServer(ThreadingHTTPServer):
    """Answers calls of any AWS SDK by `call(operation, input)`. A port of 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, call: Call, port: int) -> None:
        super().__init__((LOOPBACK, port), _Connection)
        self._call = call
        self._under_way = 0
        self._changed = Condition()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self.server_port}"

    def answer(self, operation: str, told: dict[str, Any]) -> dict[str, Any]:
        """What the call is answered with."""
        with self._changed:
            self._under_way += 1
        try:
            return self._call(operation, told)
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def drain(self, is_impatient: Callable[[], bool]) -> None:
        """Waits until no call is under way."""
        with self._changed:
            while self._under_way and not is_impatient():
                self._changed.wait(0.1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; else its place is logged, and nothing it sent."""
        logger.debug("A connection broke", exc_info=True)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SILENCE
    # Head and body of an answer go out together.
    wbufsize = -1
    server: StepFunctionsServer

    def setup(self) -> None:
        """A small answer must not wait for the next one."""
        super().setup()
        is_there.set(self._is_open)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        """One call."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BYTES:
            self.close_connection = True
            text = f"Content-Length has to be a number up to {MAX_BYTES}."
            self._answer(413, _fault(ApiFault("RequestEntityTooLarge", text)))
            return
        body = self.rfile.read(int(length))
        target = self.headers.get("X-Amz-Target", "")
        self._answer(*self._called(target.removeprefix(PREFIX), body))

    def _is_open(self) -> bool:
        """Whether the client has not hung up."""
        try:
            # What can be read at once is the next call, or the end.
            asked = select.poll()
            asked.register(self.connection, select.POLLIN)
            is_readable = bool(asked.poll(0))
            return not is_readable or self.connection.recv(1, socket.MSG_PEEK) != b""
        except (OSError, ValueError):
            return False

    def _called(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            return 200, self.server.answer(operation, _parsed(body))
        except ApiFault as fault:
            return 400, _fault(fault)
        except Exception:
            logger.exception("Operation %s failed", operation)
            return 500, _fault(ApiFault("InternalFailure", "See the log of the server."))

    def _answer(self, status: int, told: dict[str, Any]) -> None:
        body = json.dumps(told, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", str(uuid4()))
        if status != 200:
            self.send_header("x-amzn-ErrorType", told["__type"])
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Calls hold data: none is logged."""


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ApiFault("SerializationException", "The body is not JSON.") from None
    if not isinstance(told, dict):
        raise ApiFault("SerializationException", "The body is not a JSON object.")
    return told


def _fault(fault: ApiFault) -> dict[str, Any]:
    return {"__type": fault.name, "message": fault.message}
