"""Executions of Pass → Choice → Succeed over HTTP, beside moto's server and MiniStack."""

import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from threading import Barrier
from typing import Any

from botocore import xform_name

from bench.figures import Cell, Figures, Tell, times
from bench.function import PASSED_ON
from bench.stand_in import ROOT
from bench.subjects.protocol import cpu_of
from cloudseam_cli.local.client import emulator_client

ROUNDS = 5
EXECUTIONS = 300
PEER_EXECUTIONS = 20
CLIENTS = 4
ACCOUNTS = {"CloudSeam": "000000000000", "moto": "123456789012", "MiniStack": "000000000000"}
MOTO = ROOT / ".venv-bench" / "bin" / "moto_server"
# moto runs an execution only where it is told to.
MOTO_CONFIG = {"stepfunctions": {"execute_state_machine": True}}
MINISTACK = Path(sys.executable).with_name("ministack")
DEFINITION = json.dumps(
    {
        "StartAt": "P",
        "States": {
            "P": {"Type": "Pass", "Result": {"a": 1}, "Next": "C"},
            "C": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "S"}],
                "Default": "S",
            },
            "S": {"Type": "Succeed"},
        },
    }
)
ENDED = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
CALL_SECONDS = 30
# By which emulators know the service.
CREDENTIAL = "test/20260101/us-east-1/states/aws4_request"
SERVED = "from cloudseam_cli.main import main; raise SystemExit(main())"


@dataclass(frozen=True, slots=True)
class Subject:
    """A server: how it is started on a port, and how many executions a round has."""

    name: str
    command: tuple[str, ...]
    executions: int
    port_variable: str = ""  # where the port is no argument


class Client:
    """Calls as an SDK makes them, without what an SDK costs: `http.client` alone would take half as
    long as CloudSeam's server. A connection is used until the server ends it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: socket.socket | None = None

    def close(self) -> None:
        """Hangs up."""
        if self._connection is not None:
            self._answers.close()
            self._connection.close()
            self._connection = None

    def call(self, operation: str, **told: Any) -> dict[str, Any]:
        """The answer of an operation.

        Raises:
            OSError: there is none.
            RuntimeError: it is an error.
        """
        headers = {
            "X-Amz-Target": f"AWSStepFunctions.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}",
        }
        return dict(json.loads(self.post("/", told, headers) or b"{}"))

    def post(self, path: str, told: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
        """The body of the answer.

        Raises:
            OSError: there is none.
            RuntimeError: it is an error.
        """
        body = json.dumps(told).encode()
        always = {"Host": f"127.0.0.1:{self._port}", "Content-Length": str(len(body))}
        lines = [f"{name}: {value}" for name, value in (always | dict(headers)).items()]
        head = "\r\n".join([f"POST {path} HTTP/1.1", *lines, "", ""])
        self._opened().sendall(head.encode() + body)
        status, answer = self._answer()
        if status not in (200, 201):
            raise RuntimeError(f"{path}: {status} {answer[:200]!r}")
        return answer

    def _answer(self) -> tuple[int, bytes]:
        """The next answer: its status and its body, whose length servers have to tell."""
        first = self._answers.readline()
        if not first:
            raise OSError("The server hung up.")
        headers = {}
        while line := self._answers.readline().strip().lower():
            name, _, value = line.partition(b": ")
            headers[name] = value
        body = self._answers.read(int(headers[b"content-length"]))
        if headers.get(b"connection") == b"close":
            self.close()
        return int(first.split()[1]), body

    def _opened(self) -> socket.socket:
        if self._connection is None:
            place = ("127.0.0.1", self._port)
            self._connection = socket.create_connection(place, CALL_SECONDS)
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._answers = self._connection.makefile("rb")
        return self._connection


@dataclass(frozen=True, slots=True)
class Round:
    """What a round has found: executions/s of one client, of several at once and of boto3; the
    server's CPU for an execution of the one, in seconds (0 where the computer does not say)."""

    alone: float
    cpu: float
    together: float
    sdk: float


class Sdk:
    """Calls by boto3."""

    def __init__(self, port: int) -> None:
        self._client = emulator_client("stepfunctions", f"http://127.0.0.1:{port}")

    def call(self, operation: str, **told: Any) -> dict[str, Any]:
        """The answer of an operation."""
        answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**told)
        return answer


def run(scale: float, tell: Tell) -> Figures:
    """Executions per second: started, and looked at until each has ended."""
    found: dict[str, list[Round]] = {}
    with tempfile.TemporaryDirectory() as folder:
        subjects = _subjects(Path(folder))
        for number in range(times(ROUNDS, scale)):
            for subject in subjects:
                tell(f"stepfunctions: {subject.name}, round {number + 1}")
                number_of = times(subject.executions, scale)
                if Path(subject.command[0]).exists():
                    found.setdefault(subject.name, []).append(_round(subject, number_of))
    rows = tuple(_row(subject.name, found.get(subject.name, ())) for subject in subjects)
    return Figures(
        "Executions over HTTP",
        ("server", "executions/s", "server CPU ms each", f"{CLIENTS} clients", "boto3"),
        rows,
        "Pass → Choice → Succeed by the API of Step Functions: StartExecution, then "
        "DescribeExecution until it has ended, one execution after the other on one connection; "
        f"{CLIENTS} clients at once that do so, each in a process of its own; and boto3 as the one "
        "client, which takes more time itself than there is to measure. All are executions per "
        "second by the clock, with the clients' own time; the server's CPU is that of an execution "
        "of the one client, and changes least where a computer does other things. CloudSeam keeps "
        "each execution in a file (`--data`), committed before the answer, and the others keep "
        "them in memory. Each server is a process of its own on this computer.",
    )


def _row(name: str, rounds: Sequence[Round]) -> tuple[Cell, ...]:
    if not rounds:
        return name, None, None, None, None
    cpu = 1000 * median(each.cpu for each in rounds)
    return (
        name,
        median(each.alone for each in rounds),
        cpu or None,
        median(each.together for each in rounds),
        median(each.sdk for each in rounds),
    )


def _subjects(folder: Path) -> list[Subject]:
    data = str(folder / "executions.sqlite")
    ours = (sys.executable, "-c", SERVED, "stepfunctions", "--data", data, "--port")
    return [
        Subject("CloudSeam", ours, EXECUTIONS),
        Subject("moto", (str(MOTO), "-H", "127.0.0.1", "-p"), PEER_EXECUTIONS),
        Subject("MiniStack", (str(MINISTACK),), PEER_EXECUTIONS, "GATEWAY_PORT"),
    ]


def _round(subject: Subject, number: int) -> Round:
    with _served(subject) as (port, pid), closing(Client(port)) as client:
        if subject.name == "moto":
            client.post("/moto-api/config", MOTO_CONFIG, {})
        place = f"arn:aws:states:us-east-1:{ACCOUNTS[subject.name]}"
        role = f"arn:aws:iam::{ACCOUNTS[subject.name]}:role/r"
        name = f"bench-{time.monotonic_ns()}"
        client.call("CreateStateMachine", name=name, definition=DEFINITION, roleArn=role)
        machine = f"{place}:stateMachine:{name}"
        alone, cpu = _rate(client, machine, "alone", number, pid)
        together = _together(port, machine, number)
        sdk, _ = _rate(Sdk(port), machine, "sdk", number, pid)
        return Round(alone, cpu, together, sdk)


def _rate(
    client: Client | Sdk, machine: str, name: str, number: int, pid: int
) -> tuple[float, float]:
    """Executions per second of one client, and the server's CPU for one, in seconds."""
    _execute(client, machine, f"{name}-warm-up")
    began, cpu = time.perf_counter(), cpu_of(pid)
    for each in range(number):
        _execute(client, machine, f"{name}-{each}")
    return number / (time.perf_counter() - began), (cpu_of(pid) - cpu) / number


def _together(port: int, machine: str, number: int) -> float:
    """Executions per second of clients that begin at once, so many of each."""
    spawning = multiprocessing.get_context("spawn")
    with spawning.Manager() as shared, ProcessPoolExecutor(CLIENTS, spawning) as pool:
        client = partial(_client, shared.Barrier(CLIENTS), port, machine, number)
        took = list(pool.map(client, range(CLIENTS)))
    return CLIENTS * number / (max(end for _, end in took) - min(begin for begin, _ in took))


def _client(
    all_there: Barrier, port: int, machine: str, number: int, own: int
) -> tuple[float, float]:
    """One of the clients: when it began, and when it had ended, by the computer's clock."""
    with closing(Client(port)) as client:
        _execute(client, machine, f"warm-up-{own}")
        all_there.wait(CALL_SECONDS)
        began = time.monotonic()
        for each in range(number):
            _execute(client, machine, f"c{own}-{each}")
        return began, time.monotonic()


def _execute(client: Client | Sdk, machine: str, name: str) -> None:
    told = client.call("StartExecution", stateMachineArn=machine, name=name, input="{}")
    until = time.monotonic() + CALL_SECONDS
    while time.monotonic() < until:
        described = client.call("DescribeExecution", executionArn=told["executionArn"])
        if described["status"] in ENDED:
            return
        time.sleep(0.001)
    raise RuntimeError(f"{name} has not ended in {CALL_SECONDS} s.")


@contextmanager
def _served(subject: Subject) -> Iterator[tuple[int, int]]:
    """The port and the process id of a server that listens."""
    port = _free_port()
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if subject.port_variable:
        command, variables = subject.command, {subject.port_variable: str(port)}
    else:
        command, variables = (*subject.command, str(port)), {}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=passed_on | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _wait_for(port, subject.name)
            yield port, process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(port: int, name: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{name} does not listen.")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
