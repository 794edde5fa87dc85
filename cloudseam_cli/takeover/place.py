"""Port: the table that is to be taken over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from cloudseam_cli.takeover.found_row import FoundRow
from cloudseam_cli.takeover.remark import Remark


class Place(Protocol):
    """Reads rows as they are, and makes them ours. Reading changes nothing.

    Every call may raise `ServiceUnavailableError`.
    """

    def rows(self) -> Iterator[FoundRow]:
        """All rows of stacks, tombstones included, in no order."""

    def remarks(self) -> Sequence[Remark]:
        """What is not as it should be with the table as a whole."""

    def adopted_at(self) -> int | None:
        """Since when the stacks are ours, in epoch milliseconds; None while they are not."""

    def take_over(self, rows: Sequence[FoundRow]) -> Sequence[str]:
        """Gives each row a version; the ids of those that were written meanwhile, and have none.

        Nothing of what a row holds is lost: one that has changed since it was read either keeps
        the change, or is left to be read again. Doing it again changes nothing.
        """

    def seal(self, now: int) -> bool:
        """Notes that all stacks are ours since `now`; False where a row without version is left.

        Doing it again changes nothing.
        """

    def release(self) -> int:
        """Gives the stacks back: removes what refuses the original's writes, and the tombstones,
        which it would take for stacks; how many of those. Doing it again changes nothing.
        """
