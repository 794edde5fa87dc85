"""Stacks kept in memory as rows, for tests and the simulator."""

import json
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock

from cloudseam.errors import CloudSeamError, StackConflictError
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence import Loaded
from cloudseam.persistence.row import from_text, refuse_oversize, to_row
from cloudseam.stack import Stack


class InMemoryStackRepository:
    """See `cloudseam.persistence.StackRepository`. `rows` holds JSON texts, as a store would."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self._lock = Lock()

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """See `StackRepository.load`."""
        stacks: dict[str, Stack] = {}
        failures: dict[str, CloudSeamError] = {}
        for stack_id in stack_ids:
            try:
                if stack_id in self.rows:
                    stacks[stack_id] = from_text(stack_id, self.rows[stack_id])
            except CloudSeamError as error:
                failures[stack_id] = error
        return Loaded(stacks, failures)

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        failures: dict[str, CloudSeamError] = {}
        for stack in stacks:
            try:
                self._put(stack)
            except CloudSeamError as error:
                failures[stack.id] = error
        return failures

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """See `StackRepository.scan`."""
        ids = [stack_id for stack_id in self.rows if not stack_id.startswith(RESERVED_ID_PREFIX)]
        for stack in self.load(ids).stacks.values():
            wanted = machine in (None, stack.machine) and state in (None, stack.state)
            if wanted and not stack.is_removed:
                yield stack

    def _put(self, stack: Stack) -> None:
        text = json.dumps(to_row(stack))
        refuse_oversize(stack, len(text))
        with self._lock:
            stored = self.rows.get(stack.id)
            version = json.loads(stored).get("version", 0) if stored else 0
            if version != stack.version:
                raise StackConflictError(
                    f"Stack '{stack.id}' was changed by another writer.", stack_id=stack.id
                )
            self.rows[stack.id] = text
