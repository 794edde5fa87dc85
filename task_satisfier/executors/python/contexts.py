"""The context of an invocation: had before its actions run, and kept with what they changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from cloudseam.actions.starting import Start
from cloudseam.event import Json
from cloudseam.json_context import (
    MAX_INLINE_BYTES,
    NotSerializableError,
    context_text,
    ensure_json,
)
from cloudseam.stored_context import (
    ContextBucket,
    ContextTooLargeError,
    ContextUnavailableError,
    StoredContext,
)
from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.python.invocation import Invocation

# All contexts that one answer carries, in bytes; those that are over it lie in the bucket. An
# answer is a message of SQS, which has the names, the ids and the task besides.
MAX_ANSWERED_BYTES = 150_000
MAX_STARTS_BYTES = 70_000
KINDS: Mapping[type[Exception], str] = {
    NotSerializableError: "NotSerializable",
    ContextTooLargeError: "ContextTooLarge",
    ContextUnavailableError: "ContextUnavailable",
}


@contextmanager
def failing() -> Iterator[None]:
    """What is wrong with a context is a failure of the task.

    Raises:
        TaskFailedError: with the kind of failure that `KINDS` has.
    """
    try:
        yield
    except tuple(KINDS) as error:
        raise TaskFailedError(str(error), error=KINDS[type(error)]) from error


def context_of(invocation: Invocation, stack_id: str, bucket: ContextBucket) -> dict[str, Any]:
    """The values that an invocation starts from, which its actions may change.

    Raises:
        TaskFailedError: it is stored, and cannot be had.
    """
    if invocation.stored is None:
        values = copy.deepcopy(invocation.context)
    else:
        stored = invocation.stored
        with failing():
            values = bucket.read(stack_id, StoredContext(stored.key, stored.bytes, stored.sha256))
    values.update(copy.deepcopy(invocation.given))
    return values


def ensure_context(values: Mapping[str, Any], told: str) -> None:
    """Makes sure that a context is JSON after an action; `told` says which.

    Raises:
        TaskFailedError: it is not, where in it, and what is there.
    """
    try:
        ensure_json(dict(values))
    except NotSerializableError as error:
        raise TaskFailedError(
            f"{told} left a context that is not JSON: {error}", error=KINDS[type(error)]
        ) from error


class Carriage:
    """Carries the contexts of one answer: inline as long as there is room, else by the bucket."""

    def __init__(self, bucket: ContextBucket, token: str) -> None:
        self._bucket = bucket
        self._token = token
        self._room = MAX_ANSWERED_BYTES

    def carried(self, stack_id: str, context: Mapping[str, Any]) -> dict[str, Json]:
        """The context of a stack, or the reference to it, as an answer has it.

        Raises:
            TaskFailedError: there is no room for it anywhere.
        """
        text = context_text(context)
        if len(text) <= min(MAX_INLINE_BYTES, self._room):
            self._room -= len(text)
            return {"context": dict(context)}
        with failing():
            return {"stored": self._bucket.write(stack_id, self._token, text).as_json()}

    def started(self, starts: Sequence[Start]) -> list[Json]:
        """The machines to start, as an answer has them.

        Raises:
            TaskFailedError: they are too many for one answer.
        """
        names = sum(len(json.dumps(start.fields())) + 200 for start in starts)
        if names > MAX_STARTS_BYTES:
            raise TaskFailedError(
                f"The actions started {len(starts)} machines, more than one answer can carry. "
                "Start some hundred at a time, in several invocations.",
                error="TooManyStarts",
            )
        return [
            {**start.fields(), **self.carried(start.stack_id, start.context)} for start in starts
        ]
