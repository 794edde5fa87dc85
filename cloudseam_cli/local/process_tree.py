"""Ends a process with all that came of it, those in sessions of their own included."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

PROC = Path("/proc")


def kill_tree(pid: int) -> None:
    """Kills the descendants of a process, then the process itself.

    It is stopped first, so that it starts no more while it is being looked at.
    """
    if pid != os.getpid():
        _send(pid, signal.SIGSTOP)
    for child in children_of(pid):
        kill_tree(child)
    _send(pid, signal.SIGKILL)


def children_of(pid: int) -> list[int]:
    """The processes that it started and that nobody has collected yet."""
    return [child for child, parent in _parents().items() if parent == pid]


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _parents() -> dict[int, int]:
    """Each process's parent. Read from /proc where there is one: not every Linux has `ps`."""
    if not PROC.is_dir():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
        return {int(pid): int(parent) for pid, parent in map(str.split, listed.stdout.splitlines())}
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                # The name, in brackets, may hold anything; state and parent follow it.
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
    return parents
