"""One step of one execution, as the rules of the states share it."""

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudseam.languages.asl.definition import Definition, State, is_distributed, state_of
from cloudseam.languages.asl.execution import (
    Execution,
    Status,
    Thread,
    Work,
    threads_as_json,
)
from cloudseam.languages.asl.history import History


def nothing_is(arn: str) -> bool:
    """Where nobody knows, everything is taken to be there."""
    return False


@dataclass(slots=True)
class Run:
    """`token` draws a token for a task, `chance` a number below 1; `now` is in epoch milliseconds.

    What should be done outside gathers in `work`, what happened in `history`. `ready` has the
    threads that can go on without the outside, the next one first. `stack_id` is part of the task
    tokens that expressions see; `context` is a context object that they see instead of their own.
    `is_missing` knows of ARNs that there is nothing of.
    """

    definition: Definition
    execution: Execution
    now: int
    token: Callable[[], str]
    chance: Callable[[], float] = random.random
    stack_id: str = ""
    is_missing: Callable[[str], bool] = nothing_is
    context: Mapping[str, Any] | None = None
    work: list[Work] = field(default_factory=list)
    ready: deque[Thread] = field(default_factory=deque)
    history: History = field(init=False)

    def __post_init__(self) -> None:
        self.history = History(self.execution.events, self.now)

    @property
    def is_over(self) -> bool:
        """Whether the execution has ended."""
        return self.execution.status is not Status.RUNNING

    def state_of(self, thread: Thread) -> State:
        """The state that a thread is in."""
        return state_of(self.definition, thread)

    def parent_of(self, thread: Thread) -> Thread:
        """The thread whose branch or iteration it is."""
        return self.execution.threads[str(thread.parent)]

    def children_of(self, thread: Thread) -> list[Thread]:
        """The branches or iterations of a thread that have not ended."""
        return [each for each in self.execution.threads.values() if each.parent == thread.id]

    def begin(self, state: str, told: Any) -> None:
        """Begins the machine's own thread."""
        self._add(Thread(self._next_id(), [], state, told))

    def spawn(
        self,
        parent: Thread,
        branch: int,
        state: str,
        told: Any,
        previous: int,
        index: int,
        item: dict[str, Any] | None = None,
    ) -> Thread:
        """Begins a branch of a thread, or with -1 for `branch` an iteration."""
        thread = Thread(
            self._next_id(),
            [*parent.at, [parent.state, branch]],
            state,
            told,
            parent=parent.id,
            index=index,
            item=item if item is not None else parent.item,
            variables=dict(parent.variables),
            previous=previous,
            is_silent=parent.is_silent or is_distributed(self.state_of(parent)),
        )
        self._add(thread)
        return thread

    def drop(self, thread: Thread) -> None:
        """Forgets a thread."""
        del self.execution.threads[str(thread.id)]
        self.ready = deque(each for each in self.ready if each is not thread)

    def log(self, thread: Thread, kind: str, previous: int | None = None, **details: Any) -> int:
        """Adds an event of a thread and gives its id.

        One inside a distributed Map has none in this history.
        """
        if thread.is_silent:
            return thread.previous
        before = thread.previous if previous is None else previous
        return self.history.log(kind, before, **details)

    def stop(
        self, status: Status, kind: str, error: str | None, cause: str | None, previous: int = 0
    ) -> None:
        """Ends the execution otherwise than well."""
        self.execution.left = threads_as_json(self.execution.threads.values())
        self.execution.threads.clear()
        self.ready.clear()
        self.execution.status, self.execution.stopped_at = status, self.now
        self.execution.error, self.execution.cause = error, cause
        self.execution.due = 0
        self.history.log(kind, previous, error=error, cause=cause)

    def _add(self, thread: Thread) -> None:
        self.execution.threads[str(thread.id)] = thread
        self.ready.append(thread)

    def _next_id(self) -> int:
        self.execution.next_thread += 1
        return self.execution.next_thread
