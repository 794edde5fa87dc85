"""`.cloudseam/dev.json`: how the other commands find the console that runs in a folder."""

import contextlib
import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from cloudseam_cli.embedded_aws import LOOPBACK

FOLDER = ".cloudseam"
FILE = "dev.json"
OUTCOMES = "outcomes.jsonl"


@dataclass(frozen=True, slots=True)
class ConsoleFile:
    """`port` is the emulator's, `pid` the console's. `sensitive_keys` as the setting has them,
    `machines` is the folder of machine files.
    """

    port: int
    pid: int
    sensitive_keys: str = ""
    machines: str = ""

    @property
    def is_alive(self) -> bool:
        """Whether the console that wrote it still serves."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # it is there, and somebody else's
        with socket.socket() as probe:
            probe.settimeout(2)
            return probe.connect_ex((LOOPBACK, self.port)) == 0

    def write(self, folder: Path) -> None:
        """Leaves it in a folder, whole or not at all."""
        draft = folder / f"{FILE}.{os.getpid()}"
        draft.write_text(json.dumps(asdict(self)) + "\n")
        draft.replace(folder / FILE)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What a folder has, if it has one that makes sense."""
        try:
            fields = json.loads((folder / FILE).read_text())
            return cls(
                port=int(fields["port"]),
                pid=int(fields["pid"]),
                sensitive_keys=str(fields.get("sensitive_keys", "")),
                machines=str(fields.get("machines", "")),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def remove(folder: Path) -> None:
        """Takes it away, if it is there."""
        with contextlib.suppress(OSError):
            (folder / FILE).unlink()
