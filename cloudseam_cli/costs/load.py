"""What is asked of an installation: how much, how large, and in which batches."""

from dataclasses import dataclass

# AWS reckons with 730 hours a month (AWS Pricing Calculator user guide).
HOURS_PER_MONTH = 730
PER_MONTH = {
    "second": HOURS_PER_MONTH * 3600.0,
    "day": HOURS_PER_MONTH / 24,
    "month": 1.0,
}


@dataclass(frozen=True, slots=True)
class Load:
    """A load, and the installation that carries it.

    A transition is an event from outside that moves a stack, with the `tasks` that it asks for and
    their answers. `transitions` are per month. `batch` events come, and are sent, at a time, each
    for another stack; `task_batch` task messages are given to one invocation of the satisfier.
    `row_kb` is the size of a stack's row, `stacks` how many there are at a time. `timers` and
    `far_timers`, those more than 15 minutes away, are per transition. `memory` and `task_memory`
    are the two functions' in MB; `task_seconds` is how long the satisfier waits for a task.
    """

    transitions: float = 1_000_000
    tasks: float = 1
    batch: int = 10
    task_batch: int = 1
    row_kb: float = 1
    stacks: int = 1_000
    timers: float = 0
    far_timers: float = 0
    sweep_minutes: float = 15
    memory: int = 512
    task_memory: int = 1024
    task_seconds: float = 0
    is_postgres: bool = False
    keeps_history: bool = False
    counts_logs: bool = False

    @property
    def events(self) -> float:
        """Events for each transition: the one from outside, answers, and timers that are due."""
        return 1 + self.tasks + self.all_timers

    @property
    def all_timers(self) -> float:
        """Timers for each transition, near and far."""
        return self.timers + self.far_timers

    @property
    def tasks_at_once(self) -> int:
        """Tasks that one invocation of the satisfier has."""
        return min(self.batch, self.task_batch)
