"""Starts machines: by a message, or within an action as a part of what that does."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cloudseam.errors import CloudSeamError, InvalidSettingsError

if TYPE_CHECKING:
    from cloudseam.stored_context import ContextBucket

EVENT = "START"


class StartsNotSentError(CloudSeamError):
    """Not all machines were started: `unsent` has the ids of those that were not, and why.

    Starting them again under the same ids is safe, also where an answer of the queue was lost.
    """

    def __init__(self, unsent: Mapping[str, Exception], of: int) -> None:
        reasons = "; ".join(sorted({str(error) for error in unsent.values()}))
        super().__init__(
            f"{len(unsent)} of {of} machines were not started: {reasons} Start those in `unsent` "
            "again under their ids."
        )
        self.unsent = unsent


@dataclass(frozen=True, slots=True)
class Start:
    """A machine to start, at its initial state unless `state` and `event` are given.

    `additional_delay` is in seconds, and comes before every transition of the machine.
    """

    machine: str
    stack_id: str
    context: Mapping[str, Any]
    state: str | None = None
    event: str | None = None
    additional_delay: int = 0

    def fields(self) -> dict[str, Any]:
        """All but the context, as messages have it; absent where there is nothing to say."""
        fields: dict[str, Any] = {"machine": self.machine, "stackId": self.stack_id}
        if self.state is not None:
            fields["state"] = self.state
        if self.event is not None:
            fields["currentEvent"] = self.event
        if self.additional_delay:
            fields["additionalDelaySeconds"] = self.additional_delay
        return fields


# What an action that runs now has started so far; None outside of actions.
_collected: ContextVar[list[Start] | None] = ContextVar("starts", default=None)


@contextmanager
def collecting_starts() -> Iterator[list[Start]]:
    """Around actions: machines that they start are collected, and nothing is sent."""
    starts: list[Start] = []
    token = _collected.set(starts)
    try:
        yield starts
    finally:
        _collected.reset(token)


def start_state_machine(
    machine_name: str,
    context: Mapping[str, Any],
    correlation_id: str | None = None,
    current_state: str | None = None,
    current_event: str | None = None,
    additional_delay_seconds: int = 0,
) -> str:
    """Starts a machine, and gives back the id that its stack has.

    One that is started a second time under its id goes on as it was. Within an action the machine
    is started if and when the invocation succeeds, and once; elsewhere a message is sent to the
    queue that `SQS_EVENT_QUEUE_URL` names. With `current_state` and `current_event` the machine
    resumes where that event leads from that state. `additional_delay_seconds` come before every
    transition.

    Raises:
        InvalidMessageError: a name or an id that no machine can have.
        NotSerializableError: the context is not JSON.
        ContextTooLargeError: there is nowhere to keep the context.
        ContextUnavailableError: the bucket did not take the context.
        InvalidSettingsError: a setting is missing.
        StartsNotSentError: the queue did not take the message.
    """
    [started] = start_state_machines(
        machine_name,
        [context],
        None if correlation_id is None else [correlation_id],
        current_state,
        current_event,
        additional_delay_seconds,
    )
    return started


def start_state_machines(
    machine_name: str,
    contexts: Sequence[Mapping[str, Any]],
    correlation_ids: Sequence[str | None] | None = None,
    current_state: str | None = None,
    current_event: str | None = None,
    additional_delay_seconds: int = 0,
) -> list[str]:
    """Starts a machine for each context, ten per call of the queue; see `start_state_machine`.

    Nothing is sent unless all can be. An id that is None, or all of them, is made up.

    Raises:
        ValueError: there are not as many ids as contexts, or an id is there twice.
        StartsNotSentError: the queue did not take all; `unsent` has the ids of those.
    """
    ids = list(repeat(None, len(contexts)) if correlation_ids is None else correlation_ids)
    if len(ids) != len(contexts):
        raise ValueError(f"There are {len(contexts)} contexts and {len(ids)} correlation ids.")
    named = [uuid4().hex if each is None else each for each in ids]
    if len(set(named)) != len(named):
        raise ValueError("A correlation id is there twice.")
    starts = [
        Start(machine_name, each, context, current_state, current_event, additional_delay_seconds)
        for each, context in zip(named, contexts, strict=True)
    ]
    possible = [checked(start) for start in starts]
    collected = _collected.get()
    if collected is None:
        _send(possible)
    else:
        collected.extend(possible)
    return named


def checked(start: Start) -> Start:
    """The start with a context of its own, which whoever gave it may change from now on.

    Raises:
        InvalidMessageError, NotSerializableError: see `start_state_machine`.
    """
    from cloudseam.errors import InvalidMessageError
    from cloudseam.json_context import ensure_json
    from cloudseam.messages import parse_event

    context = dict(start.context)  # the context of an action is a subclass of dict
    ensure_json(context)
    if (start.state is None) is not (start.event is None):
        raise InvalidMessageError("`current_state` and `current_event` go together: give both.")
    delay = start.additional_delay
    if type(delay) is not int or delay < 0:
        raise InvalidMessageError("`additional_delay_seconds` must be a whole number, 0 or more.")
    for name, value in (("machine_name", start.machine), ("current_state", start.state)):
        if value is not None and (not isinstance(value, str) or not value):
            raise InvalidMessageError(f"`{name}` must be a text that is not empty.")
    if start.event is not None and (not isinstance(start.event, str) or not start.event):
        raise InvalidMessageError("`current_event` must be a text that is not empty.")
    parse_event(start_message(start, {"context": {}}), "")
    return Start(
        start.machine, start.stack_id, copy.deepcopy(context), start.state, start.event, delay
    )


def start_message(start: Start, carried: Mapping[str, Any]) -> str:
    """The body that starts a machine; `carried` is its context, or the reference to it."""
    body = {"event": EVENT, "eventId": f"{EVENT.lower()}/{start.stack_id}"}
    return json.dumps(body | start.fields() | dict(carried), separators=(",", ":"))


def start_body(start: Start, bucket: ContextBucket) -> str:
    """The body of the message that starts a machine, its context in the bucket if it is large.

    Raises:
        ContextTooLargeError, ContextUnavailableError: see `start_state_machine`.
    """
    from cloudseam.json_context import MAX_INLINE_BYTES, context_text

    text = context_text(start.context)
    if len(text) <= MAX_INLINE_BYTES:
        return start_message(start, {"context": start.context})
    # Named by chance, as another start under the same id may have been sent.
    stored = bucket.write(start.stack_id, f"start-{uuid4().hex}", text)
    return start_message(start, {"stored": stored.as_json()})


def _send(starts: Sequence[Start]) -> None:
    from cloudseam.queues import OutgoingMessage
    from cloudseam.queues.sqs import SqsQueue

    url = os.environ.get("SQS_EVENT_QUEUE_URL")
    if not url:
        raise InvalidSettingsError("Set SQS_EVENT_QUEUE_URL to the queue that events are sent to.")
    bucket = context_bucket(_s3_client, os.environ)
    messages = [OutgoingMessage(start_body(start, bucket)) for start in starts]
    unsent = SqsQueue(_sqs_client(), url).send(messages)
    if unsent:
        raise StartsNotSentError(
            {starts[position].stack_id: error for position, error in unsent.items()}, len(starts)
        )


def context_bucket(client: Callable[[], Any], environ: Mapping[str, str]) -> ContextBucket:
    """Where the environment has large contexts kept; `client` makes a client of S3."""
    from cloudseam.stored_context import ContextBucket

    bucket, prefix = environ.get("CONTEXT_BUCKET"), environ.get("CONTEXT_PREFIX")
    return ContextBucket(client, bucket or None, prefix or None)


@cache
def _sqs_client() -> Any:
    from cloudseam.aws import make_client

    return make_client("sqs")


@cache
def _s3_client() -> Any:
    from cloudseam.aws import make_client

    return make_client("s3")
