"""Task tokens: what whoever works on a task answers with. They name the attempt, and prove it."""

import base64
import json
from typing import NamedTuple

# Of a stack id and a name of a task of the largest sizes, all of it escaped.
MAX_CHARACTERS = 16_000


class TaskToken(NamedTuple):
    """`secret` is the attempt's own token, which cannot be guessed; `task` its name."""

    stack_id: str
    task: str
    secret: str

    def as_text(self) -> str:
        """The token as others see it: base64url of a JSON list."""
        return base64.urlsafe_b64encode(json.dumps(list(self)).encode()).decode()


def read_token(text: str) -> TaskToken:
    """The token that a text holds.

    Raises:
        ValueError: it is none.
    """
    try:
        held = json.loads(base64.urlsafe_b64decode(text.encode())) if _may_be_one(text) else None
    except (ValueError, RecursionError):
        held = None
    match held:
        case [str(stack_id), str(task), str(secret)]:
            return TaskToken(stack_id, task, secret)
    raise ValueError("it is no task token")


def _may_be_one(text: str) -> bool:
    return text.isascii() and len(text) <= MAX_CHARACTERS
