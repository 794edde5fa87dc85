"""Starts `cloudseam` as a process, as a person would, and watches what it prints."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.processes import descendants, is_running, wait_until

MACHINES = Path(__file__).parents[3] / "machines"
COMMAND = (sys.executable, "-c", "from cloudseam_cli.main import main; raise SystemExit(main())")


class Console:
    """A `cloudseam` that runs, with what it has printed so far."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self.printed: list[str] = []
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=folder,
            env={**os.environ, **(environ or {}), "PYTHONIOENCODING": "utf-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """Everything it has printed."""
        return "".join(self.printed)

    @property
    def port(self) -> int:
        """The port that it says it serves on."""
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.text)
        assert found, self.text
        return int(found[1])

    def wait_for(self, words: str) -> None:
        """Waits until it has printed them."""
        printed = wait_until(lambda: words in self.text or self.process.poll() is not None, 60)
        assert printed, self.text
        assert words in self.text, self.text

    def ended(self) -> int:
        """Waits for its end; its exit code."""
        code = self.process.wait(60)
        self._reader.join(10)
        return code

    def started(self) -> list[int]:
        """The processes it has started so far, at any remove."""
        return descendants(self.process.pid)

    def close(self) -> None:
        """Kills it if it still runs."""
        self.process.kill()
        self.process.wait()
        self._reader.join(10)
        if self.process.stdout:
            self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.printed.append(line)


@contextmanager
def console(
    *arguments: str, folder: Path, environ: Mapping[str, str] | None = None
) -> Iterator[Console]:
    """A `cloudseam` for as long as the block takes."""
    running = Console(arguments, folder, environ)
    try:
        yield running
    finally:
        running.close()


def all_ended(pids: Sequence[int]) -> bool:
    """Whether none of these processes is left, after a moment if need be."""
    return wait_until(lambda: not any(map(is_running, pids)))


def project(folder: Path) -> Path:
    """A folder with the sample machines, as a checkout has them."""
    shutil.copytree(MACHINES, folder / "machines")
    return folder
