"""What a machine's file says should come of the events that a stack's history tells of.

It is written a second time here, short and slow, so that the engine is not judged by itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cloudseam.history import Entry
from cloudseam.stack import REMOVED, Stack

PENDING, SATISFIED, ERROR = "PENDING", "SATISFIED", "ERROR"


class Replay:
    """Follows one stack. `complaints` say where its history could not have happened."""

    def __init__(self, machine: Path, stack_id: str) -> None:
        # BaseLoader leaves `on` and `true` the texts that they are.
        self._machine = yaml.load(machine.read_text(), yaml.BaseLoader)
        self._stack_id = stack_id
        self._state = REMOVED
        self._epoch = -1
        self._tasks: dict[str, str] = {}
        self.applied: Counter[str] = Counter()
        self.complaints: list[str] = []

    def follow(self, entries: Iterable[Entry]) -> None:
        """Takes the entries one by one, the oldest first."""
        for entry in entries:
            if not entry.verdict:
                self.applied[entry.event] += 1
                self._apply(entry)
            if entry.state != self._state:
                self._complain(f"{entry.event} led to {entry.state}, not to {self._state}")
                self._state = entry.state

    def compare(self, stack: Stack) -> None:
        """Makes sure that the stack is where its history leads."""
        told = {task.name: task.status.value for task in stack.tasks}
        if (stack.state, stack.epoch, told) != (self._state, self._epoch, self._tasks):
            self._complain(
                f"is in {stack.state} {stack.epoch} {told}, and its history leads to "
                f"{self._state} {self._epoch} {self._tasks}"
            )

    def _apply(self, entry: Entry) -> None:
        match entry.event:
            case "TASK_COMPLETED":
                self._complete(entry.task)
            case "TASK_ERROR":
                self._expect(entry.task, PENDING, ERROR)
                self._tasks[entry.task] = ERROR
            case "RETRY_FAILED_TASKS":
                self._tasks |= dict.fromkeys(self._failed(), PENDING)
            case "TIMER_DUE":
                self._wake()
            case _:
                self._handle(entry.event)

    def _wake(self) -> None:
        """A failed task is tried again; or a pending one is sent again, as nobody works on it."""
        again = {name for name in self._failed() if "retry" in self._machine["tasks"][name]}
        if not again and PENDING not in self._tasks.values():
            self._complain("a timer came, and no task was to be tried again")
        self._tasks |= dict.fromkeys(again, PENDING)

    def _failed(self) -> set[str]:
        return {name for name, status in self._tasks.items() if status == ERROR}

    def _complete(self, task: str) -> None:
        self._expect(task, PENDING, ERROR)
        self._tasks[task] = SATISFIED
        if set(self._tasks.values()) == {SATISFIED}:
            self._handle("NEXT")

    def _handle(self, event: str) -> None:
        if self._state == REMOVED:
            self._state, self._epoch = "INIT", self._epoch + 1
        state = self._machine["states"][self._state]
        actions = state.get("on", {}).get(event)
        if actions is not None:
            for target in _targets(actions):
                self._enter(target)
        elif event == "NEXT" and state.get("terminal") == "true":
            self._state, self._tasks = REMOVED, {}
        else:
            self._complain(f"{event} was applied in {self._state}")

    def _enter(self, target: str) -> None:
        self._state, self._epoch = target, self._epoch + 1
        self._tasks = dict.fromkeys(self._machine["states"][target].get("tasks", []), PENDING)

    def _expect(self, task: str, *statuses: str) -> None:
        if self._tasks.get(task) not in statuses:
            self._complain(f"an answer of {task} was applied, which is {self._tasks.get(task)}")

    def _complain(self, what: str) -> None:
        self.complaints.append(f"{self._stack_id}: {what}")


def _targets(actions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (action["state"] for action in actions if action["action"] == "advance")
