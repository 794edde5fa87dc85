"""Requests of HTTP/1.1 (RFC 9112), read off a connection.

`http.server` reads each head by way of an e-mail message, which takes longer than most calls;
a parser in C was no quicker than this one.
"""

import socket
from typing import NamedTuple

# What of a connection is read ahead, and the longest head, in bytes.
READ_AHEAD = 65_536
# Of the bytes of a body.
MOST_DIGITS = 20
MALFORMED, TOO_LARGE = "MalformedHttpRequestException", "RequestEntityTooLarge"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class HttpRequest(NamedTuple):
    """A request. Names of headers are in lower case; one that `is_last` ends its connection."""

    method: str
    headers: dict[str, str]
    body: bytes
    is_last: bool


class RequestRefusedError(Exception):
    """What was sent is no request that is taken here; see `status`. `name` is that of the fault."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.name = TOO_LARGE if status == 413 else MALFORMED


class HttpRequests:
    """The requests of a connection, with bodies of at most so many bytes."""

    def __init__(self, connection: socket.socket, most_bytes: int) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb", READ_AHEAD)
        self._most_bytes = most_bytes

    def close(self) -> None:
        """Reads no more."""
        self._stream.close()

    def take(self) -> HttpRequest | None:
        """The next one, which is waited for; None if the client has hung up.

        Raises:
            RequestRefusedError: 400, 411, 413 or 431. What follows cannot be read.
            OSError: the connection broke, or was silent for too long.
        """
        lines = self._head()
        if not lines:
            return None
        method, _, version = (*lines[0].split(" "), "", "")[:3]
        if not version.startswith("HTTP/1."):
            raise RequestRefusedError(400, "This is no request of HTTP/1.1.")
        headers = dict(map(_header, lines[1:]))
        length = self._length(headers, method)
        if headers.get("expect", "").lower() == "100-continue":
            self._connection.sendall(CONTINUE)
        body = self._stream.read(length)
        if len(body) < length:
            return None
        is_last = version == "HTTP/1.0" or headers.get("connection", "").lower() == "close"
        return HttpRequest(method, headers, body, is_last)

    def _head(self) -> list[str]:
        """The lines of a head; none if it does not come whole."""
        lines: list[str] = []
        room = READ_AHEAD
        while True:
            line = self._stream.readline(room)
            room -= len(line)
            if not room:
                raise RequestRefusedError(431, f"A head has less than {READ_AHEAD} bytes.")
            if not line:
                return []
            text = line.rstrip(b"\r\n").decode("latin-1")
            if text:
                lines.append(text)
            elif lines:
                return lines

    def _length(self, headers: dict[str, str], method: str) -> int:
        """The bytes of the body."""
        length = headers.get("content-length", "" if method == "POST" else "0")
        if not length.isdecimal() or "transfer-encoding" in headers:
            raise RequestRefusedError(411, "Content-Length has to say how long the body is.")
        # Python reads no number of thousands of digits.
        if len(length) > MOST_DIGITS or int(length) > self._most_bytes:
            raise RequestRefusedError(413, f"A body has at most {self._most_bytes} bytes.")
        return int(length)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()
