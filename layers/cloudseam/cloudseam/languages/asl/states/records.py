"""What a ResultWriter tells of the iterations of a distributed Map, each as of an execution."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.execution import Status, Thread
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.moment import moment_text
from cloudseam.languages.asl.states.map_run import WRITER, keep, kept

INCLUDED = {"Included": True}
PENDING = "PENDING"


def note_success(parent: Thread, child: Thread, state: State, now: int) -> None:
    """Counts the items of an iteration that has succeeded, and keeps its output, as its record if
    the Map has a writer."""
    told = kept(parent)
    items = told["succeeded_items"] + _items_of(child, state)
    keep(parent, succeeded=told["succeeded"] + 1, succeeded_items=items)
    output: Any = child.input
    if WRITER in state:
        shown = {"Output": text_of(output), "OutputDetails": INCLUDED}
        output = record(parent, child.index, child.begun, Status.SUCCEEDED, now, **shown)
    parent.results[str(child.index)] = output


def note_failure(
    parent: Thread, child: Thread, state: State, now: int, failed: StateFailure
) -> None:
    """Counts the items of an iteration that has failed, and keeps its record if the Map has a
    writer."""
    parent.failures += 1
    items = kept(parent)["failed_items"] + _items_of(child, state)
    keep(parent, failed_items=items)
    if WRITER in state:
        told = {"Error": failed.error, "Cause": failed.cause}
        made = record(parent, child.index, child.begun, Status.FAILED, now, **told)
        keep(parent, failed={**kept(parent)["failed"], str(child.index): made})


def _items_of(child: Thread, state: State) -> int:
    """How many items an iteration has: a batch may have several."""
    return len((child.item or {})["Value"]["Items"]) if "ItemBatcher" in state else 1


def note_unfinished(parent: Thread, children: Iterable[Thread], now: int) -> None:
    """Keeps the records of the iterations that are ended from outside or will not begin."""
    failed = dict(kept(parent)["failed"])
    for child in children:
        made = record(parent, child.index, child.begun, Status.ABORTED, now)
        failed.setdefault(str(child.index), made)
    for index, value, *selected in parent.waiting_items:
        begun = {"input": selected[0] if selected else value}
        failed[str(index)] = record(parent, index, begun, PENDING, now)
    keep(parent, failed=failed)


def record(
    parent: Thread,
    index: int,
    begun: Mapping[str, Any] | None,
    status: str,
    now: int,
    **told: Any,
) -> dict[str, Any]:
    """The record of an iteration (developer guide, "ResultWriter", examples). `begun` has its
    `input`, and the moment `at` which it began if it has."""
    begun = begun or {}
    place, _, name = kept(parent)["arn"].rpartition(":")
    found: dict[str, Any] = {
        "ExecutionArn": f"{place.replace(':mapRun:', ':execution:')}:{name}-{index}",
        "Input": text_of(begun.get("input")),
        "InputDetails": INCLUDED,
        "Name": f"{name}-{index}",
        **told,
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": f"Execution is {status} and cannot be redriven",
        "StateMachineArn": place.replace(":mapRun:", ":stateMachine:"),
        "Status": status,
    }
    if status != PENDING:
        found |= {"StartDate": moment_text(begun["at"]), "StopDate": moment_text(now)}
    return {each: found[each] for each in sorted(found) if found[each] is not None}


def all_records(thread: Thread) -> list[dict[str, Any]]:
    """The records of all iterations, in the order of their items."""
    records = {**thread.results, **kept(thread)["failed"]}
    return [records[index] for index in sorted(records, key=int)]
