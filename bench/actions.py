"""Transitions of machines of actions in Python: AWS calls and CPU of both functions."""

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from json import dumps
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import Cell, Figures, Tell, times
from bench.function import (
    STATE_MACHINE,
    STORES,
    TASK_SATISFIER,
    Cost,
    Function,
    Installation,
    NotAppliedError,
    installation,
)

ROUNDS = 3
BATCHES = (1, 10)
LIVES = {1: 20, 10: 60}
# The stacks that a container meets first.
WARM_UP = 10
# Invocations of a life, the last exit among them.
TRANSITIONS = 12
MACHINE_NAME = "counter"
MACHINE = """\
machines:
- name: counter
  states:
  - name: Count
    initial: true
    entry_action: counting.Look
    do_action: counting.Count
    exit_action: counting.Look
    transitions:
    - {target: Count, event: again, action: counting.Look}
    - {target: Done, event: done}
  - {name: Done, final: true, do_action: counting.Look, exit_action: counting.Look}
"""
ACTIONS = f"""\
from cloudseam.actions import Action


class Look(Action):
    def execute(self, context, obj):
        context["looked"] = context.get("looked", 0) + 1


class Count(Action):
    def execute(self, context, obj):
        context["count"] = context.get("count", 0) + 1
        return "again" if context["count"] < {TRANSITIONS - 2} else "done"
"""
# What was recorded of aws-lambda-fsm 0.36, with real botocore: the fewest and the most calls of one
# transition, and the least and the most transitions per second of CPU.
LIBRARY_CALLS = (5, 8)
LIBRARY_RATE = (146, 249)
COLUMNS = (
    "store, batch",
    "calls per transition",
    "of the state machine",
    "of the satisfier",
    "transitions per CPU second",
    "CPU ms of the state machine",
    "CPU ms of the satisfier",
)

_numbers = count(1)


@dataclass
class Lives:
    """What so many transitions cost: by function, its calls and its CPU."""

    transitions: int = 0
    calls: dict[str, Counter[str]] = field(default_factory=dict)
    cost: dict[str, Cost] = field(default_factory=dict)

    def add(self, function: str, calls: Counter[str], cost: Cost) -> None:
        """One round of invocations."""
        self.calls[function] = self.calls.get(function, Counter()) + calls
        self.cost[function] = self.cost.get(function, Cost()) + cost

    def calls_of(self, function: str) -> float:
        """Per transition."""
        return self.calls[function].total() / self.transitions

    def milliseconds_of(self, function: str) -> float:
        """CPU per transition."""
        return 1000 * self.cost[function].cpu / self.transitions

    @property
    def per_cpu_second(self) -> float:
        """Transitions."""
        return self.transitions / sum(cost.cpu for cost in self.cost.values())


class Both:
    """A container of each function, with the same store, from `with` on."""

    def __init__(self, place: Installation, store: str) -> None:
        self._aws = place.aws
        environment = place.environment(store)
        log = place.machines.parent
        self._functions = {
            name: Function(environment, log / f"log-{name}-{next(_numbers)}", name=name)
            for name in (STATE_MACHINE, TASK_SATISFIER)
        }
        self._running = ExitStack()

    def __enter__(self) -> "Both":
        for function in self._functions.values():
            self._running.enter_context(function)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def live(self, lives: int, batch: int) -> Lives:
        """New stacks through their whole life, transition by transition.

        Raises:
            NotAppliedError: they did not make the transitions that they should.
        """
        found = Lives()
        bodies: Sequence[str] = [_start(f"stack-{next(_numbers)}") for _ in range(lives)]
        self._aws.take()
        while asked := self._taken(found, STATE_MACHINE, bodies, batch):
            found.transitions += len(asked)
            bodies = self._taken(found, TASK_SATISFIER, asked, batch)
        if found.transitions != TRANSITIONS * lives:
            raise NotAppliedError(f"{lives} lives had {found.transitions} transitions.")
        return found

    def _taken(self, found: Lives, name: str, bodies: Sequence[str], batch: int) -> Sequence[str]:
        """Has a function handle them all; what it sent."""
        batches = [bodies[n : n + batch] for n in range(0, len(bodies), batch)]
        cost = self._functions[name].handle(batches)
        taken = self._aws.take()
        found.add(name, taken.calls, cost)
        return taken.messages


def run(scale: float, tell: Tell) -> Figures:
    """Both stores take turns, round by round."""
    found: dict[tuple[str, int], list[Lives]] = {}
    with installation(*STORES) as place, ExitStack() as containers:
        _put_machine(place)
        both = {store: containers.enter_context(Both(place, store)) for store in STORES}
        for each in both.values():
            each.live(WARM_UP, 10)
        for number in range(rounds := times(ROUNDS, scale)):
            tell(f"round {number + 1} of {rounds}")
            for batch in BATCHES:
                lives = max(batch, round(LIVES[batch] * scale / batch) * batch)
                for store, each in both.items():
                    found.setdefault((store, batch), []).append(each.live(lives, batch))
    return Figures(
        "Transitions of machines of actions",
        COLUMNS,
        (*(_row(store, batch, lives) for (store, batch), lives in found.items()), _library()),
        f"Lives of {TRANSITIONS} transitions, START included, through both handlers, each in a "
        "process of its own; a transition runs up to four actions, which do next to nothing. "
        "Every message of a batch is for another stack. What Lambda itself does, receiving and "
        "deleting messages, is nobody's. With PostgreSQL statements are not counted. The last row "
        "was recorded of aws-lambda-fsm 0.36 with real botocore, and is no figure of this run. "
        f"Median of {rounds} rounds.",
    )


def _put_machine(place: Installation) -> None:
    (place.machines / f"{MACHINE_NAME}.yml").write_text(MACHINE)
    actions = Path(place.machines.parent, "actions")
    actions.mkdir()
    (actions / "counting.py").write_text(ACTIONS)
    place.settings["ACTIONS_PATH"] = os.fspath(actions)
    place.settings["SQS_TASK_DLQ_URL"] = f"{place.aws.url}/000000000000/letters"


def _start(stack: str) -> str:
    body: dict[str, Any] = {"stackId": stack, "machine": MACHINE_NAME, "event": "START"}
    return dumps(body | {"eventId": f"start/{stack}", "context": {}})


def _row(store: str, batch: int, found: Sequence[Lives]) -> tuple[Cell, ...]:
    return (
        row_name(store, batch),
        median(each.calls_of(STATE_MACHINE) + each.calls_of(TASK_SATISFIER) for each in found),
        median(each.calls_of(STATE_MACHINE) for each in found),
        median(each.calls_of(TASK_SATISFIER) for each in found),
        median(each.per_cpu_second for each in found),
        median(each.milliseconds_of(STATE_MACHINE) for each in found),
        median(each.milliseconds_of(TASK_SATISFIER) for each in found),
    )


def row_name(store: str, batch: int) -> str:
    """How the row is called."""
    return f"{store}, {batch}"


def _library() -> tuple[Cell, ...]:
    calls, rate = ("{} to {}".format(*each) for each in (LIBRARY_CALLS, LIBRARY_RATE))
    return ("aws-lambda-fsm", calls, None, None, rate, None, None)
