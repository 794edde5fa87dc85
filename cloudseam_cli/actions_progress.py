"""How far a stack on a Python-action machine is. Holds no value of its context."""

import json
from dataclasses import dataclass
from typing import Self

from cloudseam.languages.python_actions.definition import PSEUDO_FINAL
from cloudseam.stack import Stack


@dataclass(frozen=True, slots=True)
class Progress:
    """The transition that a stack is in, or none while it waits for an event from outside.

    `came_from` is the state that is left, and `event` what led on from there; both are
    `pseudo_init` at the start, and `event` is `pseudo_final` where only the last exit is left.
    `steps` is how many invocations have ended, `retries` how many attempts of this one failed
    since it was asked for; `started_at` is in epoch milliseconds, `delay` what each transition is
    put off by, in seconds. Of the context: its size as JSON in bytes, how many keys it has, which
    is not known of one that is stored, and where that is.
    """

    came_from: str
    event: str
    steps: int
    retries: int
    started_at: int
    delay: float
    context_bytes: int
    context_keys: int | None
    context_key: str | None

    @classmethod
    def of(cls, stack: Stack) -> Self | None:
        """That of a stack; None where it is on a machine of another language, or not started."""
        memory = stack.memory
        if not {"steps", "startedAt"} <= memory.keys():
            return None
        made = memory.get("from") or {}
        context, stored = memory.get("context"), memory.get("stored")
        return cls(
            came_from=made.get("state", ""),
            event=made.get("event", ""),
            steps=memory["steps"],
            retries=sum(task.attempt - task.first for task in stack.tasks),
            started_at=memory["startedAt"],
            delay=float(memory.get("delay", 0)),
            context_bytes=stored["bytes"] if stored else len(json.dumps(context or {})),
            context_keys=None if stored else len(context or {}),
            context_key=stored["key"] if stored else None,
        )

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for an event from outside."""
        return not self.event

    @property
    def is_ending(self) -> bool:
        """Whether only the exit action of its final state is left to run."""
        return self.event == PSEUDO_FINAL
