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
    START,
    STOP_EXECUTION,
    TASK_COMPLETED,
    TASK_ERROR,
)
from tests.simulation.executions import CHANGED, EXECUTED, KEPT_MS

EVENTS = 22
STACKS = ("s1", "s2", "s3")
MACHINES = ("chain", "loop")
# Between two bursts, in milliseconds; most are short.
LONGEST_PAUSE_MS = 90_000
# After so long whatever has ended has expired; what goes wrong takes an hour and more.
EXPIRED_MS = KEPT_MS + 2 * 3_600_000

Burst = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing from outside, `at` milliseconds after the start.

    It is a message; or `echo`, the answer that was sent as that many-th, copied and sent again; or
    `redrive`, the letter of a task given up as that many-th, sent to the event queue; or `file`, a
    machine whose file changes to the version after.
    """

    number: int
    at: int
    body: dict[str, Any] = field(default_factory=dict)
    echo: int | None = None
    redrive: int | None = None
    file: str = ""

    @property
    def message_id(self) -> str:
        """The id that the queue gives the message."""
        return f"e{self.number}"

    def __str__(self) -> str:
        what = f"file of {self.file} changes" if self.file else json.dumps(self.body)
        if self.redrive is not None:
            what = f"letter {self.redrive} is redriven"
        return f"{self.at / 1000:9.3f} {self.message_id} " + (
            what if self.echo is None else f"answer {self.echo} again"
        )


class Workload:
    """Builds the plan of one history."""

    machines: tuple[str, ...] = MACHINES
    # Whose files change.
    files: tuple[str, ...] = MACHINES

    def __init__(self, rng: Random, *, changes_file: bool = False) -> None:
        self._rng = rng
        self._at = 0
        self._planned: list[Planned] = []
        self._messages = 0
        self._machines = {stack: rng.choice(self.machines) for stack in STACKS}
        self._changes_file = changes_file

    def plan(self, events: int = EVENTS) -> list[Planned]:
        """At least so many events, in bursts, for several stacks."""
        for stack in STACKS:
            self._launch(stack)
        while self._messages < events:
            self._at += round(LONGEST_PAUSE_MS * self._rng.random() ** 2)
            bursts = self._bursts()
            burst = self._rng.choices(list(bursts), list(bursts.values()))[0]
            burst(self._rng.choice(STACKS))
            if self._changes_file and self._rng.random() < 0.15:
                self._add(file=self._rng.choice(self.files))
        return self._planned

    def _bursts(self) -> dict[Burst, float]:
        return {
            self._notes: 5,
            self._advance: 6,
            self._end: 2,
            self._repair: 2,
            self._migrate: 0.5,
            self._resent: 1.5,
            self._forged: 1.5,
            self._echo: 2.5,
        }

    def _add(self, body: dict[str, Any] | None = None, **planned: Any) -> None:
        number = len(self._planned) + 1
        if body is not None or planned.keys() & {"echo", "redrive"}:
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


class DeedsWorkload(Workload):
    """The plan of a history of machines of actions."""

    machines = ("deeds",)

    def _bursts(self) -> dict[Burst, float]:
        return {
            self._told: 6,
            self._again: 1.5,
            self._repair: 3,
            self._migrate: 0.5,
            self._resent: 1.5,
            self._forged: 1,
            self._echo: 2.5,
            self._redriven: 3,
        }

    def _launch(self, stack: str) -> None:
        self._start(stack, f"start/{stack}")

    def _start(self, stack: str, event_id: str) -> None:
        """Of one that is there already nothing is kept: whoever is started goes on as he was."""
        context = {"began": len(self._planned)}
        body = {"stackId": stack, "event": START, "machine": "deeds", "eventId": event_id}
        self._add({**body, "context": context})

    def _told(self, stack: str) -> None:
        """Events that a stack which is parked may wait for, some with a part of the context."""
        for _ in range(self._rng.choice((1, 1, 2))):
            number = len(self._planned) + 1
            brought = {"context": {f"k{number}": number}} if self._rng.random() < 0.7 else {}
            self._event(stack, self._rng.choice(("go", "again")), **brought)

    def _again(self, stack: str) -> None:
        """A START that has come before, or that begins a new life if there is none."""
        if self._rng.random() < 0.5:
            self._launch(stack)
        else:
            self._start(stack, f"start/{stack}/{len(self._planned)}")

    def _resent(self, stack: str) -> None:
        event_id = f"twice-{len(self._planned)}"
        for _ in range(2):
            self._event(stack, "go", eventId=event_id)

    def _forged(self, stack: str) -> None:
        task = {"name": "actions", "token": self._rng.choice(("0" * 32, "é"))}
        name = self._rng.choice((TASK_COMPLETED, TASK_ERROR))
        self._add({"stackId": stack, "event": name, "task": task})

    def _redriven(self, stack: str) -> None:
        self._at += 120_000
        self._add(redrive=self._rng.randint(0, 4))


class ExecutionsWorkload(Workload):
    """The plan of a history of executions in Amazon States Language."""

    machines = EXECUTED
    files = CHANGED

    def __init__(self, rng: Random, *, changes_file: bool = False) -> None:
        super().__init__(rng, changes_file=changes_file)
        self._inputs: dict[str, dict[str, Any]] = {}
        self._starts: dict[str, str] = {}

    def plan(self, events: int = EVENTS) -> list[Planned]:
        """Some histories go on once what has ended has expired: names are free again."""
        super().plan(events)
        if self._rng.random() < 0.3:
            self._at += EXPIRED_MS
            for stack in STACKS:
                self._inputs.pop(stack, None)
                self._starts[stack] = f"start/{stack}/anew"
                self._launch(stack)
                self._again(stack)
        return self._planned

    def _bursts(self) -> dict[Burst, float]:
        return {
            self._another: 3,
            self._again: 3,
            self._otherwise: 2,
            self._elsewhere: 1,
            self._stop: 1,
            self._repair: 2,
            self._migrate: 0.5,
            self._resent: 1,
            self._forged: 2,
            self._echo: 4,
        }

    def _launch(self, stack: str) -> None:
        self._start(stack, self._starts.setdefault(stack, f"start/{stack}"))

    def _start(self, stack: str, event_id: str, **fields: Any) -> None:
        told = self._inputs.setdefault(stack, self._input())
        body = {"stackId": stack, "event": START, "machine": self._machines[stack]}
        self._add({**body, "eventId": event_id, "input": told, **fields})

    def _input(self) -> dict[str, Any]:
        items = [self._rng.randint(0, 30) for _ in range(self._rng.randint(0, 4))]
        is_wrong = self._rng.random() < 0.3
        return {"n": 0, "of": self._rng.randint(1, 3), "items": items, "wrong": is_wrong}

    def _another(self, stack: str) -> None:
        """An execution of another name, in the form that the API gives them."""
        machine = self._rng.choice(self.machines)
        name = f"{machine}:{len(self._planned)}"
        self._machines[name] = machine
        self._launch(name)

    def _again(self, stack: str) -> None:
        """The same START, as the same event or as another."""
        number = len(self._planned)
        self._start(stack, self._rng.choice((self._starts[stack], f"start/{stack}/{number}")))

    def _otherwise(self, stack: str) -> None:
        """The same name with another input."""
        number = len(self._planned)
        self._start(stack, f"other/{number}", input={**self._input(), "by": number})

    def _elsewhere(self, stack: str) -> None:
        """The same name on another machine, or one on a machine that there is not."""
        if self._rng.random() < 0.5:
            others = [name for name in self.machines if name != self._machines[stack]]
            self._start(stack, f"other/{len(self._planned)}", machine=self._rng.choice(others))
        else:
            name = f"nowhere:{len(self._planned)}"
            body = {"stackId": name, "event": START, "machine": "nowhere", "input": {}}
            self._add(body)

    def _stop(self, stack: str) -> None:
        self._event(stack, self._rng.choice((STOP_EXECUTION, STOP_EXECUTION, CANCEL_TASKS, "NOTE")))

    def _repair(self, stack: str) -> None:
        self._event(stack, RETRY_PENDING_TASKS)

    def _resent(self, stack: str) -> None:
        event_id = f"twice-{len(self._planned)}"
        for _ in range(2):
            self._event(stack, STOP_EXECUTION, eventId=event_id)

    def _forged(self, stack: str) -> None:
        task = {"name": self._rng.choice(("Add#1", "Ask#1", "Swell#2", "timer"))}
        token = {"token": self._rng.choice(("", "0" * 32, "é"))}
        name = self._rng.choice((TASK_COMPLETED, TASK_ERROR))
        self._add(
            {
                "stackId": stack,
                "event": name,
                "task": task | token,
                "result": {"output": {"n": -1}},
            }
        )


def small_life() -> Iterator[Planned]:
    """One life with two tasks, a failure that is retried, and its end."""
    yield Planned(1, 0, {"stackId": "s1", "event": "LAUNCH", "machine": "small"})
    yield Planned(2, 4_000, {"stackId": "s1", "event": "NOTE", "metadata": {"k2": 2}})
    yield Planned(3, 1_500_000, {"stackId": "s1", "event": "DESTROY"})


def small_execution() -> Iterator[Planned]:
    """An execution that is started twice, with a wait, branches, items and a retry, which is large
    at times."""
    told = {"n": 0, "of": 1, "items": [1, 3], "wrong": False, "note": "x" * 300}
    start = {"stackId": "s1", "event": START, "machine": "orders", "input": told}
    yield Planned(1, 0, {**start, "eventId": "start/s1"})
    yield Planned(2, 3_000, start)


def small_call() -> Iterator[Planned]:
    """An execution that asks by a token and starts another one."""
    start = {"stackId": "s1", "event": START, "machine": "asking", "input": {"n": 0}}
    yield Planned(1, 0, start)


def small_deed() -> Iterator[Planned]:
    """A machine of actions that fails once, starts two others, waits, parks and ends."""
    start = {"stackId": "s1", "event": START, "machine": "deed", "eventId": "start/s1"}
    yield Planned(1, 0, start)
    yield Planned(2, 1_800_000, {"stackId": "s1", "event": "go", "context": {"k2": 2}})
