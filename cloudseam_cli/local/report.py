"""What a worker tells of its work: one line of JSON each, and never a metadata value."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from cloudseam.errors import CloudSeamError
from cloudseam.event import ANSWERS, TASK_COMPLETED, Answer, Event, Json
from cloudseam.messages import parse_task
from cloudseam.outcome import Fate, Outcome
from cloudseam.stack import Stack
from cloudseam.step import Verdict
from cloudseam_cli.actions_progress import Progress

MAX_REASON_CHARACTERS = 2_000


class Kind(StrEnum):
    """What is told."""

    READY = "READY"  # the worker can take messages
    MOVED = "MOVED"  # an event was applied, whether or not the state is another one now
    SATISFIED = "SATISFIED"
    FAILED = "FAILED"
    IGNORED = "IGNORED"
    RETURNED = "RETURNED"
    STARTED = "STARTED"
    RAISED = "RAISED"  # the handler itself broke
    DEAD_LETTER = "DEAD_LETTER"
    NOTE = "NOTE"  # of the console itself: a file has changed


@dataclass(frozen=True, slots=True)
class Report:
    """`at` is in epoch seconds. `left` and `entered` are states, set when the stack moved.
    `message_id` is a dead letter's, `retry_at` when a failed task is tried again by itself (epoch
    milliseconds); where its stack `goes_on` nobody has to ask for it again.
    """

    kind: Kind
    stack: str = ""
    machine: str = ""
    event: str = ""
    left: str | None = None
    entered: str | None = None
    is_removed: bool = False
    tasks: tuple[str, ...] = ()
    reason: str = ""
    event_id: str = ""
    message_id: str = ""
    retry_at: int = 0
    goes_on: bool = False
    at: float = field(default_factory=time.time)

    def line(self) -> str:
        """The report as one line."""
        return json.dumps(asdict(self)) + "\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """The report of a line."""
        fields = json.loads(line)
        return cls(**fields | {"kind": Kind(fields["kind"]), "tasks": tuple(fields["tasks"])})


def report_outcome(outcome: Outcome) -> Iterator[Report]:
    """What there is to tell of an event's outcome, in order.

    Nothing of dead letters, which are told of when they lie on their queue, whoever put them there.
    """
    if outcome.fate is Fate.DEAD_LETTERED:
        return
    known = _known(outcome)
    if outcome.error is not None:
        yield Report(Kind.RETURNED, **known, reason=reason_of(outcome.error))
    elif outcome.verdict is not Verdict.APPLIED:
        yield Report(Kind.IGNORED, **known, reason=str(outcome.verdict or "").lower())
    else:
        yield from _applied(outcome, known)


def _applied(outcome: Outcome, known: Mapping[str, Any]) -> Iterator[Report]:
    before, after, event = outcome.before, outcome.after, outcome.event
    answer = event.answer if event and event.name in ANSWERS else None
    if event is not None and answer is not None:
        yield _answered(event, answer, after, known)
    asked = outcome.tasks_asked
    if answer is None or asked or _has_moved(before, after):
        known = {**known, "event": _event_of(after, answer) or known["event"]}
        yield Report(Kind.MOVED, **known, **_move(before, after), tasks=asked)


def _event_of(after: Stack | None, answer: Answer | None) -> str:
    """What an action returned, where that made a transition of the answer."""
    progress = Progress.of(after) if after is not None and answer is not None else None
    if progress is None or after is None or after.is_removed or progress.is_ending:
        return ""
    return progress.event


def _answered(
    event: Event, answer: Answer, after: Stack | None, known: Mapping[str, Any]
) -> Report:
    completed = event.name == TASK_COMPLETED
    task = after.task(answer.task) if after is not None and not completed else None
    return Report(
        Kind.SATISFIED if completed else Kind.FAILED,
        **known,
        tasks=(answer.task,),
        reason="" if completed else (answer.description or "")[-MAX_REASON_CHARACTERS:],
        retry_at=task.retry_at if task else 0,
        goes_on=not completed and task is None,
    )


def _has_moved(before: Stack | None, after: Stack | None) -> bool:
    if before is None or after is None:
        return True
    # An execution ends in another state without an entry into one.
    return (after.epoch, after.state, after.is_removed) != (
        before.epoch,
        before.state,
        before.is_removed,
    )


def _move(before: Stack | None, after: Stack | None) -> dict[str, Any]:
    if after is None or not _has_moved(before, after):
        return {}
    was_there = before is not None and not before.is_removed
    return {
        "left": before.state if before is not None and was_there else after.previous_state,
        "entered": after.state,
        "is_removed": after.is_removed,
    }


def _known(outcome: Outcome) -> dict[str, Any]:
    event, stack = outcome.event, outcome.after or outcome.before
    machine = stack.machine if stack else event.machine if event else None
    name = event.name if event else ""
    if event is not None and event.answer is not None:
        name = f"{name} of {event.answer.task}"
    return {
        "stack": event.stack_id if event else "",
        "machine": machine or "",
        "event": name,
        "event_id": event.id if event else "",
    }


def report_tasks(event: Mapping[str, Any]) -> Iterator[Report]:
    """Which tasks a batch has a satisfier run."""
    for record in event["Records"]:
        try:
            request = parse_task(record["body"])
        except CloudSeamError:
            continue  # told of as a dead letter
        action = request.config.get("action", "")
        if request.input is not None:
            action = ", ".join(_actions(request.input))
        how = f"{request.executor} {action}" if isinstance(action, str) else request.executor
        yield Report(
            Kind.STARTED,
            stack=request.stack_id,
            machine=request.machine,
            tasks=(request.name,),
            reason=how.strip(),
        )


def _actions(told: Mapping[str, Json]) -> Iterator[str]:
    """The actions of an invocation; local transitions may add more."""
    states = told.get("states")
    state = states.get(str(told.get("to"))) if isinstance(states, dict) else None
    slots = state if isinstance(state, dict) else {}
    for name in (told.get("exit"), told.get("transition"), slots.get("entry"), slots.get("do")):
        if isinstance(name, str):
            yield name


def reason_of(error: Exception) -> str:
    """The reason in words where it is one of ours, whose texts never hold a metadata value."""
    text = str(error) if isinstance(error, CloudSeamError) else type(error).__name__
    return text[:MAX_REASON_CHARACTERS]
