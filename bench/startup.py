"""CPU from the start of a process to the end of its first event."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from statistics import median

from bench.figures import Figures, Tell, times
from bench.function import PASSED_ON, STATE_MACHINE, STORES, NotAppliedError, installation
from bench.life import LIFE, body
from bench.stand_in import ROOT

RUNS = 9
BARE = "bare interpreter"
ROW_OF_TARGET = STORES[0]


def run(scale: float, tell: Tell) -> Figures:
    """Fresh processes, the subjects in turn; the first run of each writes bytecode, and is not
    counted."""
    runs = times(RUNS, scale)
    with installation(*STORES) as place:
        log = str(place.machines.parent / "log")
        worker = (sys.executable, "-m", "bench.worker", log, STATE_MACHINE)
        subjects: dict[str, tuple[Sequence[str], Mapping[str, str]]] = {
            BARE: ((sys.executable, "-c", "pass"), _passed_on()),
            **{store: (worker, place.environment(store)) for store in STORES},
        }
        found: dict[str, list[float]] = {name: [] for name in subjects}
        for number in range(runs + 1):
            tell(f"run {number} of {runs}")
            for name, (command, environment) in subjects.items():
                cpu = _cpu(command, environment, "" if name == BARE else _first_event(number))
                if number:
                    found[name].append(cpu * 1000)
    rows = tuple((name, median(cpu), min(cpu), max(cpu)) for name, cpu in found.items())
    return Figures(
        "Start",
        ("from start to the end of the first event", "CPU ms", "least", "most"),
        rows,
        f"Median of {runs} fresh processes, bytecode written; the event is a LAUNCH with two "
        "tasks, and the container's first, so that the machine's version is kept as well. With "
        "PostgreSQL it includes the connection and a look for migrations.",
    )


def _first_event(number: int) -> str:
    return json.dumps([[body(LIFE[0], f"first-{number}", {})]])


def _passed_on() -> Mapping[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def _cpu(command: Sequence[str], environment: Mapping[str, str], line: str) -> float:
    """Seconds of CPU that a process took from its start to its end."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=dict(environment),
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(line)
        process.stdin.close()
        said = process.stdout.read()
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    if line and json.loads(said)["returned"]:
        raise NotAppliedError("The first event was not applied.")
    return used.ru_utime + used.ru_stime
