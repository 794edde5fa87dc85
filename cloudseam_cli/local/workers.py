"""The worker processes of both functions: started, listened to, ended."""

from __future__ import annotations

import contextlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cloudseam.errors import CloudSeamError
from cloudseam_cli.local.process_tree import kill_tree
from cloudseam_cli.local.report import Kind, Report
from cloudseam_cli.local.worker import STATE_MACHINE, TASK_SATISFIER

LOG_LINES_SHOWN = 15
START_SECONDS = 60


class WorkerEndedError(CloudSeamError):
    """A function's process ended by itself."""


@dataclass(frozen=True, slots=True)
class _Process:
    name: str
    log: Path
    temporary: str
    process: subprocess.Popen[str]


class Workers:
    """One worker for events, and some for tasks, each a process of its own.

    What they report arrives in `reports`. `folder` is where modules of tasks are looked for.
    """

    def __init__(
        self, environment: Mapping[str, str], logs: Path, folder: Path, satisfiers: int
    ) -> None:
        self.reports: queue.Queue[Report] = queue.Queue()
        self._environment = environment
        self._logs = logs
        self._folder = folder
        self._satisfiers = satisfiers
        self._ready = threading.Semaphore(0)
        self._processes: list[_Process] = []

    def start(self) -> None:
        """Starts them all; they take messages as they become ready."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._spawn(STATE_MACHINE, STATE_MACHINE)
        for number in range(1, self._satisfiers + 1):
            self._spawn(TASK_SATISFIER, f"{TASK_SATISFIER}-{number}")

    def wait_until_ready(self, is_stopped: Callable[[], bool]) -> None:
        """Returns when all of them take messages, or when nobody wants them any more.

        Raises:
            WorkerEndedError: one ended, or was not ready in time.
        """
        deadline = time.monotonic() + START_SECONDS
        for _ in self._processes:
            while not self._ready.acquire(timeout=0.1):
                if is_stopped():
                    return
                self.check()
                if time.monotonic() > deadline:
                    raise WorkerEndedError(f"The functions were not ready in {START_SECONDS} s.")

    def check(self) -> None:
        """Makes sure that all of them are there.

        Raises:
            WorkerEndedError: one is not; its last words are in the text.
        """
        for each in self._processes:
            code = each.process.poll()
            if code is not None:
                raise WorkerEndedError(
                    f"The process of {each.name} ended with {code}. Its last words, from "
                    f"{each.log}:\n{_last_lines(each.log)}"
                )

    def stop(self, patience: float, is_impatient: Callable[[], bool]) -> None:
        """Ends all of them, with all that they started.

        What they run is interrupted first, and has so many seconds to end.
        """
        for each in self._processes:
            with contextlib.suppress(OSError):
                each.process.terminate()
        deadline = time.monotonic() + patience
        while self._is_any_left() and time.monotonic() < deadline and not is_impatient():
            time.sleep(0.02)
        for each in self._processes:
            _end(each.process)
            shutil.rmtree(each.temporary, ignore_errors=True)
        self._processes = []

    def _is_any_left(self) -> bool:
        return any(each.process.poll() is None for each in self._processes)

    def _spawn(self, function: str, name: str) -> None:
        log = self._logs / f"{name}.log"
        # Not in the user's folder, which a task may copy as its module.
        temporary = tempfile.mkdtemp(prefix="cloudseam-tasks-")
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cloudseam_cli.local.worker", function, temporary],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env=dict(self._environment),
                cwd=self._folder,
                text=True,
                # Ctrl-C is for the console, which then stops the workers in good order.
                start_new_session=True,
            )
        self._processes.append(_Process(name, log, temporary, process))
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError):  # closed by `stop`
            for line in process.stdout:
                report = Report.parse(line)
                if report.kind is Kind.READY:
                    self._ready.release()
                else:
                    self.reports.put(report)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        kill_tree(process.pid)
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            stream.close()


def _last_lines(log: Path) -> str:
    with contextlib.suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])
    return ""
