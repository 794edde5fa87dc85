"""An execution as a value: all that has to survive between two events, as JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self


class Status(StrEnum):
    """Of an execution, as the API has them."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"


class Phase(StrEnum):
    """What a thread is about."""

    READY = "ready"  # to enter its state
    ENTERED = "entered"  # to do what its state does
    TASK = "task"  # waits for the answer of a task
    WAITING = "waiting"  # in a Wait state
    RETRYING = "retrying"  # waits for the next attempt
    GATHERING = "gathering"  # waits for its branches or iterations
    GATHERED = "gathered"  # has the outputs of all of them
    FAILED = "failed"  # has failed, and ends with its siblings
    DONE = "done"  # has left its last state


@dataclass(slots=True)
class Thread:
    """One line of states: the machine's own, a branch, or an iteration.

    `at` leads to its states in the definition: for each level the state's name and the number of
    the branch, or -1 in a Map. `previous` and `entered` are ids of history events; times are epoch
    milliseconds, 0 where there is none. `input` is that of its state, or the output of the one that
    it has left. `item` is an iteration's part of the context object. One that `is_silent`, inside a
    distributed Map, leaves no events; `entries` counts its states. `task` is what it waits for: its
    `resource`, `arguments` and `timeout` in seconds, and who `is_away` with it: a worker of an
    activity, or whoever was handed the token; in a distributed Map also for which `field` of it.

    `map_run` is what a distributed Map keeps of its run, and `begun` when an iteration of it began,
    with how many bytes, and with which input if that is not its item. Both are replaced, not
    changed in place.
    """

    id: int
    at: list[list[Any]]
    state: str
    input: Any
    parent: int | None = None
    index: int = 0
    item: dict[str, Any] | None = None
    is_silent: bool = False
    entries: int = 0
    variables: dict[str, Any] = field(default_factory=dict)
    phase: Phase = Phase.READY
    previous: int = 0
    entered: int = 0
    entered_at: int = 0
    retries: list[int] = field(default_factory=list)
    due: int = 0
    token: str = ""
    timeout_due: int = 0
    heartbeat_due: int = 0
    heartbeat_ms: int = 0
    task: dict[str, Any] | None = None
    # Of a Map or Parallel: what is still to be begun, what has ended, by index. Of a distributed
    # Map, how many iterations have failed, and how many may.
    waiting_items: list[Any] = field(default_factory=list)
    length: int = 0
    at_once: int = 0
    failures: int = 0
    tolerated: float = 0
    results: dict[str, Any] = field(default_factory=dict)
    map_run: dict[str, Any] | None = None
    begun: dict[str, Any] | None = None

    @property
    def task_name(self) -> str:
        """What the stack calls the task that it waits for."""
        return f"{self.state}#{self.id}"


@dataclass(slots=True)
class Execution:
    """An execution of a machine. `facts` are the parts of the context object that change in no
    state. `version` is the published one that it was started by, 0 for none, and `alias` what led
    to it. `left` are the threads of one that did not end well, as JSON: what it can go on from.
    `map_runs` has by ARN what is told of the runs of distributed Maps that there were; it is
    replaced, not changed in place.
    """

    input: Any
    facts: dict[str, Any]
    threads: dict[str, Thread] = field(default_factory=dict)
    status: Status = Status.RUNNING
    output: Any = None
    error: str | None = None
    cause: str | None = None
    started_at: int = 0
    stopped_at: int = 0
    due: int = 0
    events: int = 0
    next_thread: int = 0
    version: int = 0
    alias: str = ""
    redrives: int = 0
    left: list[dict[str, Any]] = field(default_factory=list)
    map_runs: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The execution as JSON has it, which shares nothing with it that changes in place."""
        told = {name: getattr(self, name) for name in _NAMES}
        told["threads"] = {key: _thread_as_json(each) for key, each in self.threads.items()}
        return told

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Self:
        """The execution that `as_json` gave."""
        threads = {key: thread_of_json(thread) for key, thread in told["threads"].items()}
        return cls(**{**told, "threads": threads, "status": Status(told["status"])})

    @property
    def wakes_at(self) -> int:
        """The next moment at which something happens by itself; 0 if there is none."""
        moments = [self.due]
        for thread in self.threads.values():
            moments += [thread.due, thread.timeout_due, thread.heartbeat_due]
        return min((moment for moment in moments if moment), default=0)


# `dataclasses.asdict` copies every value inside, and took a tenth of a short execution's time.
_NAMES = tuple(each.name for each in fields(Execution))
_THREAD_NAMES = tuple(each.name for each in fields(Thread))


def thread_of_json(told: Mapping[str, Any]) -> Thread:
    """The thread that `as_json` of its execution has."""
    return Thread(**{**told, **_own(told), "phase": Phase(told["phase"])})


def _thread_as_json(thread: Thread) -> dict[str, Any]:
    told = {name: getattr(thread, name) for name in _THREAD_NAMES}
    return told | _own(told)


def threads_as_json(threads: Iterable[Thread]) -> list[dict[str, Any]]:
    """Threads as JSON has them, but for those inside a distributed Map."""
    return [_thread_as_json(thread) for thread in threads if not thread.is_silent]


def _own(told: Mapping[str, Any]) -> dict[str, Any]:
    """Copies of what changes in place; anything else of a thread is replaced."""
    lists = {name: list(told[name]) for name in ("at", "retries", "waiting_items")}
    return {**lists, "results": dict(told["results"])}


@dataclass(frozen=True, slots=True)
class Work:
    """An effect: have a task done. The token names this attempt of it.

    `resource` is as the definition has it; `arguments` is what it works on; `timeout` and
    `heartbeat` are in seconds, where the state has them.
    """

    token: str
    resource: str
    arguments: Any
    timeout: float | None = None
    heartbeat: float | None = None
