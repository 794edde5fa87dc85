"""Runs the tool: no shell, its output to the log line by line, stopped when time is over.

It does not outlive the satisfier (`lifeline`), nor the claims that keep others away.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO

from cloudseam.stack import ERROR_MESSAGE_CHARACTERS
from task_satisfier.executors import OutOfTimeError, TaskFailedError, for_ever
from task_satisfier.executors.terraform.lifeline import tied_to_us
from task_satisfier.redaction import Redactor

# How often a waiting run looks at the clock, in seconds.
POLL = 0.5
# Seconds for a second interrupt to work, and then for the last lines to be read.
LAST_WORDS = 1.0
MAX_LINE_BYTES = 64 * 1024
MAX_CAPTURED_BYTES = 4 * 1024 * 1024
LINES_KEPT = 100


class CommandFailedError(TaskFailedError):
    """A command failed. `lines` are the last ones that it printed."""

    def __init__(self, message: str, lines: Sequence[str]) -> None:
        super().__init__(message)
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Tool:
    """A binary in a folder.

    `grace` is how long it may take to end after an interrupt, in seconds; it never gets longer
    than `claims_left`, after which others may work with the same state.
    """

    path: str
    folder: Path
    environment: Mapping[str, str]
    redactor: Redactor
    log: Callable[[str], None]
    time_left: Callable[[], float]
    grace: float
    claims_left: Callable[[], float] = for_ever

    def run(self, *arguments: str) -> Sequence[str]:
        """Runs a command to its end; the last lines it printed, without sensitive values.

        Raises:
            OutOfTimeError: it was stopped because time was over.
            CommandFailedError: it failed; the cause is the end of its output.
        """
        return self._run(arguments, printed=None)

    def capture(self, *arguments: str) -> bytes:
        """What a command prints, which is not logged; only what it complains about is.

        Raises:
            OutOfTimeError: it was stopped because time was over.
            TaskFailedError: it failed, or printed too much.
        """
        with tempfile.TemporaryFile() as printed:
            self._run(arguments, printed)
            if printed.seek(0, os.SEEK_END) > MAX_CAPTURED_BYTES:
                raise TaskFailedError(f"{self._name(arguments)} printed too much.")
            printed.seek(0)
            return printed.read()

    def _run(self, arguments: Sequence[str], printed: IO[bytes] | None) -> Sequence[str]:
        if self.time_left() <= 0:
            raise OutOfTimeError(f"{self._name(arguments)} was not run: no time is left.")
        lines: deque[str] = deque(maxlen=LINES_KEPT)
        process = self._start(arguments, printed)
        reader = self._read(process.stderr if printed else process.stdout, lines)
        try:
            in_time = self._ends_in_time(process, reader)
        finally:  # also when this process is told to end
            self._stop(process)
            reader.join(LAST_WORDS)
        if process.returncode == 0:  # even if it ended at the last moment
            return lines
        if not in_time:
            told = f"{self._name(arguments)} was interrupted: no time was left."
            raise OutOfTimeError(cause_of(told, lines))
        told = f"{self._name(arguments)} failed with exit code {process.returncode}:"
        raise CommandFailedError(cause_of(told, lines), tuple(lines))

    def _start(
        self, arguments: Sequence[str], printed: IO[bytes] | None
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            tied_to_us([self.path, *arguments]),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=printed or subprocess.PIPE,
            stderr=subprocess.PIPE if printed else subprocess.STDOUT,
            start_new_session=True,  # so that an interrupt of ours is the only one it gets
        )

    def _read(self, stream: IO[bytes] | None, lines: deque[str]) -> Thread:
        reader = Thread(target=self._tell_lines, args=(stream, lines), daemon=True)
        reader.start()
        return reader

    def _tell_lines(self, stream: IO[bytes], lines: deque[str]) -> None:
        """Logs each line that is not empty. Of one that is too long, only the start is told."""
        starts = True
        with stream:
            while line := stream.readline(MAX_LINE_BYTES):
                ends = line.endswith(b"\n")
                shown = self.redactor.text(line.decode(errors="replace").rstrip())
                if not ends and len(line) == MAX_LINE_BYTES:
                    # The cut may have gone through a sensitive value.
                    shown = shown[: len(shown) - self.redactor.longest]
                if starts and shown:
                    lines.append(shown)
                    self.log(shown)
                starts = ends

    def _ends_in_time(self, process: subprocess.Popen[bytes], reader: Thread) -> bool:
        """Waits for the end of the output, which comes with the end of the process or before it.

        To wait for the process itself is to look again and again, up to 50 ms late.
        """
        while (left := self.time_left()) > 0:
            reader.join(min(left, POLL))
            if _ends_within(process, 0 if reader.is_alive() else min(left, POLL)):
                return True
        return False

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """Leaves nothing running.

        The first interrupt lets Terraform save its state and give back its lock. It takes a
        second one as the order to drop everything and leave.
        """
        left = max(0, self.claims_left())
        last_words = min(LAST_WORDS, left)
        for seconds in (min(self.grace, left - last_words), last_words):
            if process.poll() is None and left:
                self.log(f"Interrupted; {seconds:g} s to end by itself")
                process.send_signal(signal.SIGINT)
                _ends_within(process, seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _name(self, arguments: Sequence[str]) -> str:
        return f"{os.path.basename(self.path)} {arguments[0]}"


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def cause_of(told: str, lines: Sequence[str]) -> str:
    """What happened, and as much of the end of the output as there is room for."""
    room = ERROR_MESSAGE_CHARACTERS - len(told) - 1
    output = "\n".join(lines)
    return f"{told}\n{output if len(output) <= room else '…' + output[1 - room :]}"
