"""Task tokens: what whoever works on a task answers with. They name the attempt, and prove it."""

import base64
import json
from typing import NamedTuple

from cloudseam_cli.stepfunctions.fault import ApiFault


class TaskToken(NamedTuple):
    """`secret` is the attempt's own token, which cannot be guessed."""

    stack_id: str
    task: str
    secret: str


def written(token: TaskToken) -> str:
    """The token as text: base64url of a JSON list."""
    return base64.urlsafe_b64encode(json.dumps(list(token)).encode()).decode()


def read(text: str) -> TaskToken:
    """The token that a text holds.

    Raises:
        ApiFault: InvalidToken.
    """
    try:
        match json.loads(base64.urlsafe_b64decode(text.encode())):
            case [str(stack_id), str(task), str(secret)]:
                return TaskToken(stack_id, task, secret)
    except ValueError:
        pass
    raise ApiFault("InvalidToken", "Invalid Token: 'Invalid token'")
