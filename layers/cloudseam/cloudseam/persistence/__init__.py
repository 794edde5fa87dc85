"""Port: where stacks are kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cloudseam.errors import CloudSeamError
from cloudseam.stack import Stack

# A removed stack's tombstone outlives every message that could still speak of it: SQS keeps a
# message for 14 days at most (developer guide, "Message quotas").
TOMBSTONE_SECONDS = 15 * 24 * 3600


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

        At most one commit per stack id and call. Returns what failed, by stack id:
        `StackConflictError` where another writer was first, `StackTooLargeError`, or
        `ServiceUnavailableError` where the outcome may be unknown.
        """

    def scan(self, machine: str | None = None, state: str | None = None) -> Iterator[Stack]:
        """All stacks that are not removed, in no order; optionally of one machine or state.

        Reads the whole table: for people and tools, never on the path of an event.
        """
