"""Ports: where stacks, claims and versions of machines are kept. One store has all three."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cloudseam.claim import Claim
from cloudseam.errors import CloudSeamError
from cloudseam.history import Entry
from cloudseam.machine import Machine
from cloudseam.stack import Stack

# A removed stack's tombstone outlives every message that could still speak of it: SQS keeps a
# message for 14 days at most (developer guide, "Message quotas").
TOMBSTONE_SECONDS = 15 * 24 * 3600


class ClaimTakenError(Exception):
    """What is claimed is not free."""

    def __init__(self, holder: Claim) -> None:
        super().__init__("The claim is held, or its attempt has ended.")
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load found, by stack id. An id in neither has no row."""

    stacks: Mapping[str, Stack] = field(default_factory=dict)
    failures: Mapping[str, CloudSeamError] = field(default_factory=dict)


class StackRepository(Protocol):
    """Keeps stacks; each commit says which version it read, and a lost race changes nothing."""

    def load(self, stack_ids: Sequence[str]) -> Loaded:
        """The stacks as the last commit left them, tombstones included. Never a stale read."""

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """Commits each stack on its own, one version after the one it was read with.

        At most one commit per stack id and call. A store that keeps the full history keeps the
        commit's entries in the same transaction. Returns what failed, by stack id:
        `StackConflictError` where another writer was first, `StackTooLargeError`, or
        `ServiceUnavailableError` where the outcome may be unknown.
        """

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """All stacks that are not removed, in no order; optionally of one machine or state.

        Reads the whole table: for people and tools, never on the path of an event.
        """

    def scan_unfinished(self, after: str = "") -> Iterator[Stack]:
        """The stacks that wait for a task or a timer, in an order that is always the same.

        With `after` it begins behind the stack of that id, which need not be there any more.
        Reads the whole table: for the sweep, never on the path of an event.
        """

    def history(self, stack_id: str, version: int, limit: int) -> Sequence[Entry]:
        """Entries of the full history up to a version, the newest first; none where none is kept.

        `limit` is how many commits are looked at. Every entry has the version of its commit.

        Raises:
            ServiceUnavailableError: the store did not answer.
            UnreadableRowError: something that is no history is kept in its place.
        """

    def log(self, stack_id: str, version: int) -> Sequence[Mapping[str, Any]]:
        """What the machine's language told of each commit up to a version, in order.

        It is kept in the same transaction as its commit, by every store, and whatever `HISTORY`
        says; most commits have none.

        Raises:
            ServiceUnavailableError: the store did not answer.
            UnreadableRowError: something that is no log is kept in its place.
        """


class ClaimRepository(Protocol):
    """Keeps claims. Every call may raise `ServiceUnavailableError`."""

    def take(self, claim: Claim, now: int) -> Claim | None:
        """Takes what `claim.key` names unless somebody holds it.

        Costs one conditional write; a second where a claim was there that had run out. That one
        is returned, and what is written remembers it (`Claim.after`); None if there was none.

        Raises:
            ClaimTakenError: somebody holds it, or the attempt has ended; it has that claim.
        """

    def renew(self, claim: Claim) -> bool:
        """Writes the claim as it is now, if its owner still has it; whether it does."""

    def release(self, claim: Claim) -> None:
        """Gives the claim back, if its owner still has it: anybody may take it at once."""

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """The claims there are, by key, those included that have run out."""


class MachineVersions(Protocol):
    """Keeps machines as they were, by digest, for the stacks that started on them."""

    def keep(self, machine: Machine) -> None:
        """Keeps this version. Doing it again changes nothing.

        Raises:
            ServiceUnavailableError: the store did not answer.
        """

    def get(self, name: str, digest: str) -> Machine | None:
        """The machine as it was, or None if that version was never kept.

        Raises:
            InvalidDefinitionError: what was kept can no longer be used.
            ServiceUnavailableError: the store did not answer.
        """
