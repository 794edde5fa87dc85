"""Builders: a value of each kind, of which a test names only what it is about."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from cloudseam.delivery import Delivery
from cloudseam.event import TASK_COMPLETED, TASK_ERROR, Answer, Event, Json, Scalar
from cloudseam.given import Given
from cloudseam.languages.cloudseam_v1.definition import Definition, Handler, State
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.stack import Stack, Task, TaskStatus
from cloudseam.step import step
from cloudseam.task_spec import TaskSpec

NOW = 1_700_000_000_000
# A value that must never leave the metadata: tests look for it in logs, letters and errors.
CANARY = "canary-7b1e-never-show"

_numbers = count(1)
_clocks = count(1)


class FakeClock:
    """A clock that moves on by one millisecond with each draw, and when it is told to.

    No two clocks draw the same entropy, unless they start at the same number.
    """

    def __init__(self, start: int | None = None) -> None:
        self._draws = count(next(_clocks) * 10_000 if start is None else start)
        self._ahead = 0

    def draw(self) -> Given:
        """See `cloudseam.clock.Clock.draw`."""
        drawn = given(next(self._draws))
        return replace(drawn, now=drawn.now + self._ahead)

    def move_on(self, seconds: float) -> None:
        """Lets so much time pass."""
        self._ahead += round(seconds * 1000)


def given(number: int = 1) -> Given:
    """What a step is given, different for each number."""
    return Given(now=NOW + number, entropy=number.to_bytes(32, "big"))


def a_state(
    name: str,
    *,
    tasks: Sequence[str] = (),
    on: Mapping[str, str | None] | None = None,
    terminal: bool = False,
) -> State:
    """A state. `on` tells where each event leads; None is a no-op."""
    handlers = {event: Handler(to) for event, to in (on or {}).items()}
    return State(name, terminal=terminal, tasks=tuple(tasks), on=handlers)


LIFE = (
    a_state("INIT", on={"LAUNCH": "PROVISION", "START": "RUN", "PING": None}),
    a_state(
        "PROVISION",
        tasks=("net", "db"),
        on={"NEXT": "RUN", "PING": None, "DESTROY": "DESTROY", "RESTART": "PROVISION"},
    ),
    a_state("RUN", on={"PING": None, "UPDATE": "UPDATE", "DESTROY": "DESTROY", "DROP": "GONE"}),
    a_state("UPDATE", tasks=("db", "smoke"), on={"NEXT": "RUN", "DESTROY": "DESTROY"}),
    a_state("DESTROY", tasks=("net-down",), on={"PING": None}, terminal=True),
    a_state("GONE", terminal=True),
)


def a_machine(*states: State, name: str = "life", digest: str = "digest-1") -> StatesMachine:
    """A machine of these states, by default one with a whole life."""
    states = states or LIFE
    tasks = sorted({task for state in states for task in state.tasks})
    return StatesMachine(
        name,
        digest,
        Definition(
            events=tuple(sorted({event for state in states for event in state.on} - {"NEXT"})),
            states={state.name: state for state in states},
            tasks={task: TaskSpec(task, "lambda", {"name": f"run-{task}"}) for task in tasks},
        ),
    )


def a_task(name: str, status: str = "PENDING", **fields: Any) -> Task:
    """A task of a stack, asked for once."""
    return Task(name, TaskStatus(status), **{"token": f"token-of-{name}", **fields})


def a_stack(state: str = "RUN", *, tasks: Mapping[str, str] | None = None, **fields: Any) -> Stack:
    """A stack that was committed before. `tasks` tells the status of each."""
    made = tuple(a_task(name, status) for name, status in (tasks or {}).items())
    known: dict[str, Any] = {"version": 3, "epoch": 2, "created_at": NOW, "updated_at": NOW}
    return Stack(**{"id": "s", "machine": "life", "state": state, "tasks": made} | known | fields)


def an_event(
    name: str = "PING",
    *,
    id: str | None = None,
    stack_id: str = "s",
    machine: str | None = None,
    metadata: Mapping[str, Scalar] | None = None,
) -> Event:
    """An event from outside, new unless its id says otherwise."""
    return Event(id or f"event-{next(_numbers)}", stack_id, name, machine, metadata or {})


def a_completion(
    task: str,
    token: str = "",
    *,
    outputs: Mapping[str, Json] | None = None,
    metadata: Mapping[str, Scalar] | None = None,
    id: str | None = None,
) -> Event:
    """An answer that the task is done. Without a token it comes from outside."""
    answer = Answer(task, token, outputs=outputs or {})
    return replace(an_event(TASK_COMPLETED, id=id, metadata=metadata), answer=answer)


def a_failure(
    task: str, token: str = "", *, description: str | None = "it broke", id: str | None = None
) -> Event:
    """An answer that the task failed."""
    answer = Answer(task, token, description)
    return replace(an_event(TASK_ERROR, id=id), answer=answer)


def token_of(stack: Stack, task: str) -> str:
    """The token of the task's current attempt."""
    found = stack.task(task)
    assert found is not None, f"stack '{stack.id}' has no task '{task}'"
    return found.token


def statuses(stack: Stack) -> dict[str, str]:
    """Where each task of the stack stands."""
    return {task.name: task.status.value for task in stack.tasks}


def after(stack: Stack, *events: Event, machine: StatesMachine | None = None) -> Stack:
    """The stack after these events, one step each."""
    for number, event in enumerate(events, start=100):
        stack = step(machine or a_machine(), stack, event, given(number)).stack
    return stack


def a_delivery(
    body: Mapping[str, Any] | str,
    *,
    message_id: str | None = None,
    receive_count: int = 1,
) -> Delivery:
    """A message as a queue delivers it. Its id is new unless it is told."""
    number = next(_numbers)
    return Delivery(
        message_id=message_id or f"message-{number}",
        body=body if isinstance(body, str) else json.dumps(body),
        receive_count=receive_count,
        receipt=f"receipt-{number}",
    )


def an_event_body(event: str = "PING", stack_id: str = "s", **fields: Any) -> dict[str, Any]:
    """The body of an event message."""
    return {"stackId": stack_id, "event": event, **fields}


def an_answer_body(task_message: str | Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """The body that answers a task message as a satisfier does: with the task echoed."""
    asked = json.loads(task_message) if isinstance(task_message, str) else task_message
    return {
        "stackId": asked["stack"]["id"],
        "event": TASK_COMPLETED,
        "task": asked["task"],
        **fields,
    }
