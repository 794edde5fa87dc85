"""One connection to PostgreSQL, kept for the life of a container and made again when it is lost."""

import os
import select
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from threading import Lock
from typing import Any

import pg8000.native  # type: ignore[import-untyped]

from cloudseam.errors import ServiceUnavailableError
from cloudseam.persistence.postgres.credentials import Credentials, CredentialSource
from cloudseam.persistence.postgres.errors import (
    GAVE_WAY,
    STALE_SESSION,
    WRONG_CREDENTIALS,
    ConnectionLostError,
    PostgresError,
    meaning,
)
from cloudseam.persistence.postgres.migrations import Connection, migrate
from cloudseam.persistence.postgres.tls import TlsMode, tls_context

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 10
LOCK_SECONDS = 5
# PostgreSQL ends a statement by itself; a server that is silent for longer is not there any more.
SILENCE_SECONDS = STATEMENT_SECONDS + 5
# A host that does not even acknowledge what is sent is gone.
UNACKNOWLEDGED_MS = 5_000
# A transaction that gave way to another is run again at once, this often in all.
ATTEMPTS = 3
# Int32(8) Int32(80877103): asks for TLS
# (https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest).
TLS_REQUEST = bytes((0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F))

# Every statement finds its rows by an index. Without other plans to choose, a statement costs the
# same on ten rows and on a million, and locks rows in the order of the ids it is given, so that
# batches wait for each other instead of ending in a deadlock.
SESSION = f"""
SET client_encoding TO 'UTF8';
SET TimeZone TO 'UTC';
SET statement_timeout TO '{STATEMENT_SECONDS}s';
SET lock_timeout TO '{LOCK_SECONDS}s';
SET idle_in_transaction_session_timeout TO '{SILENCE_SECONDS}s';
SET default_transaction_isolation TO 'read committed';
SET enable_seqscan TO off;
SET enable_bitmapscan TO off;
SET enable_hashjoin TO off;
SET enable_mergejoin TO off;
"""

Rows = Sequence[Sequence[Any]]


class PostgresConnection:
    """Carries out statements one at a time; several threads may ask.

    Every failure is an error: `PostgresError` where the server refused a statement, and
    `ConnectionLostError` where it may have been carried out; `ServiceUnavailableError` or
    `InvalidSettingsError` where there is no connection to be had. `around` is entered for each
    statement.
    """

    def __init__(
        self,
        source: CredentialSource,
        *,
        tls: TlsMode | None = None,
        ca_file: str | None = None,
        application: str = "cloudseam",
        on_connect: Callable[[Connection], None] = migrate,
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._source = source
        self._tls = tls
        self._ca_file = ca_file
        self._application = application
        self._on_connect = on_connect
        self._around = around
        self._session: _Session | None = None
        self._lock = Lock()

    def read(self, sql: str, **parameters: Any) -> Rows:
        """The rows of a statement that changes nothing; asked again if the connection is lost."""
        with self._lock, self._around():
            return self._run(sql, parameters, repeatable=True)

    def write(self, sql: str, **parameters: Any) -> Rows:
        """The rows of a statement, carried out at most once, in a transaction of its own."""
        with self._lock, self._around():
            return self._run(sql, parameters, repeatable=False)

    def close(self) -> None:
        """Ends the connection. It is made again when it is needed."""
        with self._lock:
            self._drop()

    def _run(self, sql: str, parameters: dict[str, Any], *, repeatable: bool) -> Rows:
        for _ in range(ATTEMPTS - 1):
            with suppress(_Again):
                return self._attempt(sql, parameters, repeatable)
        try:
            return self._attempt(sql, parameters, repeatable)
        except _Again as again:
            raise again.error from None

    def _attempt(self, sql: str, parameters: dict[str, Any], repeatable: bool) -> Rows:
        session = self._connected()
        try:
            return session.run(sql, parameters)
        except PostgresError as error:
            if error.sqlstate in STALE_SESSION:
                self._drop()
            if error.sqlstate in STALE_SESSION | GAVE_WAY:
                raise _Again(error) from None
            raise
        except ConnectionLostError as error:
            self._drop()
            if repeatable or not error.sent:
                raise _Again(error) from None
            raise
        except BaseException:  # an answer that nobody has read must not be taken for the next
            self._drop()
            raise

    def _connected(self) -> "_Session":
        if self._session is not None and not self._session.is_alive():
            self._drop()
        if self._session is None:
            self._session = self._connect()
        return self._session

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _connect(self) -> "_Session":
        credentials = self._source.credentials()
        try:
            return self._open(credentials)
        except PostgresError as error:
            refusal = error
        if refusal.sqlstate in WRONG_CREDENTIALS:
            fresh = self._source.credentials(fresh=True)
            if fresh != credentials:
                return self._open_or_explain(fresh)
        raise _no_connection(credentials, meaning(refusal.sqlstate), refusal)

    def _open_or_explain(self, credentials: Credentials) -> "_Session":
        try:
            return self._open(credentials)
        except PostgresError as error:
            raise _no_connection(credentials, meaning(error.sqlstate), error) from None

    def _open(self, credentials: Credentials) -> "_Session":
        context = tls_context(credentials.host, self._tls, self._ca_file)
        try:
            session = _Session(credentials, context, self._application)
            try:
                session.run(SESSION)
                self._on_connect(session)
            except BaseException:
                session.close()
                raise
        except (OSError, ConnectionLostError) as error:
            raise _no_connection(credentials, _words(error), error) from None
        return session


class _Again(Exception):
    """Nothing has been carried out, or nothing that counts: the attempt can be made again."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class _Session:
    """A connection that is up, with what has been prepared on it."""

    def __init__(
        self, credentials: Credentials, context: ssl.SSLContext | None, application: str
    ) -> None:
        self._socket = _reach(credentials, context)
        try:
            self._connection = _log_in(self._socket, credentials, application)
            self._socket.settimeout(SILENCE_SECONDS)
        except BaseException:
            _hang_up(self._socket)
            raise
        self._statements: dict[str, Any] = {}
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    def is_alive(self) -> bool:
        """Whether the server has not said farewell: an idle one has nothing else to say."""
        return not self._poll.poll(0)

    def run(self, sql: str, parameters: dict[str, Any] | None = None) -> Rows:
        """The rows of a statement, or without parameters of one or more.

        One with parameters is prepared on first use: unprepared it costs two to three times more.
        """
        if parameters is None:
            return _spoken(self._connection.run, sql) or []
        if sql not in self._statements:
            self._statements[sql] = _spoken(self._connection.prepare, sql)
        try:
            rows: Rows = _spoken(self._statements[sql].run, **parameters)
        except ConnectionLostError as error:
            raise ConnectionLostError(str(error), sent=True) from None
        return rows

    def close(self) -> None:
        """Ends the session, whatever state it is in."""
        with suppress(pg8000.native.Error, OSError):
            self._connection.close()
        _hang_up(self._socket)


def _reach(credentials: Credentials, context: ssl.SSLContext | None) -> socket.socket:
    """A socket to the server, encrypted if there is a context."""
    if credentials.host.startswith("/"):
        local = socket.socket(socket.AF_UNIX)
        return _prepared_socket(local, lambda: _reach_locally(local, credentials))
    remote = socket.create_connection((credentials.host, credentials.port), CONNECT_SECONDS)
    return _prepared_socket(remote, lambda: _reach_remotely(remote, credentials, context))


def _prepared_socket(made: socket.socket, prepare: Callable[[], socket.socket]) -> socket.socket:
    try:
        return prepare()
    except BaseException:
        made.close()
        raise


def _reach_locally(local: socket.socket, credentials: Credentials) -> socket.socket:
    local.settimeout(CONNECT_SECONDS)
    local.connect(f"{credentials.host.rstrip('/')}/.s.PGSQL.{credentials.port}")
    return local


def _reach_remotely(
    remote: socket.socket, credentials: Credentials, context: ssl.SSLContext | None
) -> socket.socket:
    # pg8000 writes a message in parts: without this, one over 8 kB waits 40 ms for an ACK.
    remote.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    remote.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: notices sooner that nobody is there any more
        remote.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
    if context is None:
        return remote
    remote.sendall(TLS_REQUEST)
    if remote.recv(1) != b"S":
        raise ConnectionLostError("it does not offer TLS")
    return context.wrap_socket(remote, server_hostname=credentials.host)


def _hang_up(reached: socket.socket) -> None:
    """Closes a socket at once, though pg8000 may hold a file of it until garbage is collected."""
    descriptor = reached.detach()
    if descriptor >= 0:
        os.close(descriptor)


def _log_in(reached: socket.socket, credentials: Credentials, application: str) -> Any:
    return _spoken(
        pg8000.native.Connection,
        credentials.username,
        password=credentials.password,
        database=credentials.dbname,
        sock=reached,
        ssl_context=False,
        application_name=application,
    )


def _spoken(speak: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """What pg8000 answers, with its errors as ours and nothing of the server's texts in them.

    Whatever else it raises has left the conversation in the middle.
    """
    try:
        return speak(*arguments, **named)
    except Exception as error:
        failure = _ours(error)
    # Not inside `except`: pg8000's error holds frames that keep the socket open.
    raise failure


def _ours(error: Exception) -> PostgresError | ConnectionLostError:
    sqlstate = _refusal(error)
    return PostgresError(sqlstate) if sqlstate else ConnectionLostError(type(error).__name__)


def _refusal(error: BaseException | None) -> str | None:
    """The SQLSTATE that the server gave, if it gave one.

    When a login is refused, pg8000 says goodbye to a server that may have hung up already, and
    that error hides the first.
    """
    while error is not None and not isinstance(error, PostgresError):
        if isinstance(error, pg8000.native.DatabaseError):
            return str(error.args[0].get("C", "?????"))
        error = error.__context__
    return None


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate cannot be trusted ({error.verify_message}); name the authorities to "
            "trust in POSTGRES_CA_FILE"
        )
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)


def _no_connection(
    credentials: Credentials, problem: str, error: Exception
) -> ServiceUnavailableError:
    failed = ServiceUnavailableError(
        f"No connection to PostgreSQL at '{credentials.host}', port {credentials.port}: {problem}."
    )
    failed.__cause__ = error
    return failed
