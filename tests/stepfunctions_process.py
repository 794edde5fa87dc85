"""`cloudseam stepfunctions` as a process of its own, which may be killed and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cloudseam_cli.local.client import emulator_client

COMMAND = (sys.executable, "-c", "from cloudseam_cli.main import main; raise SystemExit(main())")


class StepFunctionsProcess:
    """One that runs, with what it said at its start."""

    def __init__(self, data: Path | None = None, *arguments: str, port: int = 0) -> None:
        kept: Sequence[str] = ("--data", str(data)) if data else ()
        self._process = subprocess.Popen(
            [*COMMAND, "stepfunctions", "--json", "--port", str(port), *kept, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, self.ended()
        self.told: dict[str, Any] = json.loads(line)
        self.url: str = self.told["url"]
        self.port = int(self.url.rpartition(":")[2])

    def client(self, **config: Any) -> Any:
        """A boto3 client of it."""
        return emulator_client("stepfunctions", self.url, inject_host_prefix=False, **config)

    def kill(self) -> None:
        """Ends it as a crash does."""
        self._process.kill()
        self.ended()

    def terminate(self) -> tuple[int, str]:
        """Ends it as SIGTERM does; its exit code and what it said on standard error."""
        self._process.terminate()
        return self.ended()

    def interrupt(self) -> tuple[int, str]:
        """Ends it as Ctrl-C does; its exit code and what it said on standard error."""
        self._process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Waits for its end; its exit code and what it said on standard error."""
        try:
            _, said = self._process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        return self._process.returncode, said
