"""The kept connection: encryption, log-in, the secret, loss and return."""

import json
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pg8000.native  # type: ignore[import-untyped]
import pytest

from cloudseam.errors import (
    CloudSeamError,
    InvalidSettingsError,
    ServiceUnavailableError,
    StackConflictError,
)
from cloudseam.persistence.postgres import connection as postgres_connection
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import (
    Credentials,
    CredentialSource,
    FixedCredentials,
)
from cloudseam.persistence.postgres.secret import PostgresSecret
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.persistence.postgres.tls import tls_context
from tests.builders import CANARY, a_stack
from tests.emulated import emulated_aws
from tests.postgres import PASSWORD, Certified, Front, PostgresServer

NOT_THE_PASSWORD = "wrong-5a1d-never-show"


@contextmanager
def store(way: Credentials | CredentialSource, **options: Any) -> Iterator[PostgresStackRepository]:
    """A store that is reached this way, and left in the end."""
    source = FixedCredentials(way) if isinstance(way, Credentials) else way
    connection = PostgresConnection(source, **options)
    try:
        yield PostgresStackRepository(connection)
    finally:
        connection.close()


def failure_of(way: Credentials | CredentialSource, **options: Any) -> CloudSeamError:
    """How a load fails that cannot even connect."""
    with store(way, **options) as stacks:
        return stacks.load(["s"]).failures["s"]


# ---- encryption


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return Certified(tmp_path_factory.mktemp("certified"), "localhost")


def test_a_verified_connection_works_and_is_kept(
    postgres: PostgresServer, user: Credentials, certified: Certified
) -> None:
    with (
        Front(postgres, certified.context) as front,
        store(front.credentials(user), tls="verify", ca_file=str(certified.authority)) as stacks,
    ):
        assert stacks.save([a_stack(version=0, metadata={"k": "x" * 200_000})]) == {}
        for _ in range(5):
            assert stacks.save([stacks.load(["s"]).stacks["s"]]) == {}

        assert front.connections == 1


def test_a_certificate_of_nobody_we_trust_is_refused(
    postgres: PostgresServer, user: Credentials, certified: Certified
) -> None:
    with Front(postgres, certified.context) as front:
        failure = failure_of(front.credentials(user), tls="verify")

    assert isinstance(failure, ServiceUnavailableError)
    assert "certificate cannot be trusted" in str(failure)
    assert "POSTGRES_CA_FILE" in str(failure)


def test_a_certificate_for_another_name_is_refused(
    postgres: PostgresServer, user: Credentials, tmp_path: Path
) -> None:
    certified = Certified(tmp_path, "somebody-else")
    with Front(postgres, certified.context) as front:
        failure = failure_of(
            front.credentials(user), tls="verify", ca_file=str(certified.authority)
        )

    assert "Hostname mismatch" in str(failure)


def test_a_certificate_that_has_run_out_is_refused(
    postgres: PostgresServer, user: Credentials, tmp_path: Path
) -> None:
    certified = Certified(tmp_path, "localhost", days=-1)
    with Front(postgres, certified.context) as front:
        failure = failure_of(
            front.credentials(user), tls="verify", ca_file=str(certified.authority)
        )

    assert "expired" in str(failure)


def test_a_server_without_encryption_is_not_told_the_password(
    postgres: PostgresServer, user: Credentials
) -> None:
    """The test server is built without TLS: its refusal is PostgreSQL's own."""
    failure = failure_of(postgres.over_tcp(user), tls="verify")

    assert "does not offer TLS" in str(failure)


def test_a_local_socket_and_a_loopback_address_need_no_certificate(
    postgres: PostgresServer, user: Credentials
) -> None:
    for way in (user, postgres.over_tcp(user)):
        with store(way) as stacks:
            assert stacks.load(["s"]).failures == {}


def test_off_is_refused_for_a_server_elsewhere_before_anything_is_sent() -> None:
    failure = failure_of(Credentials("u", PASSWORD, "db.example.com"), tls="off")

    assert isinstance(failure, InvalidSettingsError)
    assert "POSTGRES_TLS=off is refused" in str(failure)


def test_small_and_large_messages_leave_at_once(
    postgres: PostgresServer, user: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    create = socket.create_connection

    def keeping(*arguments: Any) -> Any:
        made.append(create(*arguments))
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", keeping)
    with store(postgres.over_tcp(user)) as stacks:
        stacks.load(["s"])

        [reached] = made
        assert reached.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert reached.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


# ---- logging in


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        pytest.param({"password": NOT_THE_PASSWORD}, "SQLSTATE 28P01", id="password"),
        pytest.param({"username": "nobody"}, "SQLSTATE 28P01", id="user"),
        pytest.param({"dbname": "nowhere"}, "check `dbname`", id="database"),
        pytest.param({"port": 1}, "Connection refused", id="port"),
    ],
)
def test_a_log_in_that_fails_says_where_and_what_to_check(
    postgres: PostgresServer, user: Credentials, wrong: dict[str, Any], told: str
) -> None:
    failure = failure_of(replace(postgres.over_tcp(user), **wrong))

    assert isinstance(failure, ServiceUnavailableError)
    assert told in str(failure)
    assert "'127.0.0.1'" in str(failure)
    assert_nothing_told(failure)


def test_a_goodbye_that_fails_does_not_hide_why_a_log_in_was_refused(
    postgres: PostgresServer, user: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> None:
        raise pg8000.native.InterfaceError("network error")

    monkeypatch.setattr("pg8000.core.CoreConnection.close", gone)

    failure = failure_of(replace(postgres.over_tcp(user), password=NOT_THE_PASSWORD))

    assert "SQLSTATE 28P01" in str(failure)


def test_a_socket_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    failure = failure_of(Credentials("u", "", str(tmp_path)))

    assert "No such file or directory" in str(failure)


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_connection, "CONNECT_SECONDS", 0.05)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        failure = failure_of(Credentials("u", "", "127.0.0.1", port=silent.getsockname()[1]))

    assert isinstance(failure, ServiceUnavailableError)
    assert "TimeoutError" in str(failure)


def test_something_else_than_postgresql_is_an_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres_connection, "CONNECT_SECONDS", 2)
    with Babbler(b"HTTP/1.1 400 Bad Request\r\n\r\n") as babbler:
        failure = failure_of(Credentials("u", PASSWORD, "127.0.0.1", port=babbler.port))

    assert isinstance(failure, ServiceUnavailableError)
    assert_nothing_told(failure)


class Babbler:
    """A server that says one thing to whoever comes, and hangs up."""

    def __init__(self, said: bytes) -> None:
        script = (
            "import socket, sys\n"
            "server = socket.create_server(('127.0.0.1', 0))\n"
            "print(server.getsockname()[1], flush=True)\n"
            "client, _ = server.accept()\n"
            "client.recv(1024)\n"
            f"client.sendall({said!r})\n"
            "client.shutdown(socket.SHUT_WR)\n"
            "client.recv(1024)\n"
        )
        self._script = script

    def __enter__(self) -> "Babbler":
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._script], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def assert_nothing_told(failure: BaseException) -> None:
    """No password and no metadata in any text that a log could show of it."""
    seen: BaseException | None = failure
    while seen is not None:
        for text in (str(seen), repr(seen), repr(getattr(seen, "args", ()))):
            for secret in (PASSWORD, NOT_THE_PASSWORD, CANARY):
                assert secret not in text
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def test_credentials_do_not_show_their_password() -> None:
    assert PASSWORD not in repr(Credentials("u", PASSWORD, "h"))


# ---- the secret


@dataclass
class Kept:
    """A secret in Secrets Manager."""

    client: Any
    name: str = "cloudseam/postgres"

    def holds(self, secret: Any) -> None:
        text = secret if isinstance(secret, str) else json.dumps(secret)
        self.client.put_secret_value(SecretId=self.name, SecretString=text)


@pytest.fixture
def secret(user: Credentials, postgres: PostgresServer) -> Iterator[Kept]:
    with emulated_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name="cloudseam/postgres", SecretString="{}")
        yield Kept(client)


def as_json(way: Credentials, **changed: Any) -> dict[str, Any]:
    names = ("username", "password", "host", "dbname", "port")
    return {name: getattr(way, name) for name in names} | changed


def test_the_secret_of_the_original_opens_the_way(
    secret: Kept, postgres: PostgresServer, user: Credentials
) -> None:
    secret.holds(as_json(postgres.over_tcp(user), engine="postgres", port=str(user.port)))

    with store(PostgresSecret(secret.name, secret.client)) as stacks:
        assert stacks.save([a_stack(version=0)]) == {}


def test_a_password_that_was_changed_is_read_again_once(
    secret: Kept, postgres: PostgresServer, user: Credentials
) -> None:
    way = postgres.over_tcp(user)
    source = PostgresSecret(secret.name, secret.client)
    secret.holds(as_json(way, password=NOT_THE_PASSWORD))
    source.credentials()  # it is cached now, and then it is rotated
    secret.holds(as_json(way))

    with store(source) as stacks:
        assert stacks.load(["s"]).failures == {}


def test_a_password_that_stays_wrong_is_not_tried_again(
    secret: Kept, postgres: PostgresServer, user: Credentials
) -> None:
    with Front(postgres) as front:
        secret.holds(as_json(front.credentials(user, "127.0.0.1"), password=NOT_THE_PASSWORD))

        failure = failure_of(PostgresSecret(secret.name, secret.client))

        assert "check the user and the password in the secret" in str(failure)
        assert_nothing_told(failure)
        assert front.connections == 1


@pytest.mark.parametrize(
    ("held", "told"),
    [
        pytest.param(PASSWORD, "is not JSON", id="not-json"),
        pytest.param([PASSWORD], "is not a JSON object", id="a-list"),
        pytest.param({"password": PASSWORD, "host": "h"}, "no text `username`", id="no-user"),
        pytest.param(
            {"username": "u", "password": 5, "host": "h"}, "no text `password`", id="a-number"
        ),
        pytest.param(
            {"username": "u", "password": PASSWORD, "host": ""}, "no text `host`", id="no-host"
        ),
        pytest.param(
            {"username": "u", "password": PASSWORD, "host": "h", "dbname": 5},
            "a `dbname` that is not a text",
            id="odd-database",
        ),
        *(
            pytest.param(
                {"username": "u", "password": PASSWORD, "host": "h", "port": port},
                "a `port` that is not a number",
                id=f"port-{port!r}",
            )
            for port in ("x", -1, 65536, 1.5, [5432], True)
        ),
    ],
)
def test_a_secret_that_does_not_hold_what_is_needed_is_explained(
    secret: Kept, held: Any, told: str
) -> None:
    secret.holds(held)

    failure = failure_of(PostgresSecret(secret.name, secret.client))

    assert isinstance(failure, InvalidSettingsError)
    assert told in str(failure)
    assert secret.name in str(failure)
    assert_nothing_told(failure)


def test_a_secret_that_is_not_there_may_be_there_later(secret: Kept) -> None:
    failure = failure_of(PostgresSecret("another", secret.client))

    assert isinstance(failure, ServiceUnavailableError)
    assert "'another'" in str(failure)


def test_what_the_secret_may_leave_out(secret: Kept) -> None:
    secret.holds({"username": "u", "password": "p", "host": "h"})

    found = PostgresSecret(secret.name, secret.client).credentials()

    assert found == Credentials("u", "p", "h", None, 5432)


# ---- loss and return


def end_connections(postgres: PostgresServer, user: Credentials) -> int:
    """Ends all that CloudSeam has open for a user, as a fail-over does; waits until it is done."""
    with closing(postgres.connect(postgres.superuser)) as superuser:
        rows = superuser.run(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE usename = :user AND application_name = 'cloudseam'",
            user=user.username,
        )
    return sum(ended for [ended] in rows)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda stacks: stacks.load(["s"]).failures, id="load"),
        pytest.param(lambda stacks: stacks.save([a_stack(id="t", version=0)]), id="save"),
        pytest.param(lambda stacks: {stack.id for stack in stacks.scan()} - {"s"}, id="scan"),
    ],
)
def test_a_connection_that_was_ended_while_idle_is_made_again_unseen(
    postgres: PostgresServer,
    user: Credentials,
    stacks: PostgresStackRepository,
    act: Callable[[PostgresStackRepository], Any],
) -> None:
    stacks.save([a_stack(version=0)])
    assert end_connections(postgres, user) == 1

    assert not act(stacks)


def test_an_encrypted_connection_that_was_ended_while_idle_is_made_again_unseen(
    postgres: PostgresServer, user: Credentials, certified: Certified
) -> None:
    with (
        Front(postgres, certified.context) as front,
        store(front.credentials(user), tls="verify", ca_file=str(certified.authority)) as stacks,
    ):
        stacks.load(["s"])
        assert end_connections(postgres, user) == 1

        assert stacks.save([a_stack(version=0)]) == {}
        assert front.connections == 2


def test_a_read_whose_answer_is_lost_is_made_again(
    postgres: PostgresServer, user: Credentials
) -> None:
    with Front(postgres) as front, store(front.credentials(user)) as stacks:
        stacks.save([a_stack(version=0)])
        front.lose_answers(1)

        assert set(stacks.load(["s"]).stacks) == {"s"}
        assert front.connections == 2


def test_a_commit_whose_answer_is_lost_is_not_made_again_and_says_so(
    postgres: PostgresServer, user: Credentials
) -> None:
    with Front(postgres) as front, store(front.credentials(user)) as stacks:
        stacks.save([a_stack(version=0)])
        stack = stacks.load(["s"]).stacks["s"]
        front.lose_answers(1)

        failures = stacks.save([replace(stack, metadata={"k": CANARY})])

        assert isinstance(failures["s"], ServiceUnavailableError)
        assert "was lost" in str(failures["s"])
        assert_nothing_told(failures["s"])
        assert stacks.load(["s"]).stacks["s"].version == 2  # it had been made
        assert isinstance(stacks.save([stack])["s"], StackConflictError)


def test_a_server_that_is_away_is_an_error_and_its_return_is_noticed(
    postgres: PostgresServer, user: Credentials
) -> None:
    with Front(postgres) as front:
        way = front.credentials(user)
        with store(way) as stacks:
            assert stacks.load(["s"]).failures == {}
            front.refuse()
            assert isinstance(stacks.load(["s"]).failures["s"], ServiceUnavailableError)
            assert isinstance(stacks.save([a_stack()])["s"], ServiceUnavailableError)
            with pytest.raises(ServiceUnavailableError):
                list(stacks.scan())
            front.accept()

            assert stacks.save([a_stack(version=0)]) == {}


def test_what_was_prepared_is_prepared_again_where_it_is_gone(
    connection: PostgresConnection, stacks: PostgresStackRepository
) -> None:
    stacks.save([a_stack(version=0)])
    connection.write("DEALLOCATE ALL")

    assert set(stacks.load(["s"]).stacks) == {"s"}


def test_a_column_that_was_changed_under_a_connection_is_no_error(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    stacks.save([a_stack(version=0)])
    stacks.load(["s"])
    beside.run("ALTER TABLE stacks ALTER COLUMN id TYPE text")

    assert set(stacks.load(["s"]).stacks) == {"s"}


def test_a_table_that_was_dropped_is_made_again(
    stacks: PostgresStackRepository, beside: Any
) -> None:
    stacks.save([a_stack(version=0)])
    beside.run("DROP TABLE stacks, cloudseam_migrations")

    assert stacks.load(["s"]).failures == {}
    assert stacks.save([a_stack(version=0)]) == {}


def test_an_answer_that_was_interrupted_is_not_taken_for_the_next_one(
    connection: PostgresConnection, stacks: PostgresStackRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks.save([a_stack(id=name, version=0) for name in ("a", "b")])

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pg8000.core.CoreConnection.handle_messages", interrupted)
        with pytest.raises(KeyboardInterrupt):
            stacks.load(["a"])

    assert set(stacks.load(["b"]).stacks) == {"b"}


def test_several_threads_share_a_connection(postgres: PostgresServer, user: Credentials) -> None:
    def act(number: int) -> tuple[Any, set[str]]:
        name = f"s{number}"
        return stacks.save([a_stack(id=name, version=0)]), set(stacks.load([name]).stacks)

    with Front(postgres) as front, store(front.credentials(user)) as stacks:
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(act, range(40)))

        assert results == [({}, {f"s{number}"}) for number in range(40)]
        assert front.connections == 1


def test_a_session_says_who_it_is_and_how_long_it_waits(
    connection: PostgresConnection,
) -> None:
    names = "application_name", "statement_timeout", "lock_timeout", "TimeZone", "client_encoding"

    shown = [connection.read(f"SHOW {name}")[0][0] for name in names]

    assert shown == ["cloudseam", "10s", "5s", "UTC", "UTF8"]


def test_the_authorities_of_rds_are_its_own_roots_and_good_for_decades() -> None:
    plain = tls_context("db.example.com", None, None)
    context = tls_context("db.abc.eu-west-1.rds.amazonaws.com", None, None)
    assert plain
    assert context
    known = {str(root) for root in plain.get_ca_certs()}
    added = [root for root in context.get_ca_certs() if str(root) not in known]

    assert len(added) == 81
    for root in added:
        assert root["subject"] == root["issuer"]
        assert "Amazon RDS" in str(root["subject"])
        assert ssl.cert_time_to_seconds(str(root["notAfter"])) > 2_800_000_000
