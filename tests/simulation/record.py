"""What a history was seen to do, at its ports; the invariants judge it afterwards."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudseam.event import Event
from cloudseam.given import Given
from cloudseam.machine import Machine
from cloudseam.stack import Stack
from cloudseam.transition import Notice
from tests.simulation.sqs import Letter
from tests.simulation.world import Process


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that was given to a machine, with what the clock gave for it."""

    event: Event
    given: Given
    machine: Machine


@dataclass(frozen=True, slots=True)
class Commit:
    """A write that the store took. `before` and `after` are the rows around it."""

    seen: int
    at: int
    process: str
    before: Stack | None
    written: Stack
    after: Stack
    text: str
    taken: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class Ack:
    """An event message that was acknowledged without a dead letter, and how it was judged.

    `seen` is when its function had settled it, `began` when that invocation had begun.
    """

    seen: int
    began: int
    message_id: str
    event: Event | None
    verdict: str


@dataclass(slots=True)
class Run:
    """One run of an attempt by the executor. `ended` tells how: done, failed, or not at all.

    `overlapped` has what the executor saw of another run of the attempt when it began.
    """

    token: str
    epoch: int
    process: Process
    began: int
    ended: str = ""
    # Of an invocation: its fence token, and how many actions it has run.
    fence: int = 0
    acted: int = 0
    overlapped: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """Something sent from outside. `seen` is its place in all that was seen.

    A copy is an answer that was sent before by the satisfier.
    """

    seen: int
    number: int
    message_id: str
    event_id: str
    stack_id: str
    is_copy: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A notice that the bus took."""

    seen: int
    notice: Notice


@dataclass(frozen=True, slots=True)
class Log:
    """What the store had as the log of a stack, when the stack expired or all was over."""

    seen: int
    stack: Stack
    events: tuple[Mapping[str, Any], ...]


@dataclass(slots=True)
class Record:
    """All that was seen, numbered in order."""

    seen: int = 0
    commits: dict[str, list[Commit]] = field(default_factory=lambda: defaultdict(list))
    acks: list[Ack] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    # Tokens of attempts, and when a message was sent for each.
    task_sends: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    timers: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    runs: dict[str, list[Run]] = field(default_factory=lambda: defaultdict(list))
    # By event id: whether its sender held the claim when it sent the answer.
    answers: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    # Notices of transitions, by their id.
    told: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    # Messages that start a stack, by its id.
    starts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    # Every context that was ever written to the bucket, by its key.
    contexts: dict[str, bytes] = field(default_factory=dict)
    resources: list[str] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    # What was beside the rows when all was over, and when it expires (epoch s, 0 if never).
    beside: list[tuple[str, int]] = field(default_factory=list)
    conflicts: int = 0
    # Commits whose memory was kept beside the row.
    spilled: int = 0

    def count(self) -> int:
        """The number of what is seen next."""
        self.seen += 1
        return self.seen
