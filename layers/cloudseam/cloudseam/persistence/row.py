"""A stack as a row: a plain JSON object with the original's fields, and ours beside them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from cloudseam.errors import RetryableError, StackTooLargeError, TerminalError
from cloudseam.history import Entry
from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam.persistence.packed import pack, unpack
from cloudseam.stack import REMOVED, Stack, Task, TaskStatus
from cloudseam.start import Start
from cloudseam.transition import Transition

MARK_CHARACTERS = 8
# Of a stack's history its row keeps the end, in bytes of JSON: some six entries.
MAX_HISTORY_BYTES = 320
# DynamoDB takes 400 KB per item, names included (developer guide, "Service quotas"); what is
# refused above this leaves room for its encoding.
MAX_ROW_BYTES = 350_000
# What a machine's language may keep of a stack besides, in bytes of JSON, packed: with the log of a
# commit it has to fit into a transaction of DynamoDB, which takes 4 MB (API reference).
MAX_MEMORY_BYTES = 2_000_000
# The same before it is packed, so that whoever takes it up has room for it: what repeats itself
# may pack to a thousandth.
MAX_UNPACKED_MEMORY_BYTES = 30_000_000
# So much more may be kept of what has ended: its end, with its cause, has to find a place.
END_BYTES = 50_000
# So much of it may be in the row itself, and is not packed.
MAX_OWN_MEMORY_BYTES = 150_000
# All that a row may have beside its id.
NAMES = (
    *("machine", "version", "epoch", "applied", "oldApplied", "history", "transitions"),
    *("_state", "previousState", "tasks", "metadata", "outputs", "machineDigest"),
    *("createdAt", "updatedAt", "removedAt", "ttl"),
    *("memory", "memoryPieces", "starts", "expiresAt"),
)


class UnreadableRowError(RetryableError):
    """A stored row does not have the shape of a stack."""


class UnwritableRowError(TerminalError):
    """The stack holds a value that the store cannot keep."""


def to_row(stack: Stack) -> dict[str, Any]:
    """The row of the commit that follows the version the stack was read with.

    Raises:
        StackTooLargeError: what the language keeps is over `MAX_UNPACKED_MEMORY_BYTES`.
    """
    row: dict[str, Any] = {
        "id": stack.id,
        "machine": stack.machine,
        "version": stack.version + 1,
        "epoch": stack.epoch,
        "applied": "".join(stack.applied),
    }
    if stack.old_applied_at:
        row["oldApplied"] = [stack.old_applied, stack.old_applied_at]
    if stack.history:
        row["history"] = recent(stack.history, MAX_HISTORY_BYTES)
    if stack.memory:
        row["memory"] = _memory_text(stack)
    if stack.starts:
        row["starts"] = json.dumps(
            [[start.owed_to, start.body] for start in stack.starts], separators=(",", ":")
        )
    if stack.transitions:
        row["transitions"] = [_transition_row(made, stack.machine) for made in stack.transitions]
    if stack.removed_at is not None:
        ttl = stack.removed_at // 1000 + TOMBSTONE_SECONDS
        return row | {"removedAt": stack.removed_at, "ttl": ttl}
    row |= {
        "_state": stack.state,
        "previousState": stack.previous_state,
        "tasks": [_task_row(task) for task in stack.tasks],
        "metadata": dict(stack.metadata),
        "createdAt": stack.created_at,
        "updatedAt": stack.updated_at,
        "machineDigest": stack.machine_digest,
    }
    if stack.expires_at:
        row |= {"expiresAt": stack.expires_at, "ttl": stack.expires_at // 1000}
    return row | ({"outputs": dict(stack.outputs)} if stack.outputs else {})


def _memory_text(stack: Stack) -> str:
    """What a language keeps, as text: it may keep numbers and names that no store would."""
    text = json.dumps(dict(stack.memory), separators=(",", ":"))
    if len(text) > MAX_UNPACKED_MEMORY_BYTES + _room_for_end(stack):
        raise _too_much_memory(stack, len(text), MAX_UNPACKED_MEMORY_BYTES)
    return text if len(text) <= MAX_OWN_MEMORY_BYTES else pack(text)


def _room_for_end(stack: Stack) -> int:
    return END_BYTES if stack.expires_at else 0


def _too_much_memory(stack: Stack, size: int, most: int) -> StackTooLargeError:
    return StackTooLargeError(
        f"What machine '{stack.machine}' keeps of stack '{stack.id}' would be {size} bytes; "
        f"at most {most} can be kept. Keep large values elsewhere.",
        stack_id=stack.id,
        machine=stack.machine,
        state=stack.state,
    )


def memory_of(text: str) -> dict[str, Any]:
    """What a language keeps, of that text.

    Raises:
        ValueError: it is none.
    """
    memory = json.loads(unpack(text) or "{}")
    if not isinstance(memory, dict):
        raise ValueError("`memory` is not an object")
    return memory


def from_row(row: Mapping[str, Any]) -> Stack:
    """The stack of a row, ours or the original's.

    Raises:
        UnreadableRowError: the row is not a stack's.
    """
    try:
        removed_at = _number(row, "removedAt") or None
        old_applied, old_applied_at = _pair(row, "oldApplied")
        return Stack(
            id=_text(row, "id"),
            machine=_text(row, "machine"),
            state=REMOVED if removed_at else _text(row, "_state"),
            previous_state=_text_or_empty(row, "previousState") or None,
            # The original could add a task without a name, which nothing can ever satisfy.
            tasks=tuple(_task(task) for task in _tasks(row) if task.get("name")),
            metadata=_object(row, "metadata"),
            outputs=_object(row, "outputs"),
            created_at=_number(row, "createdAt"),
            updated_at=_number(row, "updatedAt"),
            version=_number(row, "version"),
            epoch=_number(row, "epoch"),
            applied=_marks(_text_or_empty(row, "applied")),
            old_applied=old_applied,
            old_applied_at=old_applied_at,
            history=_entries(row),
            transitions=_transitions(row),
            machine_digest=_text_or_empty(row, "machineDigest"),
            memory=memory_of(_text_or_empty(row, "memory")),
            memory_pieces=_number(row, "memoryPieces"),
            starts=_starts(row),
            expires_at=_number(row, "expiresAt"),
            removed_at=removed_at,
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise unreadable(str(row.get("id")), str(error)) from None


def from_text(stack_id: str, text: str) -> Stack:
    """The stack of a row kept as a JSON text.

    Raises:
        UnreadableRowError: the text is not the row of that stack.
    """
    try:
        row = json.loads(text)
    except ValueError:
        raise unreadable(stack_id, "it is not JSON") from None
    if not isinstance(row, dict) or row.get("id") != stack_id:
        raise unreadable(stack_id, "it is not a row of that id")
    return from_row(row)


def unreadable(stack_id: str, problem: str) -> UnreadableRowError:
    """The error for a row that cannot be read."""
    return UnreadableRowError(
        f"The row of stack '{stack_id}' cannot be read: {problem}. "
        "Repair it, or remove it and launch the stack again.",
        stack_id=stack_id,
    )


def refuse_oversize(stack: Stack, row: Mapping[str, Any], row_bytes: int) -> None:
    """Refuses a row that a store would not take; what the language keeps has a limit of its own.

    Raises:
        StackTooLargeError: it is over `MAX_ROW_BYTES`, or what the language keeps is over
            `MAX_MEMORY_BYTES`, and `END_BYTES` once it has ended.
    """
    memory = len(row.get("memory", ""))
    if memory > MAX_OWN_MEMORY_BYTES:  # kept beside the row, where it has to be
        row_bytes -= memory
    if memory > MAX_MEMORY_BYTES + _room_for_end(stack):
        raise _too_much_memory(stack, memory, MAX_MEMORY_BYTES)
    if row_bytes > MAX_ROW_BYTES:
        raise StackTooLargeError(
            f"The row of stack '{stack.id}' would be {row_bytes} bytes; at most {MAX_ROW_BYTES} "
            "can be kept. Keep large values elsewhere and put references into the metadata.",
            stack_id=stack.id,
            machine=stack.machine,
            state=stack.state,
        )


def _task_row(task: Task) -> dict[str, Any]:
    row: dict[str, Any] = {"name": task.name, "status": task.status.value}
    if task.error_message is not None:
        row["errorMessage"] = task.error_message
    if task.token:
        row |= {"token": task.token, "attempt": task.attempt, "askedBy": task.asked_by}
    numbers = {
        "askedAt": task.asked_at,
        "deadline": task.deadline,
        "retryAt": task.retry_at,
        "first": task.first if task.first > 1 else 0,
        "resent": task.resent,
    }
    return row | {name: number for name, number in numbers.items() if number}


def _tasks(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    tasks = row.get("tasks") or []
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise ValueError("`tasks` is not a list of tasks")
    return tasks


def _task(row: Mapping[str, Any]) -> Task:
    return Task(
        name=_text(row, "name"),
        status=_status(row),
        error_message=_error_message(row.get("errorMessage")),
        token=_text_or_empty(row, "token"),
        attempt=_number(row, "attempt") or 1,
        asked_by=_text_or_empty(row, "askedBy"),
        asked_at=_number(row, "askedAt"),
        deadline=_number(row, "deadline"),
        retry_at=_number(row, "retryAt"),
        first=_number(row, "first") or 1,
        resent=_number(row, "resent"),
    )


def entry_row(entry: Entry) -> list[Any]:
    """An entry of history as a short list: what is empty at its end is left out."""
    parts = [entry.at, entry.event, entry.state, entry.task, entry.verdict]
    while not parts[-1]:
        parts.pop()
    return parts


def entry_from_row(parts: Any, version: int = 0) -> Entry:
    """The entry of such a list.

    Raises:
        ValueError: it is none.
    """
    match parts:
        case [at, str(event), str(state), *more] if all(isinstance(s, str) for s in more):
            if _is_number(at):
                task, verdict = [*more, "", ""][:2]
                return Entry(at, event, state, task, verdict, version)
    raise ValueError("an entry of `history` is malformed")


def _entries(row: Mapping[str, Any]) -> tuple[Entry, ...]:
    entries = row.get("history") or []
    if not isinstance(entries, list):
        raise ValueError("`history` is not a list")
    return tuple(entry_from_row(entry) for entry in entries)


def _transition_row(made: Transition, machine: str) -> list[Any]:
    """A transition as a list: its machine is there only where it is not the row's own."""
    parts = [made.by, made.at, made.event, made.origin, made.target, made.epoch]
    return parts if made.machine == machine else [*parts, made.machine]


def _transitions(row: Mapping[str, Any]) -> tuple[Transition, ...]:
    listed = row.get("transitions") or []
    if not isinstance(listed, list):
        raise ValueError("`transitions` is not a list")
    return tuple(_transition(parts, _text(row, "machine")) for parts in listed)


def _transition(parts: Any, machine: str) -> Transition:
    match parts:
        case [str(by), at, str(event), str(origin), str(target), epoch, *other]:
            machine = other[0] if other else machine
            if _is_number(at) and _is_number(epoch) and isinstance(machine, str):
                return Transition(by, at, event, machine, origin, target, epoch)
    raise ValueError("an entry of `transitions` is malformed")


def recent(history: Sequence[Entry], room: int) -> list[list[Any]]:
    """The latest entries, as many as there is room for, in bytes of JSON."""
    kept: list[list[Any]] = []
    for entry in reversed(history):
        written = entry_row(entry)
        room -= len(json.dumps(written))
        if room < 0:
            break
        kept.append(written)
    return kept[::-1]


def _starts(row: Mapping[str, Any]) -> tuple[Start, ...]:
    owed = json.loads(_text_or_empty(row, "starts") or "[]")
    match owed:
        case [*pairs] if all(_is_start(pair) for pair in pairs):
            return tuple(Start(body, owed_to) for owed_to, body in pairs)
    raise ValueError("`starts` is not a list of starts")


def _is_start(pair: Any) -> bool:
    match pair:
        case [str(), dict()]:
            return True
    return False


def _pair(row: Mapping[str, Any], name: str) -> tuple[int, int]:
    match row.get(name):
        case None:
            return 0, 0
        case [first, second] if _is_number(first) and _is_number(second):
            return first, second
    raise ValueError(f"`{name}` is not a pair of numbers")


def _status(row: Mapping[str, Any]) -> TaskStatus:
    try:
        return TaskStatus(row.get("status", ""))
    except ValueError:
        raise ValueError("a task's `status` is none of CloudSeam's") from None


def _error_message(told: Any) -> str | None:
    """The original kept whatever was told as the description, of any type."""
    return told if told is None or isinstance(told, str) else json.dumps(told)


def _marks(applied: str) -> tuple[str, ...]:
    starts = range(0, len(applied), MARK_CHARACTERS)
    return tuple(applied[start : start + MARK_CHARACTERS] for start in starts)


def _text(row: Mapping[str, Any], name: str) -> str:
    text = _text_or_empty(row, name)
    if not text:
        raise ValueError(f"`{name}` is missing")
    return text


def _text_or_empty(row: Mapping[str, Any], name: str) -> str:
    text = row.get(name)
    if text is None or isinstance(text, str):
        return text or ""
    raise ValueError(f"`{name}` is not a text")


def _number(row: Mapping[str, Any], name: str) -> int:
    number = row.get(name)
    if number is None:
        return 0
    if _is_number(number):
        return number
    raise ValueError(f"`{name}` is not a whole number")


def _is_number(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number from 0 on; `True` is none."""
    return type(value) is int and value >= 0


def _object(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = row.get(name) or {}
    if not isinstance(found, dict):
        raise ValueError(f"`{name}` is not an object")
    return found
