"""Dead letters as tests need them."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from cloudseam.messages import task_message
from cloudseam.stack import Stack
from cloudseam.step import RunTask
from cloudseam.task_spec import TaskSpec
from cloudseam_cli.dead_letters.letter import EVENT, TASK, Letter

_numbers = count(1)


def a_letter(
    body: Mapping[str, Any] | str, *, what: str = EVENT, failed_id: str = "", **fields: Any
) -> Letter:
    """A letter that a function wrote, of the message `failed_id`."""
    number = next(_numbers)
    attributes = {
        "error": "TransitionNotAllowedError",
        "messageId": failed_id or f"message-{number}",
        "receiveCount": "8",
        "reason": "it was too early",
    }
    known = {
        "reason": "it was too early",
        "message_id": f"letter-{number}",
        "attributes": attributes,
        "sent_at": number,
        "receipt": f"receipt-{number}",
    }
    text = body if isinstance(body, str) else json.dumps(body)
    return Letter(what, text, **{**known, **fields})


def a_task_letter(stack: Stack, task: str, token: str) -> Letter:
    """The letter of a task's attempt."""
    run = RunTask(TaskSpec(task, "lambda", {"name": task}), token, stack.epoch, 1)
    return a_letter(task_message(stack, run), what=TASK)
