"""Task tokens: what whoever works on a task answers with. They name the attempt, and prove it."""

import base64
import json
from typing import NamedTuple


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
    match json.loads(base64.urlsafe_b64decode(text.encode())):
        case [str(stack_id), str(task), str(secret)]:
            return TaskToken(stack_id, task, secret)
    raise ValueError("it is no task token")
