"""How a subject is asked: a line with a number of lives in, a line with what they cost out.

Imports the standard library only: subjects of other engines run in another environment.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

STEPS = 5  # durable steps of a life
# Where the database is; in the environment, since it has a password.
DATABASE = "BENCH_DATABASE"


def database() -> Any:
    """The way in: username, password, host, dbname, port."""
    return json.loads(os.environ[DATABASE])


def serve(modes: dict[str, Callable[[int], None]], server_pid: int | None = None) -> None:
    """Lives on demand, `mode number` a line, until stdin closes. Keeps stdout for the answers.

    `server_pid` is a server of the subject's own, whose CPU counts as well.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        mode, number = line.rsplit(maxsplit=1)
        began, cpu, server = time.perf_counter(), time.process_time(), cpu_of(server_pid)
        modes[mode](int(number))
        cost = {
            "wall": time.perf_counter() - began,
            "cpu": time.process_time() - cpu,
            "server": cpu_of(server_pid) - server,
        }
        print(json.dumps(cost), file=answers, flush=True)


def cpu_of(pid: int | None) -> float:
    """Seconds of CPU that a process has had, where there is Linux to ask."""
    path = f"/proc/{pid}/stat"
    if pid is None or not os.path.exists(path):
        return 0
    with open(path) as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
