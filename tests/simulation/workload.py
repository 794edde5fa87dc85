"""What producers, people and forgers send in one history, planned before it runs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from cloudseam.event import (
    CANCEL_TASKS,
    MIGRATE_MACHINE,
    RETRY_FAILED_TASKS,
    RETRY_PENDING_TASKS,
    TASK_COMPLETED,
    TASK_ERROR,
)

EVENTS = 22
STACKS = ("s1", "s2", "s3")
MACHINES = ("chain", "loop")
# Between two bursts, in milliseconds; most are short.
LONGEST_PAUSE_MS = 90_000


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing from outside, `at` milliseconds after the start.

    It is a message; or `echo`, the answer that was sent as that many-th, copied and sent again; or
    `file`, a machine whose file changes to the version after.
    """

    number: int
    at: int
    body: dict[str, Any] = field(default_factory=dict)
    echo: int | None = None
    file: str = ""

    @property
    def message_id(self) -> str:
        """The id that the queue gives the message."""
        return f"e{self.number}"

    def __str__(self) -> str:
        what = f"file of {self.file} changes" if self.file else json.dumps(self.body)
        return f"{self.at / 1000:9.3f} {self.message_id} " + (
            what if self.echo is None else f"answer {self.echo} again"
        )


class Workload:
    """Builds the plan of one history."""

    def __init__(self, rng: Random, *, changes_file: bool = False) -> None:
        self._rng = rng
        self._at = 0
        self._planned: list[Planned] = []
        self._messages = 0
        self._machines = {stack: rng.choice(MACHINES) for stack in STACKS}
        self._changes_file = changes_file

    def plan(self, events: int = EVENTS) -> list[Planned]:
        """At least so many events, in bursts, for several stacks."""
        for stack in STACKS:
            self._launch(stack)
        while self._messages < events:
            self._at += round(LONGEST_PAUSE_MS * self._rng.random() ** 2)
            burst = self._rng.choices(list(_BURSTS), list(_BURSTS.values()))[0]
            burst(self, self._rng.choice(STACKS))
            if self._changes_file and self._rng.random() < 0.15:
                self._add(file=self._rng.choice(MACHINES))
        return self._planned

    def _add(self, body: dict[str, Any] | None = None, **planned: Any) -> None:
        number = len(self._planned) + 1
        if body is not None or "echo" in planned:
            self._messages += 1
        moment = self._at + self._rng.randint(0, 200)
        self._planned.append(Planned(number, moment, body or {}, **planned))

    def _event(self, stack: str, event: str, **fields: Any) -> None:
        """An event with a metadata key of its own; some bring an id."""
        number = len(self._planned) + 1
        body = {"stackId": stack, "event": event, "metadata": {f"k{number}": number}, **fields}
        if self._rng.random() < 0.3:
            body.setdefault("eventId", f"id-{number}")
        self._add(body)

    def _launch(self, stack: str) -> None:
        self._event(stack, "LAUNCH", machine=self._machines[stack])

    def _notes(self, stack: str) -> None:
        for _ in range(self._rng.randint(3, 6)):
            self._event(stack, "NOTE")

    def _advance(self, stack: str) -> None:
        for _ in range(self._rng.choice((1, 1, 2))):
            self._event(stack, self._rng.choice(("AGAIN", "UPDATE", "AGAIN", "DROP")))

    def _end(self, stack: str) -> None:
        self._event(stack, "DESTROY")
        if self._rng.random() < 0.7:
            self._at += round(240_000 * self._rng.random())
            self._launch(stack)

    def _repair(self, stack: str) -> None:
        repairs = (RETRY_FAILED_TASKS, RETRY_PENDING_TASKS, CANCEL_TASKS, RETRY_FAILED_TASKS)
        for _ in range(self._rng.choice((1, 2))):
            self._event(stack, self._rng.choice(repairs))

    def _migrate(self, stack: str) -> None:
        self._event(stack, MIGRATE_MACHINE)

    def _resent(self, stack: str) -> None:
        """The same event twice, as a producer sends it that had no answer."""
        event_id = f"twice-{len(self._planned)}"
        event = self._rng.choice(("NOTE", "AGAIN"))
        for _ in range(2):
            self._event(stack, event, eventId=event_id)

    def _forged(self, stack: str) -> None:
        token = self._rng.choice(("", "0" * 32))
        task = {"name": self._rng.choice(("net", "db", "smoke")), "token": token}
        name = self._rng.choice((TASK_COMPLETED, TASK_ERROR))
        self._add({"stackId": stack, "event": name, "task": task})

    def _echo(self, stack: str) -> None:
        self._add(echo=self._rng.randint(0, 12))


Burst = Callable[[Workload, str], None]
_BURSTS: dict[Burst, float] = {
    Workload._notes: 5,
    Workload._advance: 6,
    Workload._end: 2,
    Workload._repair: 2,
    Workload._migrate: 0.5,
    Workload._resent: 1.5,
    Workload._forged: 1.5,
    Workload._echo: 2.5,
}


def small_life() -> Iterator[Planned]:
    """One life with two tasks, a failure that is retried, and its end."""
    yield Planned(1, 0, {"stackId": "s1", "event": "LAUNCH", "machine": "small"})
    yield Planned(2, 4_000, {"stackId": "s1", "event": "NOTE", "metadata": {"k2": 2}})
    yield Planned(3, 1_500_000, {"stackId": "s1", "event": "DESTROY"})
