"""What a dead event is called when it is sent again: the same each time it is sent."""

from __future__ import annotations

import hashlib
import json

from cloudseam.event import Event
from cloudseam.limits import MAX_NAME_CHARACTERS, has_half
from cloudseam.stack import Stack, event_mark
from cloudseam_cli.dead_letters.letter import Letter


def redriven_body(letter: Letter, event: Event, stack: Stack | None) -> str:
    """The letter's body with the id that its event gets, `event` being what the letter says."""
    event_id = event.id if is_known(stack, event) else redriven_id(event.id, letter.failed_id)
    body = json.dumps({**letter.fields(), "eventId": event_id}, ensure_ascii=False)
    return json.dumps(json.loads(body)) if has_half(body) else body


def is_known(stack: Stack | None, event: Event) -> bool:
    """Whether the stack remembers the event: it keeps its id, and gets only what is owed to it."""
    if stack is None:
        return False
    mark = event_mark(event.id)
    has_asked = any(task.asked_by == mark for task in stack.tasks)
    return has_asked or mark in stack.applied or bool(stack.transitions_by(event.id))


def redriven_id(event_id: str, failed_id: str) -> str:
    """The id of the next attempt at an event, after the message `failed_id` of it had failed.

    Two letters of one message, as a crash between a letter and the message's acknowledgement
    leaves them, get the same id, and so does a letter that is sent again twice.
    """
    new = f"{event_id}/redrive/{failed_id}"
    if len(new) <= MAX_NAME_CHARACTERS:
        return new
    return f"redrive/{hashlib.sha256(new.encode()).hexdigest()}"
