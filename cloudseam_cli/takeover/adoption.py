"""Makes all rows of the original ours, and notes that they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudseam_cli.takeover.found_row import FoundRow
from cloudseam_cli.takeover.place import Place
from cloudseam_cli.takeover.remark import About, Remark
from cloudseam_cli.takeover.survey import STOPPED, Survey

ROWS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done: rows to take over, whether that is all of them, and why others are not.

    A plan that is blocked does nothing.
    """

    rows: Sequence[FoundRow]
    remarks: Sequence[Remark]
    is_first: bool = True
    is_blocked: bool = False


def plan_of(found: Survey, named: Sequence[str]) -> Plan:
    """The first time all rows of the original; later on the rows that were `named`, each of which
    another program has written since, and none that was not.
    """
    if found.blocking:
        return Plan((), found.blocking, is_blocked=True)
    theirs = {row.id: row for row in found.not_ours}
    missing = [
        Remark(About.STACK, name, "there is no row of it without a version.", "")
        for name in named
        if name not in theirs
    ]
    if found.adopted_at is None:
        return Plan(found.not_ours, missing)
    wanted = [theirs[name] for name in dict.fromkeys(named) if name in theirs]
    left = [_foreign(name) for name in theirs if name not in named]
    return Plan(wanted, [*missing, *left], is_first=False)


def carry_out(
    plan: Plan, place: Place, now: int, tell: Callable[[int], object]
) -> Sequence[Remark]:
    """Takes the rows over, and seals the first time; what kept it from that, if anything did.

    `tell` is told how many rows are done. It can be interrupted at any moment, and run again.

    Raises:
        ServiceUnavailableError: the store did not answer.
    """
    missed: list[str] = []
    for start in range(0, len(plan.rows), ROWS_AT_ONCE):
        chunk = plan.rows[start : start + ROWS_AT_ONCE]
        missed += place.take_over(chunk)
        tell(start + len(chunk))
    if missed:
        # CloudSeam itself may have taken one over, by an event.
        ours = {row.id for row in place.rows() if row.is_ours}
        missed = [stack_id for stack_id in missed if stack_id not in ours]
    if missed:
        return [_written(f"stack {stack_id}") for stack_id in missed]
    if plan.is_first and not place.seal(now):
        return [_written("rows")]
    return ()


def _written(name: str) -> Remark:
    return Remark(
        About.ORIGINAL,
        name,
        "written or removed while rows were taken over.",
        f"{STOPPED} Then repeat this.",
        blocks=True,
    )


def _foreign(stack_id: str) -> Remark:
    return Remark(
        About.ORIGINAL,
        f"stack {stack_id}",
        "another program has written its row since the stacks were taken over: its events are "
        "refused.",
        "Stop that program, look whether the row is as it should be, and name it: --stack "
        f"{stack_id}.",
    )
