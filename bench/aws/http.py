"""As much of HTTP/1.1 as clients of AWS need: requests with a length, on kept connections."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

REASONS = {200: "OK", 400: "Bad Request"}


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Names of headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, and after how many seconds it is given."""

    status: int
    body: bytes
    after: float = 0


class Connection(asyncio.Protocol):
    """Serves one connection: each request is answered once, in the order they came."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self._answer = answer
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.BaseProtocol.connection_made`."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol.data_received`."""
        self._buffer += data
        while (request := self._next()) is not None:
            response = self._answer(request)
            if response.after:
                asyncio.get_running_loop().call_later(response.after, self._write, response)
            else:
                self._write(response)

    def _next(self) -> Request | None:
        """The request at the start of what came, if all of it has come."""
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        headers = {}
        for line in head.decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return Request(headers, rest[:length])

    def _write(self, response: Response) -> None:
        assert self._transport
        head = (
            f"HTTP/1.1 {response.status} {REASONS[response.status]}\r\n"
            "Content-Type: application/x-amz-json-1.0\r\n"
            f"Content-Length: {len(response.body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + response.body)
