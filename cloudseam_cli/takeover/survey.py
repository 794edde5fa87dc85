"""One look at the whole installation. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloudseam.finding import Severity
from cloudseam_cli.takeover.found_row import FoundRow
from cloudseam_cli.takeover.original_queues import (
    OriginalQueue,
    look_at,
    queue_remarks,
    running_remarks,
)
from cloudseam_cli.takeover.place import Place
from cloudseam_cli.takeover.remark import About, Remark
from cloudseam_cli.takeover.stack_rules import (
    machine_remarks,
    place_remarks,
    row_remarks,
    token_remarks,
)

if TYPE_CHECKING:
    from cloudseam.locators import MachineLocator
    from cloudseam_cli.target import Target

STOPPED = "Stop the original's state machine, all of it: docs/migrating.md, step 3."


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found. `adopted_at` is since when the stacks are ours, None before."""

    rows: Sequence[FoundRow]
    queues: Sequence[OriginalQueue]
    remarks: Sequence[Remark]
    adopted_at: int | None

    @property
    def is_ready(self) -> bool:
        """Whether nothing has to be mended first."""
        return not any(remark.is_error for remark in self.remarks)

    @property
    def blocking(self) -> list[Remark]:
        """What keeps rows from being taken over."""
        return [remark for remark in self.remarks if remark.blocks]

    @property
    def not_ours(self) -> list[FoundRow]:
        """The rows that the original wrote last."""
        return [row for row in self.rows if not row.is_ours]


def survey(
    target: Target,
    place: Place,
    queues: Mapping[str, str],
    locator: MachineLocator | None,
    pause: Callable[[], object],
) -> Survey:
    """Looks at rows twice, with a pause between, at queues, and at machines if there are any.

    Raises:
        NoTargetError: a queue does not answer.
        ServiceUnavailableError: the store does not answer.
    """
    store = list(place.remarks())
    if any(remark.blocks for remark in store):
        return Survey((), (), store, None)
    before = _digests(place.rows())
    looked = [
        look_at(target.client("sqs"), target.client("lambda"), what, url)
        for what, url in queues.items()
    ]
    pause()
    rows = sorted(place.rows(), key=lambda row: row.id)
    remarks = [
        *(remark for queue in looked for remark in running_remarks(queue)),
        *written_meanwhile(before, rows),
        *store,
        *_unseen(queues, locator),
        *(remark for queue in looked for remark in queue_remarks(queue)),
        *(machine_remarks(locator) if locator else ()),
        *(remark for row in rows for remark in _of_row(row, locator)),
        *token_remarks([row.stack for row in rows if row.stack and not row.stack.is_removed]),
    ]
    return Survey(rows, looked, remarks, place.adopted_at())


def written_meanwhile(before: Mapping[str, str], rows: Sequence[FoundRow]) -> Iterator[Remark]:
    """A remark on each row that the original has written or removed since `before`.

    `before` has the digest of each row, empty for one of ours: those may change as they like, but
    not lose their version.
    """
    now = {row.id: row for row in rows}
    for row in rows:
        if not row.is_ours and before.get(row.id) != row.digest:
            yield _original(row.id, "its row was written while it was looked at.")
    for stack_id, digest in before.items():
        if digest and stack_id not in now:
            yield _original(stack_id, "its row was removed while it was looked at.")


def _unseen(queues: Mapping[str, str], locator: MachineLocator | None) -> Iterator[Remark]:
    """What nobody named, so that it was not looked at."""
    for what in ("event", "task"):
        if what not in queues:
            fix = f"Name it: --{what}-queue."
            yield Remark(About.QUEUE, f"of {what}s", "it was not looked at.", fix, Severity.WARNING)
    if locator is None:
        fix = "Name their folder: --machines, or MACHINE_LOCATOR and its settings."
        yield Remark(About.MACHINE, "all", "they were not looked at.", fix, Severity.WARNING)


def _digests(rows: Iterator[FoundRow]) -> dict[str, str]:
    return {row.id: "" if row.is_ours else row.digest for row in rows}


def _of_row(row: FoundRow, locator: MachineLocator | None) -> Iterator[Remark]:
    """Stacks that are ours already and have their machine's version are the state machine's."""
    if row.stack is not None and (row.stack.is_removed or row.stack.machine_digest):
        return
    yield from row_remarks(row)
    if row.stack is not None and locator is not None:
        yield from place_remarks(row.stack, locator)


def _original(stack_id: str, problem: str) -> Remark:
    return Remark(About.ORIGINAL, f"stack {stack_id}", problem, STOPPED, blocks=True)
