"""Ports that count, fail and interleave as a test tells them to."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cloudseam.errors import CloudSeamError, ServiceUnavailableError
from cloudseam.history import Entry
from cloudseam.persistence import Loaded
from cloudseam.persistence.memory import InMemoryStackRepository
from cloudseam.persistence.row import to_row
from cloudseam.queues import OutgoingMessage
from cloudseam.queues.memory import InMemoryQueue
from cloudseam.stack import Stack


class CountingStacks:
    """A store in memory that keeps the arguments of each call."""

    def __init__(self) -> None:
        self.inner = InMemoryStackRepository()
        self.loads: list[list[str]] = []
        self.saves: list[list[str]] = []

    @property
    def rows(self) -> dict[str, str]:
        """The rows of the store, as JSON texts."""
        return self.inner.rows

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        self.loads.append(list(stack_ids))
        return self.inner.load(stack_ids)

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        self.saves.append([stack.id for stack in stacks])
        return self.inner.save(stacks)

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """See `StackRepository.scan`."""
        return self.inner.scan(machine, state)

    def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
        """See `StackRepository.scan_unfinished`."""
        return self.inner.scan_unfinished(after)

    def history(self, stack_id: str, version: int, limit: int) -> Sequence[Entry]:
        """See `StackRepository.history`."""
        return self.inner.history(stack_id, version, limit)

    def log(self, stack_id: str, version: int) -> Sequence[Mapping[str, Any]]:
        """See `StackRepository.log`."""
        return self.inner.log(stack_id, version)


class RacedStacks(CountingStacks):
    """A store where somebody else acts between a load and the save after it, a few times."""

    def __init__(self, rival: Callable[[], object], times: int = 1) -> None:
        super().__init__()
        self.rival = rival
        self.times = times

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`. The rival is first."""
        if self.times:
            self.times -= 1
            self.rival()
        return super().save(stacks)


class FailingStacks(CountingStacks):
    """A store that cannot be reached for some stacks. `written`: a write was made all the same."""

    def __init__(
        self, *, loads: Sequence[str] = (), saves: Sequence[str] = (), written: bool = False
    ) -> None:
        super().__init__()
        self.failing_loads = set(loads)
        self.failing_saves = set(saves)
        self.written = written

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        found = super().load(stack_ids)
        failing = self.failing_loads & set(stack_ids)
        stacks = {name: stack for name, stack in found.stacks.items() if name not in failing}
        return Loaded(stacks, {**found.failures, **_unavailable(failing)})

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        failing = self.failing_saves & {stack.id for stack in stacks}
        made = [stack for stack in stacks if self.written or stack.id not in failing]
        return {**super().save(made), **_unavailable(failing)}


class ForgetfulStacks(InMemoryStackRepository):
    """A store without its protection: the last writer wins."""

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`, but whatever is there is overwritten."""
        self.rows |= {stack.id: json.dumps(to_row(stack)) for stack in stacks}
        return {}


def _unavailable(ids: set[str]) -> dict[str, CloudSeamError]:
    return {name: ServiceUnavailableError("The store did not answer.") for name in ids}


class CountingQueue(InMemoryQueue):
    """A queue in memory that counts calls and refuses the messages it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []
        self.refuses: Callable[[OutgoingMessage], bool] = lambda message: False

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """See `Queue.send`."""
        self.calls.append(len(messages))
        failures: dict[int, Exception] = {}
        for position, message in enumerate(messages):
            if self.refuses(message):
                failures[position] = ServiceUnavailableError("The queue did not answer.")
            else:
                super().send([message])
        return failures
