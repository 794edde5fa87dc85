"""Connections to a service, kept open between calls."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
    SSLError,
)
from urllib3 import HTTPConnectionPool, Timeout
from urllib3 import exceptions as urllib3_errors
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import connection_from_url

from cloudseam.lean_client.exchange import Answer, Request

if TYPE_CHECKING:
    from ssl import SSLContext

    from cloudseam.patience import Patience

# Those that boto3 trusts, too.
BOTOCORES_AUTHORITIES = str(Path(botocore.__file__).with_name("cacert.pem"))
KEPT_ALIVE = (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


class Connection:
    """To one origin, such as `https://sqs.eu-west-1.amazonaws.com`. Threads may share it."""

    def __init__(self, origin: str, patience: Patience) -> None:
        self._origin = origin
        # A call that is tried once has to get through: an idle connection may have been closed
        # unseen, while the function was frozen.
        make_pool = _shared_pool if patience.attempts > 1 else _new_pool
        self._pool = make_pool(origin, patience.connections)
        self._timeout = Timeout(connect=patience.connect_timeout, read=patience.read_timeout)

    def send(self, request: Request, headers: Mapping[str, str]) -> Answer:
        """The service's answer, whatever it says, with the headers in the request's place.

        Raises:
            BotoCoreError: none came; named as botocore names it.
        """
        try:
            response = self._pool.urlopen(
                request.method,
                request.target,
                request.body or None,
                headers,
                retries=False,
                assert_same_host=False,
                timeout=self._timeout,
                preload_content=not request.streams,
                decode_content=False,
            )
            is_left = request.streams and response.status < 300
            body = b"" if is_left else response.data
        except Exception as error:
            raise self._named(error, request.target) from error
        names = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, names, body, response if is_left else None)

    def _named(self, error: Exception, target: str) -> BotoCoreError:
        url = self._origin + target.partition("?")[0]
        match error:
            case urllib3_errors.SSLError():
                return SSLError(endpoint_url=url, error=error)
            case urllib3_errors.NewConnectionError() | socket.gaierror():
                return EndpointConnectionError(endpoint_url=url, error=error)
            case urllib3_errors.ConnectTimeoutError():
                return ConnectTimeoutError(endpoint_url=url, error=error)
            case urllib3_errors.ReadTimeoutError():
                return ReadTimeoutError(endpoint_url=url, error=error)
            case urllib3_errors.ProtocolError():
                return ConnectionClosedError(endpoint_url=url, error=error)
        return HTTPClientError(error=error)


@cache
def _shared_pool(origin: str, connections: int) -> HTTPConnectionPool:
    """One for the whole process: a client that is made anew finds its connections open."""
    return _new_pool(origin, connections)


def forget_connections() -> None:
    """Has clients that are made from now on open connections of their own; those that nobody uses
    any more are closed."""
    _shared_pool.cache_clear()


def _new_pool(origin: str, connections: int) -> HTTPConnectionPool:
    options: dict[str, Any] = {
        "maxsize": connections,
        "socket_options": [*HTTPConnection.default_socket_options, KEPT_ALIVE],
    }
    if urlsplit(origin).scheme == "https":
        options["ssl_context"] = _tls(_authorities())
    return connection_from_url(origin, **options)


def _authorities() -> str | None:
    """The file that the environment names, as boto3 reads it."""
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or None


@cache
def _tls(authorities: str | None) -> SSLContext:
    """Reading the authorities takes 30 ms: once, and never for plain HTTP."""
    import ssl

    return ssl.create_default_context(cafile=authorities or BOTOCORES_AUTHORITIES)
