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
CANCEL_TASKS = "CANCEL_TASKS"
TIMER_DUE = "TIMER_DUE"
MIGRATE_MACHINE = "MIGRATE_MACHINE"
# Starts a stack on a machine whose language has no event of its own for that.
START = "START"
# Ends an execution from outside.
STOP_EXECUTION = "STOP_EXECUTION"
# Has one that did not end well go on from there.
REDRIVE_EXECUTION = "REDRIVE_EXECUTION"
# Of an attempt of a task, with its token: a worker of the activity has taken it (and is called by
# the answer's `description`), and it is still being worked on.
TASK_STARTED = "TASK_STARTED"
TASK_HEARTBEAT = "TASK_HEARTBEAT"

ANSWERS = frozenset({TASK_COMPLETED, TASK_ERROR})
REPORTS = ANSWERS | {TASK_STARTED, TASK_HEARTBEAT}
RETRIES = frozenset({RETRY_FAILED_TASKS, RETRY_PENDING_TASKS})
# What people send to a stack that exists, whatever its machine says.
REPAIRS = RETRIES | {CANCEL_TASKS, MIGRATE_MACHINE}
# A machine's own events have no underscore, so none of these can be one.
SYSTEM_EVENTS = ANSWERS | REPAIRS | {TIMER_DUE, STOP_EXECUTION, REDRIVE_EXECUTION, TASK_HEARTBEAT}

# Kinds of failure that this system tells of itself; an executor may tell of others.
TIMEOUT = "Timeout"
LOST = "Lost"
OUT_OF_TIME = "OutOfTime"
STATE_LOCKED = "StateLocked"
CANCELLED = "Cancelled"
FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """How one attempt of a task ended. `token` is empty when it comes from outside.

    Of a failure `error` is the kind, as retry rules name it, and `description` the cause. `outputs`
    are for the stack to keep; `result` is for the machine's language, which knows what it means.
    """

    task: str
    token: str = ""
    description: str | None = None
    error: str = FAILED
    outputs: Mapping[str, Json] = field(default_factory=dict)
    result: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event for one stack.

    `id` names the event itself, not its delivery: a message delivered twice, or sent again by
    this system, is the same event.

    Of TIMER_DUE `at` is the moment the timer was set for (epoch ms, None: look at all of them),
    and `lost` has the tokens of attempts that nobody works on, as the sweep found; no message can
    say that. Of MIGRATE_MACHINE `states` tells which state stands for one that the stack may be in.
    `payload` is for the machine's language: what START, or another event from outside, brings.
    """

    id: str
    stack_id: str
    name: str
    machine: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    answer: Answer | None = None
    at: int | None = None
    lost: tuple[str, ...] = ()
    states: Mapping[str, str] = field(default_factory=dict)
    payload: Mapping[str, Json] = field(default_factory=dict)

    @property
    def is_answer(self) -> bool:
        """Whether it is of who works on a task: how that ended, or that it goes on."""
        return self.name in REPORTS

    @property
    def is_retry(self) -> bool:
        """Whether it asks for tasks to be run again."""
        return self.name in RETRIES

    @property
    def is_repair(self) -> bool:
        """Whether a person sends it to a stack that exists."""
        return self.name in REPAIRS

    @property
    def is_timer(self) -> bool:
        """Whether it says that a moment has come; it can be repeated without harm."""
        return self.name == TIMER_DUE
