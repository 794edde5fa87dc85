"""A store in memory: stacks as rows, claims, machines. For tests and the simulator."""

import json
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from cloudseam.claim import Claim
from cloudseam.errors import CloudSeamError, StackConflictError
from cloudseam.history import Entry
from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.machine import Machine
from cloudseam.persistence import ClaimTakenError, Loaded
from cloudseam.persistence.log_row import events_of, log_texts
from cloudseam.persistence.row import from_text, refuse_oversize, to_row
from cloudseam.stack import Stack


class InMemoryStackRepository:
    """See `cloudseam.persistence.StackRepository`. `rows` holds JSON texts, as a store would.

    It keeps the full history, as the entries of each commit by stack id and version, and the log.
    """

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.entries: dict[tuple[str, int], tuple[Entry, ...]] = {}
        self.logs: dict[tuple[str, int], tuple[str, ...]] = {}
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

    def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
        """See `StackRepository.scan_unfinished`."""
        for stack in sorted(self.scan(), key=lambda stack: stack.id):
            if stack.id > after and not stack.is_satisfied:
                yield stack

    def history(self, stack_id: str, version: int, limit: int) -> Sequence[Entry]:
        """See `StackRepository.history`."""
        commits = range(version, max(0, version - limit), -1)
        kept = (self.entries.get((stack_id, number), ()) for number in commits)
        return [entry for entries in kept for entry in reversed(entries)]

    def log(self, stack_id: str, version: int) -> Sequence[Mapping[str, Any]]:
        """See `StackRepository.log`."""
        kept = ((number, self.logs.get((stack_id, number))) for number in range(1, version + 1))
        return [
            event
            for number, texts in kept
            if texts is not None
            for event in events_of(stack_id, number, "".join(texts))
        ]

    def _put(self, stack: Stack) -> None:
        row = to_row(stack)
        text = json.dumps(row)
        refuse_oversize(stack, row, len(text))
        with self._lock:
            stored = self.rows.get(stack.id)
            version = json.loads(stored).get("version", 0) if stored else 0
            if version != stack.version:
                raise StackConflictError(
                    f"Stack '{stack.id}' was changed by another writer.", stack_id=stack.id
                )
            self.rows[stack.id] = text
            self.entries[stack.id, stack.version + 1] = stack.fresh_history
            if stack.log:
                self.logs[stack.id, stack.version + 1] = tuple(log_texts(stack.log))


class InMemoryClaimRepository:
    """See `cloudseam.persistence.ClaimRepository`."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}
        self._lock = Lock()

    def take(self, claim: Claim, now: int) -> Claim | None:
        """See `ClaimRepository.take`."""
        with self._lock:
            former = self.claims.get(claim.key)
            if former is not None and not former.is_free(now):
                raise ClaimTakenError(former)
            self.claims[claim.key] = claim.after(former)
            return former

    def renew(self, claim: Claim) -> bool:
        """See `ClaimRepository.renew`."""
        with self._lock:
            held = self.claims.get(claim.key)
            if held is None or held.owner != claim.owner:
                return False
            self.claims[claim.key] = claim
            return True

    def release(self, claim: Claim) -> None:
        """See `ClaimRepository.release`."""
        with self._lock:
            held = self.claims.get(claim.key)
            if held is not None and held.owner == claim.owner:
                del self.claims[claim.key]

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """See `ClaimRepository.find`."""
        return {key: self.claims[key] for key in keys if key in self.claims}


class InMemoryMachineVersions:
    """See `cloudseam.persistence.MachineVersions`."""

    def __init__(self) -> None:
        self.machines: dict[tuple[str, str], Machine] = {}

    def keep(self, machine: Machine) -> None:
        """See `MachineVersions.keep`."""
        self.machines[machine.name, machine.digest] = machine

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`."""
        return self.machines.get((name, digest))
