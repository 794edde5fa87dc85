"""What happens to a stack: one event, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Scalar = str | int | float | bool | None
Json = Scalar | list["Json"] | dict[str, "Json"]

NEXT = "NEXT"
TASK_COMPLETED = "TASK_COMPLETED"
TASK_ERROR = "TASK_ERROR"
RETRY_FAILED_TASKS = "RETRY_FAILED_TASKS"
RETRY_PENDING_TASKS = "RETRY_PENDING_TASKS"

ANSWERS = frozenset({TASK_COMPLETED, TASK_ERROR})
RETRIES = frozenset({RETRY_FAILED_TASKS, RETRY_PENDING_TASKS})


@dataclass(frozen=True, slots=True)
class Answer:
    """How one attempt of a task ended. `token` is empty when it comes from outside."""

    task: str
    token: str = ""
    description: str | None = None
    outputs: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One event for one stack.

    `id` names the event itself, not its delivery: a message delivered twice, or sent again by
    this system, is the same event.
    """

    id: str
    stack_id: str
    name: str
    machine: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    answer: Answer | None = None

    @property
    def is_answer(self) -> bool:
        """Whether it tells how a task ended."""
        return self.name in ANSWERS

    @property
    def is_retry(self) -> bool:
        """Whether it asks for tasks to be run again."""
        return self.name in RETRIES
