"""The API over HTTP, on the loopback address: the AWS JSON 1.0 protocol."""

import json
import logging
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cloudseam_cli.stepfunctions.api import StepFunctionsApi
from cloudseam_cli.stepfunctions.fault import ApiFault

PREFIX = "AWSStepFunctions."
# The largest call there is: an input of 256 KB, escaped, and the rest.
MAX_BYTES = 4_000_000
LOOPBACK = "127.0.0.1"

logger = logging.getLogger(__name__)


class StepFunctionsServer(ThreadingHTTPServer):
    """Answers calls of any AWS SDK. A port of 0 takes one that is free."""

    daemon_threads = True

    def __init__(self, api: StepFunctionsApi, port: int) -> None:
        super().__init__((LOOPBACK, port), _Call)
        self.api = api

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self.server_port}"


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StepFunctionsServer

    def setup(self) -> None:
        """A small answer must not wait for the next one."""
        super().setup()
        self.connection.setsockopt(6, 1, 1)  # TCP_NODELAY

    def do_POST(self) -> None:  # noqa: N802 - named by the library
        """One call."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BYTES:
            self._answer(413, {"__type": "RequestTooLarge", "message": "The request is too large."})
            return
        body = self.rfile.read(length)
        operation = self.headers.get("X-Amz-Target", "").removeprefix(PREFIX)
        self._answer(*self._called(operation, body))

    def _called(self, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            told = json.loads(body or b"{}")
            if not isinstance(told, dict):
                raise ApiFault("SerializationException", "The body is not an object.")
            return 200, self.server.api.call(operation, told)
        except ApiFault as fault:
            return 400, {"__type": fault.name, "message": fault.message}
        except (ValueError, RecursionError):
            return 400, {"__type": "SerializationException", "message": "The body is not JSON."}
        except Exception:
            logger.exception("Operation %s failed", operation)
            return 500, {"__type": "InternalFailure", "message": "See the server's log."}

    def _answer(self, status: int, told: dict[str, Any]) -> None:
        body = json.dumps(told, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the library
        """Calls hold data: none is logged."""
