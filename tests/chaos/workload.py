"""What the world does to the stacks of a run: events that fit, that do not, and that come twice."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from cloudseam.event import NEXT, RETRY_FAILED_TASKS
from cloudseam.stack import Stack, TaskStatus
from tests.chaos.installation import Installation

MACHINE = "life"
# Seconds between two things that happen to one stack.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 1.5


@dataclass(frozen=True)
class Sent:
    """An event that was put on the queue, `copies` times. Its id is a key of its metadata."""

    id: str
    stack_id: str
    name: str
    copies: int = 1
    machine: str = MACHINE

    @property
    def body(self) -> Mapping[str, Any]:
        """The message."""
        machine = {"machine": self.machine} if self.name == "LAUNCH" else {}
        return {
            "stackId": self.stack_id,
            "event": self.name,
            "eventId": self.id,
            "metadata": {self.id: 1},
            **machine,
        }


class Workload:
    """Moves some stacks through their lives, again and again, by what it sees of them."""

    def __init__(self, installation: Installation, chance: Random, stacks: int) -> None:
        self._installation = installation
        self._chance = chance
        self.stack_ids = [f"stack-{number}" for number in range(stacks)]
        self._next_at = dict.fromkeys(self.stack_ids, 0.0)
        self.sent: list[Sent] = []

    def repair(self) -> None:
        """Asks again for tasks that failed."""
        self.go_on(is_ending=True)

    def go_on(self, *, is_ending: bool = False) -> int:
        """Sends what happens to the stacks now; how many messages. At the end only repairs."""
        now = time.monotonic()
        due = [stack_id for stack_id, at in self._next_at.items() if at <= now]
        if not due:
            return 0
        stacks = self._installation.stacks(due)
        events: list[Sent] = []
        for stack_id in due:
            stack = stacks.get(stack_id)
            moves = self._repairs(stack_id, stack)
            if not is_ending:
                moves = moves or self._moves(stack_id, stack)
            pause = self._chance.uniform(SHORTEST_PAUSE, LONGEST_PAUSE)
            self._next_at[stack_id] = now + pause + (2 if is_ending and moves else 0)
            events += moves
        messages = [event for event in events for _ in range(event.copies)]
        self._chance.shuffle(messages)
        self._installation.send([event.body for event in messages])
        self.sent += events
        return len(messages)

    def _repairs(self, stack_id: str, stack: Stack | None) -> list[Sent]:
        """A person asks again for what failed, mostly where it is not done without one."""
        failed = [task for task in stack.tasks if task.status is TaskStatus.ERROR] if stack else []
        is_due = any(not task.retry_at or self._chance.random() < 0.2 for task in failed)
        return [self._event(stack_id, RETRY_FAILED_TASKS)] if is_due else []

    def _moves(self, stack_id: str, stack: Stack | None) -> list[Sent]:
        """What comes next: a step of its life, notes beside it, and now and then what is wrong."""
        if stack is None or stack.is_removed:
            return [self._event(stack_id, "LAUNCH", may_come_twice=True)]
        steps: dict[str, dict[str, int]] = {
            "PROVISION": {"AGAIN": 1, "": 7},
            "RUN": {"UPDATE": 5, "DESTROY": 2, "": 3},
            "UPDATE": {"AGAIN": 1, "DESTROY": 1, "": 6},
            "TEARDOWN": {"": 1},
        }
        weights = steps[stack.state]
        [step] = self._chance.choices(list(weights), list(weights.values()))
        moves = [self._event(stack_id, step, may_come_twice=True)] if step else []
        if stack.state != "TEARDOWN" and self._chance.random() < 0.6:
            burst = self._chance.choice([1, 1, 2, 5])
            moves += [self._event(stack_id, "NOTE", may_come_twice=True) for _ in range(burst)]
        return moves + self._mistakes(stack_id)

    def _mistakes(self, stack_id: str) -> list[Sent]:
        """Never allowed, not allowed now, or allowed later: refused, sooner or later."""
        dice = self._chance.random()
        if dice < 0.04:
            return [self._event(stack_id, NEXT)]
        if dice < 0.06:
            return [self._event(stack_id, self._chance.choice(["UPDATE", "AGAIN", "NOTE"]))]
        return []

    def _event(self, stack_id: str, name: str, *, may_come_twice: bool = False) -> Sent:
        is_twice = may_come_twice and self._chance.random() < 0.1
        number = len(self.sent) + self._chance.randrange(1_000_000) * 100_000
        return Sent(f"event-{number:012}", stack_id, name, 2 if is_twice else 1)
