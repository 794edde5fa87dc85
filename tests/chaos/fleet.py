"""The processes of a run: started, killed at any moment, and started again."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.installation import ROOT, Installation
from tests.chaos.log_lines import attempt_of, json_lines

# Pollers of one process, by function.
POLLERS = {"state_machine": 2, "task_satisfier": 4}
# Receives after which a task's message is given up. It also comes again while the claim of a
# process that was killed still stands.
TASK_RECEIVES = 8
# Seconds.
SWEEP_EVERY = 5
# A process that wrote a line so few seconds ago is at work.
JUST = 0.1
# How long a kill waits for a process to do something, in seconds.
PATIENCE = 1.5


@dataclass
class Life:
    """One process from its start to its end. Times are those of the system's clock, in seconds.

    `killed_at` is None for one that was not killed; `phase` says what it was doing then.
    """

    function: str
    log: Path
    process: "subprocess.Popen[bytes]"
    killed_at: float | None = None
    phase: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None


class Fleet:
    """Several processes. One that is killed is started again soon.

    `sizes` says how many of each function; `batch_size` and `receives` are of the state machine's.
    """

    def __init__(
        self,
        installation: Installation,
        chance: Random,
        sizes: Mapping[str, int],
        *,
        batch_size: int = 10,
        receives: int = 3,
    ) -> None:
        self._installation = installation
        self._chance = chance
        self._batch_sizes = {"state_machine": batch_size, "task_satisfier": 1}
        self._receives = {"state_machine": receives, "task_satisfier": TASK_RECEIVES}
        self._due = [(0.0, function) for function, size in sizes.items() for _ in range(size)]
        self.lives: list[Life] = []
        self.ended_by_themselves: list[Life] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """Around a run: starts what is due when asked to, and leaves no process behind."""
        try:
            yield
        finally:
            for life in self.lives:
                life.process.kill()
                life.process.wait()

    def start_due(self, *, all_of_them: bool = False) -> None:
        """Starts what was killed a while ago. One that ended by itself stays so: that is wrong."""
        now = time.time()
        due = [when for when in self._due if all_of_them or when[0] <= now]
        self._due = [when for when in self._due if when not in due]
        for _, function in due:
            self.lives.append(self._started(function))
        for life in self.lives:
            ended = not life.is_running and life.killed_at is None
            if ended and life not in self.ended_by_themselves:
                self.ended_by_themselves.append(life)

    @property
    def kills(self) -> Counter[str]:
        """How many were killed, by function and by what it was doing."""
        killed = (life for life in self.lives if life.killed_at is not None)
        return Counter(f"{life.function} {life.phase}" for life in killed)

    def kill(self) -> Life | None:
        """Kills one, if one runs: at any moment, or as soon as it has told its log something."""
        return self._killed(waits=self._chance.random() < 0.4)

    def kill_now(self) -> Life | None:
        """Kills one, if one runs, at this moment."""
        return self._killed(waits=False)

    def stop(self) -> bool:
        """Ends all by SIGTERM; whether each ended well."""
        running = [life for life in self.lives if life.is_running]
        for life in running:
            life.process.send_signal(signal.SIGTERM)
        return all([life.process.wait(30) == 0 for life in running])

    def _killed(self, *, waits: bool) -> Life | None:
        running = [life for life in self.lives if life.is_running]
        if not running:
            return None
        life = self._chance.choice(running)
        if waits:
            _wait_for_a_line(life)
            time.sleep(self._chance.uniform(0, 0.02))
        life.phase = phase_of(life)
        life.process.kill()
        life.killed_at = time.time()
        life.process.wait()
        self._due.append((time.time() + self._chance.uniform(0, 1.5), life.function))
        return life

    def _started(self, function: str) -> Life:
        log = self._installation.folder / f"{len(self.lives):03}-{function}.log"
        with log.open("xb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", function, *self._arguments(function)],
                cwd=ROOT,
                env=self._environment(function),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Life(function, log, process)

    def _arguments(self, function: str) -> list[str]:
        numbers = {
            "pollers": POLLERS[function],
            "batch-size": self._batch_sizes[function],
            "wait": 1,
        }
        numbers |= {"sweep-every": SWEEP_EVERY} if function == "state_machine" else {}
        return [f"--{name}={number}" for name, number in numbers.items()]

    def _environment(self, function: str) -> dict[str, str]:
        own = {"MAX_RECEIVE_COUNT": str(self._receives[function])}
        return {**os.environ, **self._installation.settings, **own}


def phase_of(life: Life) -> str:
    """What the process is doing, as far as its log says."""
    lines = list(json_lines(life.log))
    if not any(line.get("message") == "Polling" for line in lines):
        return "starting"
    running = set()
    for line in lines:
        if line.get("message") == "Task started":
            running.add(attempt_of(line))
        elif "attempt" in line:
            running.discard(attempt_of(line))
    if running:
        return "running a task"
    is_recent = time.time() - life.log.stat().st_mtime < JUST
    return "after a line" if is_recent else "waiting or handling"


def _wait_for_a_line(life: Life) -> None:
    size, deadline = life.log.stat().st_size, time.monotonic() + PATIENCE
    while life.log.stat().st_size == size and time.monotonic() < deadline:
        time.sleep(0.002)
