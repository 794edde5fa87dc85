"""The actions of the library's example with containers, which a test plays."""

from collections.abc import Callable
from typing import Any

from cloudseam.actions import Action, Context

# Called with the machine's state; starts a container that sends an event when it ends.
starts: list[Callable[[str], None]] = []


class RunTaskAction(Action):
    """Starts a container, and has the machine wait for the event that it sends."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        for start in starts:
            start(context.current_state)
        return None


class Fireworks(Action):
    """Looks at what the container has done."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        return "done"
