"""An AWS on this computer: MiniStack as a subprocess, on the loopback address only."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cloudseam.errors import CloudSeamError

DEFAULT_PORT = 4566
LOOPBACK = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "000000000000"
READY_PATH = "/_ministack/ready"
LOG_LINES_SHOWN = 15
# Nothing else of the parent's environment reaches the emulator or the functions it runs:
# neither real credentials nor settings meant for another emulator.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


class EmbeddedAwsError(CloudSeamError):
    """The embedded AWS could not be started."""


class PortTakenError(EmbeddedAwsError):
    """Another program listens on the port."""


class EmulatorMissingError(EmbeddedAwsError):
    """The package that emulates AWS is not installed."""


class EmbeddedAws:
    """A local AWS, from `start()` (or `with`) to `stop()`.

    Nothing of it outlives this process, however this process ends: the emulator, the functions
    it runs and its temporary files go with it. All its state is in memory.

    `port` 0 takes a free port. `log_file` keeps the emulator's output; without one the output
    goes with the temporary files. `start_timeout` is in seconds. `python` runs the emulator and
    its functions: one with the package, by default this one. With `enforces_iam` functions may do
    what their roles allow; without, everything. The credentials of `environment` are the root's.
    `temporary` is where its temporary files are, functions as they were unpacked among them.

    Raises (from `start`):
        EmulatorMissingError: the package is not installed.
        PortTakenError: another program listens on the port.
        EmbeddedAwsError: it ended while starting, or was not ready in time.
    """

    def __init__(
        self,
        port: int = DEFAULT_PORT,
        *,
        log_file: Path | None = None,
        start_timeout: float = 60,
        python: Path | None = None,
        enforces_iam: bool = False,
        temporary: Path | None = None,
    ) -> None:
        self._wanted_port = port
        self._port = port
        self._wanted_log = log_file
        self._start_timeout = start_timeout
        self._python = python
        self._enforces_iam = enforces_iam
        self._temporary = temporary
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The port it listens on; known once it is started."""
        return self._port

    @property
    def url(self) -> str:
        """The endpoint for every service."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The emulator's process id, which is its process group's as well."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that make any AWS client talk to it, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        """Starts it and returns when it answers; see the class for what is raised."""
        if self._python is None and find_spec("ministack") is None:
            raise EmulatorMissingError(
                "The embedded AWS is not installed. Run `make setup` in the checkout, and use "
                "its `.venv/bin/cloudseam`."
            )
        self._port = _free_port(self._wanted_port)
        self._folder = Path(tempfile.mkdtemp(prefix="cloudseam-aws-", dir=self._temporary))
        try:
            self._spawn(self._folder)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends it and everything it started, and removes its temporary files. Safe to repeat."""
        process, self._process = self._process, None
        if process is not None:
            # Nothing is to be saved, so nothing is asked to end politely; the group also holds
            # the functions that are running.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdin:
                process.stdin.close()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def last_output(self, lines: int = LOG_LINES_SHOWN) -> str:
        """The end of the emulator's output, for an error message; empty once it is stopped."""
        log = self._log
        if log is None or not log.exists():
            return ""
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 200 * lines))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])

    @property
    def _log(self) -> Path | None:
        return self._wanted_log or (self._folder / "output.log" if self._folder else None)

    def _spawn(self, folder: Path) -> None:
        with _opened(self._wanted_log or folder / "output.log") as log:
            self._process = subprocess.Popen(
                [
                    self._python or sys.executable,
                    "-P",
                    Path(__file__).with_name("embedded_aws_process.py"),
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_emulator_environment(self._port, folder)
                | {"AUTH": str(self._enforces_iam).lower()},
                cwd=folder,
                # A group of its own: Ctrl-C on the terminal reaches the parent only, which
                # then ends the group as a whole.
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self._start_timeout
        while not _answers(self._port):
            if not self.is_running:
                raise EmbeddedAwsError(f"The embedded AWS ended at once:\n{self.last_output()}")
            if time.monotonic() > deadline:
                raise EmbeddedAwsError(
                    f"The embedded AWS was not ready after {self._start_timeout:.0f} s:\n"
                    f"{self.last_output()}"
                )
            time.sleep(0.05)


def _free_port(wanted: int) -> int:
    """The port, or a free one for 0.

    Raises:
        PortTakenError: another program listens on it.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except OSError as error:
            raise PortTakenError(
                f"Port {wanted} on {LOOPBACK} cannot be used ({error.strerror}). Stop the program "
                "that listens there, or choose another with `--port` (0 takes a free one)."
            ) from error
        port: int = probe.getsockname()[1]
        return port


def _opened(log: Path) -> IO[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("wb")


def _emulator_environment(port: int, folder: Path) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed_on | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        # Listeners that would open on every address.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # The user's containers are none of its business.
        "DOCKER_HOST": f"unix://{folder}/no-docker",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _answers(port: int) -> bool:
    """Whether the emulator says that it is ready."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", READY_PATH)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
