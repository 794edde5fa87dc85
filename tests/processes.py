"""Which processes run, for tests that nothing is left behind."""

import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def group(leader: int) -> list[int]:
    """The processes of a group. One that has ended and that nobody has collected is not one."""
    return [pid for pid, _, pgid, state in _table() if pgid == leader and "Z" not in state]


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    children = [child for child, parent, _, state in _table() if parent == pid and "Z" not in state]
    return children + [grandchild for child in children for grandchild in descendants(child)]


def is_running(pid: int) -> bool:
    """Whether it is there and has not ended."""
    return any(known == pid and "Z" not in state for known, _, _, state in _table())


def working_in(folder: Path) -> list[tuple[int, str]]:
    """The processes whose current folder is, or was, below this one, and their programs' names.

    On Linux only.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            program = Path(os.readlink(process / "exe").removesuffix(" (deleted)")).name
            if f"{os.readlink(process / 'cwd')}/".startswith(f"{folder}/"):
                found.append((int(process.name), program))
    return found


def command_line(pid: int) -> str:
    """What a process was started as; empty once it is gone."""
    return _ps("-ww", "-o", "args=", "-p", str(pid)).strip()


def wait_until(holds: Callable[[], bool], seconds: float = 20, pause: float = 0.02) -> bool:
    """Whether it comes to hold: what another process does cannot be waited for any other way.

    `pause` is in seconds, between two looks.
    """
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(pause)
    return held


def _table() -> list[tuple[int, int, int, str]]:
    rows = [line.split() for line in _ps("-A", "-o", "pid=,ppid=,pgid=,stat=").splitlines()]
    return [(int(pid), int(parent), int(pgid), state) for pid, parent, pgid, state in rows]


def _ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout
