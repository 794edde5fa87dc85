"""A stack's next row as an item, and what DynamoDB's refusal to write it means."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cloudseam.errors import CloudSeamError, StackConflictError, StackTooLargeError
from cloudseam.persistence.dynamodb.items import Attribute, item_of, unavailable
from cloudseam.persistence.dynamodb.logs import log_rows
from cloudseam.persistence.memory_rows import emptied, spill
from cloudseam.persistence.row import UnwritableRowError, refuse_oversize, to_row
from cloudseam.stack import Stack

# Another writer was first, or is writing at this moment. PutItem says so by its error,
# TransactWriteItems by its `CancellationReasons`, BatchExecuteStatement by each statement's `Code`
# (API reference of each).
LOST_RACES = {
    "ConditionalCheckFailedException",
    "ConditionalCheckFailed",
    "DuplicateItem",
    "TransactionConflict",
    "TransactionConflictException",
}
INVALID = {"ValidationException", "ValidationError"}


@dataclass(frozen=True, slots=True)
class Commit:
    """A stack that is to be written, one version after the one it was read with.

    `size` is about that of its row, in bytes; `beside` are rows that are written with it or not at
    all.
    """

    stack: Stack
    item: dict[str, Attribute]
    size: int
    beside: tuple[dict[str, Any], ...] = ()


def commit_of(stack: Stack) -> Commit | CloudSeamError:
    """The stack's commit, or why it has none that DynamoDB could take."""
    try:
        row = to_row(stack)
        size = len(json.dumps(row))
        refuse_oversize(stack, row, size)
        kept, pieces = spill(row)
        if not (pieces or stack.log or stack.memory_pieces):
            return Commit(stack, item_of(row), size)
        beside = (*pieces, *emptied(stack), *log_rows(stack))
        return Commit(stack, item_of(kept), size, beside)
    except CloudSeamError as error:
        return error
    except (ArithmeticError, TypeError, ValueError) as error:
        unwritable = UnwritableRowError(
            f"Stack '{stack.id}' holds a value that DynamoDB cannot keep ({type(error).__name__}).",
            stack_id=stack.id,
        )
        unwritable.__cause__ = error
        return unwritable


def refusal(stack: Stack, codes: set[str], cause: Exception) -> CloudSeamError:
    """What it means for a stack that its commit failed with these codes."""
    if codes & LOST_RACES:
        return StackConflictError(
            f"Stack '{stack.id}' was changed by another writer.", stack_id=stack.id
        )
    if codes & INVALID:
        refused = StackTooLargeError(
            f"DynamoDB refused the row of stack '{stack.id}' as invalid.", stack_id=stack.id
        )
        refused.__cause__ = cause
        return refused
    return unavailable("write the stacks", cause)
