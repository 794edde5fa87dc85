"""What can be seen of a run from outside: rows, history, dead letters, logs, invocations."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cloudseam.history import Entry
from cloudseam.stack import Stack
from tests.chaos.fleet import Life
from tests.chaos.installation import Installation
from tests.chaos.log_lines import attempt_of, json_lines
from tests.chaos.workload import Sent


@dataclass(frozen=True)
class Letter:
    """A dead letter. Two of one message are one rejection: the first one's sender was killed."""

    event_id: str
    message_id: str
    error: str


@dataclass(frozen=True)
class Start:
    """A run of an attempt, as the satisfier noted it. `life` is the process that ran it.

    Times are in seconds; `ended_at` is None where the process never noted an end.
    """

    attempt: tuple[str, int, int, str]
    at: float
    life: Life
    ended_at: float | None = None


@dataclass
class Evidence:
    """All there is to judge by. `farewells` has what each removed life of a stack ended with."""

    machine: Path
    sent: Sequence[Sent]
    stacks: Mapping[str, Stack]
    history: Mapping[str, Sequence[Entry]]
    letters: Sequence[Letter]
    task_letters: int
    starts: Sequence[Start]
    invocations: Sequence[Mapping[str, Any]]
    applied_lines: Mapping[str, int]
    handled_again: Mapping[str, int]
    crashes: Sequence[str]
    left: Mapping[str, int]
    farewells: Mapping[str, frozenset[frozenset[str]]] = field(default_factory=dict)


def gather(
    installation: Installation, machine: str, sent: Sequence[Sent], lives: Sequence[Life]
) -> Evidence:
    """Looks at everything. The dead-letter queues are empty afterwards."""
    stacks = installation.stacks(sorted({event.stack_id for event in sent}))
    invocations = list(json_lines(installation.journal))
    lines = [(life, line) for life in lives for line in json_lines(life.log)]
    left = {queue: installation.waiting(queue) for queue in ("EVENT_QUEUE", "TASK_QUEUE")}
    return Evidence(
        machine=Path(installation.settings["MACHINE_SPEC_DIR"]) / f"{machine}.yml",
        sent=sent,
        stacks=stacks,
        history={stack.id: _history(installation, stack) for stack in stacks.values()},
        letters=[_letter(letter) for letter in installation.letters("EVENT_DLQ")],
        task_letters=len(list(installation.letters("TASK_DLQ"))),
        starts=[start for life in lives for start in _starts(life)],
        invocations=invocations,
        applied_lines=_applied_lines([line for _, line in lines]),
        handled_again=_handled_again([line for _, line in lines]),
        crashes=[life.log.name for life in lives if "Traceback" in life.log.read_text()],
        left=left,
        farewells=_farewells(invocations, sent),
    )


def _history(installation: Installation, stack: Stack) -> Sequence[Entry]:
    """All that ever happened to the stack, the oldest first."""
    return installation.repository.history(stack.id, stack.version, stack.version)[::-1]


def _applied_lines(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """How often the log says that an event was applied, by the event's id."""
    told: dict[str, int] = defaultdict(int)
    for line in lines:
        if _says(line, "Event applied"):
            told[line["event_id"]] += 1
    return told


def _handled_again(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, int]:
    """What became of messages that came again though nobody had given them back."""
    returned = {
        (line["message_id"], line["receive_count"])
        for line in lines
        if str(line.get("message", "")).endswith("returned to the queue")
    }
    again: dict[str, int] = defaultdict(int)
    for line in lines:
        receives = line.get("receive_count", 1)
        if receives > 1 and (line["message_id"], receives - 1) not in returned:
            again[str(line.get("verdict") or line.get("ending") or line["message"])] += 1
    return again


def _farewells(
    invocations: Sequence[Mapping[str, Any]], sent: Sequence[Sent]
) -> Mapping[str, frozenset[frozenset[str]]]:
    """By stack, the ids of events that each of its lives had applied when its end was asked for.

    Repairs are left out: they may still be applied after that.
    """
    ids = {event.id for event in sent if event.name != "RETRY_FAILED_TASKS"}
    lives: dict[str, set[frozenset[str]]] = defaultdict(set)
    for line in invocations:
        if line["task"] == "remove":
            lives[line["stack"]].add(frozenset(ids.intersection(line["keys"])))
    return {stack_id: frozenset(found) for stack_id, found in lives.items()}


def _starts(life: Life) -> Iterator[Start]:
    begun: dict[tuple[str, int, int, str], list[Start]] = defaultdict(list)
    for line in json_lines(life.log):
        if _says(line, "Task started"):
            begun[attempt_of(line)].append(Start(attempt_of(line), _moment(line), life))
        elif line.get("message") in {"Task completed", "Task failed"}:
            yield replace(begun[attempt_of(line)].pop(), ended_at=_moment(line))
    for starts in begun.values():
        yield from starts


def _moment(line: Mapping[str, Any]) -> float:
    """When a line was logged, in seconds of the system's clock."""
    return datetime.strptime(line["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z").timestamp()


def _letter(message: Mapping[str, Any]) -> Letter:
    attributes = {
        name: value["StringValue"] for name, value in message["MessageAttributes"].items()
    }
    event_id = json.loads(message["Body"]).get("eventId", message["Body"])
    return Letter(event_id, attributes["messageId"], attributes["error"])


def _says(line: Mapping[str, Any], message: str) -> bool:
    return line.get("message") == message
