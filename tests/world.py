"""A whole system in memory: the service over its ports, driven by message bodies."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cloudseam.buses import Bus
from cloudseam.clock import Clock
from cloudseam.dead_letters import DeadLetters
from cloudseam.delivery import Delivery
from cloudseam.locators import MachineLocator
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.outbox import Outbox
from cloudseam.outcome import Outcome
from cloudseam.persistence import StackRepository
from cloudseam.persistence.memory import InMemoryMachineVersions
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.service import StackService
from cloudseam.stack import Stack
from cloudseam.timers.queue import QueueTimers
from tests.builders import FakeClock, a_delivery, a_machine, an_answer_body, an_event_body
from tests.fakes import CountingQueue, CountingStacks

MAX_RECEIVES = 8


class World:
    """The service with its store, its queues and its dead letters, all in memory."""

    def __init__(
        self,
        stacks: StackRepository | None = None,
        machines: MachineLocator | None = None,
        clock: Clock | None = None,
        *,
        container_tasks: CountingQueue | None = None,
        requires_token: bool = False,
        bus: Bus | None = None,
    ) -> None:
        self.stacks = stacks or CountingStacks()
        self.tasks = CountingQueue()
        self.letters = CountingQueue()
        self.source = CountingQueue()
        self.clock = clock or FakeClock()
        self.versions = InMemoryMachineVersions()
        self.service = StackService(
            self.stacks,
            PinnedMachines(machines or InMemoryMachineLocator([a_machine()]), self.versions),
            Outbox(
                self.tasks,
                QueueTimers(self.source, self.clock),
                events=self.source,
                letters=self.letters,
                container_tasks=container_tasks,
                bus=bus,
            ),
            self.clock,
            requires_token=requires_token,
        )
        self.dead_letters = DeadLetters(self.letters, self.source, MAX_RECEIVES)

    def deliver(self, *deliveries: Delivery) -> list[Outcome]:
        """Handles one batch of deliveries to the end."""
        return self.dead_letters.settle(self.service.handle_batch(deliveries))

    def send(self, *bodies: Mapping[str, Any] | str) -> list[Outcome]:
        """Delivers one batch of new messages."""
        return self.deliver(*(a_delivery(body) for body in bodies))

    def launch(self, stack_id: str = "s", **fields: Any) -> list[Outcome]:
        """Starts a stack."""
        return self.send(an_event_body("LAUNCH", stack_id, machine="life", **fields))

    def complete(self, *tasks: str, stack_id: str = "s") -> list[Outcome]:
        """Answers the latest message of each task, in one batch."""
        return self.send(*(an_answer_body(self.asked(task, stack_id)) for task in tasks))

    def asked(self, task: str, stack_id: str = "s") -> dict[str, Any]:
        """The latest message that asked for the task."""
        return self.all_asked(task, stack_id)[-1]

    def all_asked(self, task: str, stack_id: str = "s") -> list[dict[str, Any]]:
        """Every message that asked for the task."""
        messages = [json.loads(message.body) for message in self.tasks.sent]
        return [
            message
            for message in messages
            if message["task"]["name"] == task and message["stack"]["id"] == stack_id
        ]

    @property
    def tasks_asked(self) -> list[tuple[str, str]]:
        """Stack id and task of each message sent, in order."""
        messages = [json.loads(message.body) for message in self.tasks.sent]
        return [(message["stack"]["id"], message["task"]["name"]) for message in messages]

    def stack(self, stack_id: str = "s") -> Stack:
        """The stack as it is stored."""
        return self.stacks.load([stack_id]).stacks[stack_id]

    def has(self, stack_id: str = "s") -> bool:
        """Whether there is a row of that id."""
        return stack_id in self.stacks.load([stack_id]).stacks


def errors(outcomes: Sequence[Outcome]) -> list[str | None]:
    """The name of each outcome's error, None where there is none."""
    return [type(outcome.error).__name__ if outcome.error else None for outcome in outcomes]
