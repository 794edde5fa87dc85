"""A stack as a row: a plain JSON object with the original's fields, and ours beside them."""

from collections.abc import Mapping
from typing import Any

from cloudseam.errors import RetryableError, StackTooLargeError
from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam.stack import Stack, Task, TaskStatus

MARK_CHARACTERS = 8
REMOVED = "REMOVED"
# DynamoDB takes 400 KB per item, names included (developer guide, "Service quotas"); what is
# refused above this leaves room for its encoding.
MAX_ROW_BYTES = 350_000


class UnreadableRowError(RetryableError):
    """A stored row does not have the shape of a stack."""


def to_row(stack: Stack) -> dict[str, Any]:
    """The row of the commit that follows the version the stack was read with."""
    row: dict[str, Any] = {
        "id": stack.id,
        "machine": stack.machine,
        "version": stack.version + 1,
        "epoch": stack.epoch,
        "applied": "".join(stack.applied),
    }
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
    return row | ({"outputs": dict(stack.outputs)} if stack.outputs else {})


def from_row(row: Mapping[str, Any]) -> Stack:
    """The stack of a row, ours or the original's.

    Raises:
        UnreadableRowError: the row is not a stack's.
    """
    try:
        return Stack(
            id=_text(row["id"]),
            machine=_text(row["machine"]),
            state=REMOVED if row.get("removedAt") else _text(row["_state"]),
            previous_state=row.get("previousState") or None,
            # The original could add a task without a name, which nothing can ever satisfy.
            tasks=tuple(_task(task) for task in row.get("tasks") or () if task.get("name")),
            metadata=dict(row.get("metadata") or {}),
            outputs=dict(row.get("outputs") or {}),
            created_at=int(row.get("createdAt") or 0),
            updated_at=int(row.get("updatedAt") or 0),
            version=int(row.get("version") or 0),
            epoch=int(row.get("epoch") or 0),
            applied=_marks(row.get("applied") or ""),
            machine_digest=row.get("machineDigest") or "",
            removed_at=row.get("removedAt"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableRowError(
            f"The row of stack '{row.get('id')}' cannot be read ({type(error).__name__}). "
            "Repair it, or remove it and launch the stack again.",
            stack_id=str(row.get("id")),
        ) from None


def refuse_oversize(stack: Stack, row_bytes: int) -> None:
    """Refuses a row that the store would not take.

    Raises:
        StackTooLargeError: it is over `MAX_ROW_BYTES`.
    """
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
    return row


def _task(row: Mapping[str, Any]) -> Task:
    return Task(
        name=_text(row["name"]),
        status=TaskStatus(row["status"]),
        error_message=row.get("errorMessage"),
        token=row.get("token") or "",
        attempt=int(row.get("attempt") or 1),
        asked_by=row.get("askedBy") or "",
    )


def _marks(applied: str) -> tuple[str, ...]:
    starts = range(0, len(applied), MARK_CHARACTERS)
    return tuple(applied[start : start + MARK_CHARACTERS] for start in starts)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value
