"""The API over HTTP, on the loopback address: the AWS JSON 1.0 protocol."""

import json
import logging
import select
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Condition
from typing import Any
from uuid import uuid4

from cloudseam_cli.stepfunctions.caller import is_there
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.http_request import HttpRequest, HttpRequests, RequestRefusedError

PREFIX = "AWSStepFunctions."
CONTENT_TYPE = "application/x-amz-json-1.0"
# The largest call there is: a definition of 1 MB, escaped, and the rest.
MAX_BYTES = 8_000_000
LOOPBACK = "127.0.0.1"
# A client that is silent for so long, in seconds, is gone.
SILENCE = 300

logger = logging.getLogger(__name__)

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


class StepFunctionsServer(ThreadingTCPServer):
    """Answers calls of any AWS SDK by `call(operation, input)`. A port of 0 takes a free one."""

    allow_reuse_address = True
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
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def answer(self, operation: str, told: dict[str, Any]) -> dict[str, Any]:
        """What the call is answered with."""
        return self._call(operation, told)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Around a call and the sending of its answer."""
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def drain(self, is_over: Callable[[], bool]) -> None:
        """Waits until no call is under way, or the time for that is over."""
        with self._changed:
            while self._under_way and not is_over():
                self._changed.wait(0.1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error; else its place is logged, and nothing it sent."""
        logger.debug("A connection broke", exc_info=True)


class _Connection(BaseRequestHandler):
    request: socket.socket
    server: StepFunctionsServer

    def handle(self) -> None:
        """One call after the other."""
        is_there.set(self._is_open)
        self.request.settimeout(SILENCE)
        # A small answer must not wait for the next one.
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with closing(HttpRequests(self.request, MAX_BYTES)) as requests:
                while request := requests.take():
                    with self.server.under_way():
                        status, told = self._called(request)
                        self.request.sendall(_answer(status, told, is_last=request.is_last))
                    if request.is_last:
                        return
        except RequestRefusedError as refused:
            told = _fault(ApiFault(refused.name, str(refused)))
            self.request.sendall(_answer(refused.status, told, is_last=True))

    def _is_open(self) -> bool:
        """Whether the client has not hung up."""
        try:
            # What can be read at once is the next call, or the end.
            asked = select.poll()
            asked.register(self.request, select.POLLIN)
            is_readable = bool(asked.poll(0))
            return not is_readable or self.request.recv(1, socket.MSG_PEEK) != b""
        except (OSError, ValueError):
            return False

    def _called(self, request: HttpRequest) -> tuple[int, dict[str, Any]]:
        target = request.headers.get("x-amz-target", "") if request.method == "POST" else ""
        operation = target.removeprefix(PREFIX)
        try:
            _refuse_pages(request)
            return 200, self.server.answer(operation, _parsed(request.body))
        except ApiFault as fault:
            return 400, _fault(fault)
        except Exception:
            logger.exception("Operation %s failed", operation)
            return 500, _fault(ApiFault("InternalFailure", "See the log of the server."))


def _refuse_pages(request: HttpRequest) -> None:
    """Refuses what a page in a browser sends: its name may lead to this address just as well, and
    tasks have the credentials of whoever started the server. A browser names the page's origin in
    every POST (Fetch standard, "append a request `Origin` header"), and SDKs have none.

    Raises:
        ApiFault: AccessDeniedException.
    """
    if "origin" in request.headers:
        raise ApiFault("AccessDeniedException", "Pages in a browser are not answered here.")


def _answer(status: int, told: Mapping[str, Any], *, is_last: bool) -> bytes:
    """The head and the body, which go out together."""
    body = json.dumps(told, separators=(",", ":")).encode()
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Date: {_date(int(time.time()))}",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {len(body)}",
        f"Connection: {'close' if is_last else 'keep-alive'}",
        f"x-amzn-RequestId: {uuid4()}",
    ]
    if status != 200:
        head.append(f"x-amzn-ErrorType: {told['__type']}")
    return "\r\n".join([*head, "", ""]).encode() + body


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


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
