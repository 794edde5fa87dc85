"""An AWS service that answers what it is told to, or does not answer at all."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """A whole answer. `claimed` is the length it says to have, if not its own."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    claimed: int | None = None


@dataclass(frozen=True)
class Reset:
    """The connection is cut off instead of an answer."""


@dataclass(frozen=True)
class Silence:
    """No answer, for as long as the caller waits."""


Part = Reply | Reset | Silence


@dataclass(frozen=True)
class Call:
    """What the service was asked. The names of headers are in lower case; `caller` is the port
    of the connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    caller: int


@dataclass
class ScriptedService:
    """Plays its script a part per request, the last part for ever."""

    script: list[Part]
    calls: list[Call] = field(default_factory=list)
    url: str = ""

    def next_part(self, call: Call) -> Part:
        """What comes for the call."""
        self.calls.append(call)
        return self.script[min(len(self.calls), len(self.script)) - 1]


def fault(code: str, status: int = 400, **more: Any) -> Reply:
    """An error as services with AWS JSON tell it."""
    told = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no", **more}
    return Reply(status, json.dumps(told).encode())


@contextmanager
def scripted_service(*script: Part) -> Iterator[ScriptedService]:
    """The service, on a free port of the loopback address."""
    service = ScriptedService(list(script))
    closed = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._play()

        def do_GET(self) -> None:
            self._play()

        def do_PUT(self) -> None:
            self._play()

        def do_DELETE(self) -> None:
            self._play()

        def _play(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            names = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, self.path, names, body, self.client_address[1])
            match service.next_part(call):
                case Reply() as reply:
                    self._say(reply)
                case Reset():
                    self._reset()
                case Silence():
                    closed.wait(10)
                    self.close_connection = True

        def _say(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            length = len(reply.body) if reply.claimed is None else reply.claimed
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(reply.body)
            self.close_connection = reply.claimed is not None

        def _reset(self) -> None:
            never_lingers = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, never_lingers)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the screen."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Callers go when they please."""

    with Server(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            closed.set()
            server.shutdown()
            thread.join()
