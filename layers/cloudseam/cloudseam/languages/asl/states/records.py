"""What a ResultWriter tells of the iterations of a distributed Map, each as of an execution.

Until they are told, a Map keeps as little of each as it can.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.execution import Status, Thread
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.moment import moment_text
from cloudseam.languages.asl.resource import WRITER
from cloudseam.languages.asl.states.map_run import keep, kept

INCLUDED = {"Included": True}
PENDING = "PENDING"


class Note(NamedTuple):
    """What is kept of an iteration: its number, its status, when it began and ended (epoch ms, 0 if
    it never did), and what it was given. `output` is that of one that has succeeded."""

    number: int
    status: str
    began: int
    ended: int
    input: Any
    output: Any = None
    error: str | None = None
    cause: str | None = None

    @property
    def has_succeeded(self) -> bool:
        """Whether it has an output."""
        return self.status == Status.SUCCEEDED


def note_success(parent: Thread, child: Thread, state: State, now: int) -> None:
    """Counts the items of an iteration that has succeeded, and keeps its output, as a note if the
    Map has a writer."""
    told = kept(parent)
    items = told["succeeded_items"] + _items_of(child, state)
    keep(parent, succeeded=told["succeeded"] + 1, succeeded_items=items)
    parent.results[str(child.index)] = (
        list(_note(child, Status.SUCCEEDED, now, output=child.input))
        if WRITER in state
        else child.input
    )


def note_failure(
    parent: Thread, child: Thread, state: State, now: int, failed: StateFailure
) -> None:
    """Counts the items of an iteration that has failed, and keeps a note of it if the Map has a
    writer."""
    parent.failures += 1
    items = kept(parent)["failed_items"] + _items_of(child, state)
    keep(parent, failed_items=items)
    if WRITER in state:
        note = _note(child, Status.FAILED, now, error=failed.error, cause=failed.cause)
        keep(parent, failed={**kept(parent)["failed"], str(child.index): list(note)})


def note_unfinished(parent: Thread, children: Iterable[Thread], now: int) -> None:
    """Keeps notes of the iterations that are ended from outside or will not begin."""
    failed = dict(kept(parent)["failed"])
    for child in children:
        failed.setdefault(str(child.index), list(_note(child, Status.ABORTED, now)))
    for index, *values in parent.waiting_items:
        failed[str(index)] = list(Note(index, PENDING, 0, 0, values[-1]))
    keep(parent, failed=failed)


def all_notes(thread: Thread) -> list[Note]:
    """The notes of all iterations, in the order of their items."""
    notes = {**thread.results, **kept(thread)["failed"]}
    return [Note(*notes[index]) for index in sorted(notes, key=int)]


def record_of(arn: str, note: Note) -> dict[str, Any]:
    """The record of an iteration (developer guide, "ResultWriter", examples) of the run of that
    ARN."""
    place, _, name = arn.rpartition(":")
    record: dict[str, Any] = {
        "Cause": note.cause,
        "Error": note.error,
        "ExecutionArn": f"{place.replace(':mapRun:', ':execution:')}:{name}-{note.number}",
        "Input": text_of(note.input),
        "InputDetails": INCLUDED,
        "Name": f"{name}-{note.number}",
        "Output": text_of(note.output) if note.has_succeeded else None,
        "OutputDetails": INCLUDED if note.has_succeeded else None,
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": f"Execution is {note.status} and cannot be redriven",
        "StartDate": moment_text(note.began) if note.began else None,
        "StateMachineArn": place.replace(":mapRun:", ":stateMachine:"),
        "Status": note.status,
        "StopDate": moment_text(note.ended) if note.ended else None,
    }
    return {field: value for field, value in record.items() if value is not None}


def _note(child: Thread, status: Status, now: int, **told: Any) -> Note:
    begun = child.begun or {}
    given = begun["input"] if "input" in begun else (child.item or {})["Value"]
    return Note(child.index, status.value, begun["at"], now, given, **told)


def _items_of(child: Thread, state: State) -> int:
    """How many items an iteration has: a batch may have several."""
    return len((child.item or {})["Value"]["Items"]) if "ItemBatcher" in state else 1
