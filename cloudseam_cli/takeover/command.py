"""`cloudseam migrate check`, `adopt` and `release`: what they are given, and what they print."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cloudseam_cli.machines import add_machines_argument, machines_of
from cloudseam_cli.option_types import amount
from cloudseam_cli.target import Target, add_target_arguments, find_target
from cloudseam_cli.text import columns, printable
from cloudseam_cli.unreachable import NoTargetError, reaching

if TYPE_CHECKING:
    from cloudseam.locators import MachineLocator
    from cloudseam_cli.takeover.adoption import Plan
    from cloudseam_cli.takeover.place import Place
    from cloudseam_cli.takeover.remark import Remark
    from cloudseam_cli.takeover.survey import Survey

READY, NOT_READY = 0, 1
HEADINGS = ("MACHINE", "STATE", "STACKS", "PENDING TASKS")
# Longer than a transition of the original takes, which reads, writes and sends.
WATCH_SECONDS = 10.0
MORE = "`cloudseam migrate --help` has examples and exit codes; docs/migrating.md has the steps."


def add_check(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    parser.epilog = MORE
    add_machines_argument(parser)
    _add_common(parser)


def add_adopt(parser: argparse.ArgumentParser) -> None:
    """The options of `adopt`."""
    parser.epilog = MORE
    parser.add_argument(
        "--stack",
        nargs="+",
        action="extend",
        default=[],
        metavar="ID",
        help="take over these rows, which another program has written since all were taken over",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what would be taken over, and change nothing"
    )
    _add_common(parser)


def add_release(parser: argparse.ArgumentParser) -> None:
    """The options of `release`."""
    parser.epilog = MORE
    parser.add_argument(
        "--event-queue", metavar="URL", required=True, help="CloudSeam's own event queue"
    )
    add_target_arguments(parser)


def _add_common(parser: argparse.ArgumentParser) -> None:
    for what in ("event", "task"):
        parser.add_argument(
            f"--{what}-queue", metavar="URL", help=f"the {what} queue of the original"
        )
    parser.add_argument(
        "--watch",
        type=amount,
        default=WATCH_SECONDS,
        metavar="SECONDS",
        help="time between two looks at the rows (default: %(default)g)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_target_arguments(parser)


def check(args: argparse.Namespace) -> int:
    """Looks at everything and says what was found."""
    from cloudseam_cli.takeover.places import place_of

    target = find_target(args)
    found = _survey(args, target, place_of(target), machines_of(args, target))
    if args.json:
        print(json.dumps(view(found), indent=2))
    else:
        print("\n".join(columns([HEADINGS, *_states(found)])), end="\n\n")
        _tell(found.remarks)
        print(summary(found))
    return READY if found.is_ready else NOT_READY


def adopt(args: argparse.Namespace) -> int:
    """Takes the stacks over, unless the original still runs."""
    from cloudseam_cli.takeover.adoption import carry_out, plan_of
    from cloudseam_cli.takeover.places import place_of

    if not (args.event_queue or args.stack):
        raise NoTargetError(
            "Name the original's event queue, --event-queue: who is given its messages still runs."
        )
    target = find_target(args)
    place = place_of(target)
    plan = plan_of(_survey(args, target, place, None), args.stack)
    failed: Sequence[Remark] = ()
    changes = not plan.is_blocked and not args.dry_run
    if changes:
        with reaching("The stacks were not taken over"):
            failed = carry_out(plan, place, _now(), _progress(len(plan.rows)))
    remarks = [*plan.remarks, *failed]
    if args.json:
        print(json.dumps(_result(plan, remarks, is_done=changes and not failed), indent=2))
    else:
        _tell(remarks)
        print(_outcome(plan, is_dry=args.dry_run, is_done=not failed))
    return NOT_READY if remarks else READY


def release(args: argparse.Namespace) -> int:
    """Gives the stacks back to the original, unless CloudSeam still takes events."""
    from cloudseam_cli.takeover.original_queues import look_at, running_remarks
    from cloudseam_cli.takeover.places import place_of
    from cloudseam_cli.takeover.remark import About

    target = find_target(args)
    queue = look_at(target.client("sqs"), target.client("lambda"), "event", args.event_queue)
    remarks = list(running_remarks(queue, About.CLOUDSEAM))
    _tell(remarks)
    if any(remark.blocks for remark in remarks):
        print("Nothing was changed.")
        return NOT_READY
    with reaching("The stacks were not given back"):
        tombstones = place_of(target).release()
    print(f"The stacks are the original's again. Tombstones removed: {tombstones}.")
    return READY


def _survey(
    args: argparse.Namespace, target: Target, place: Place, locator: MachineLocator | None
) -> Survey:
    from cloudseam_cli.takeover.survey import survey

    with reaching("The installation was not looked at"):
        return survey(target, place, _queues(args), locator, lambda: time.sleep(args.watch))


def _queues(args: argparse.Namespace) -> dict[str, str]:
    """The original's queues that are named, by what they are for."""
    named = {"event": args.event_queue, "task": args.task_queue}
    return {what: url for what, url in named.items() if url}


def _now() -> int:
    return time.time_ns() // 1_000_000


def _progress(total: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        print(f"{done} of {total} rows", file=sys.stderr, flush=True)

    return tell


def _result(plan: Plan, remarks: Sequence[Remark], *, is_done: bool) -> dict[str, object]:
    return {
        "done": is_done,
        "rows": [row.id for row in plan.rows],
        "findings": [remark.view() for remark in remarks],
    }


def _outcome(plan: Plan, *, is_dry: bool, is_done: bool) -> str:
    if plan.is_blocked:
        return "Nothing was changed."
    if is_dry:
        return f"Rows to take over: {len(plan.rows)}. Nothing was changed."
    if not is_done:
        return "Not all rows were taken over. Repeat this once it is mended."
    taken = f"Rows taken over: {len(plan.rows)}."
    if plan.remarks:
        return f"{taken} What is told above was left as it is."
    return f"{taken} From here on a row that another program writes is refused."


def view(found: Survey) -> dict[str, object]:
    """What was found as JSON."""
    from cloudseam_cli.takeover.stack_rules import stack_view

    return {
        "ready": found.is_ready,
        "adoptedAt": found.adopted_at,
        "stacks": [stack_view(row) for row in found.rows],
        "queues": [queue.view() for queue in found.queues],
        "findings": [remark.view() for remark in found.remarks],
    }


def _states(found: Survey) -> list[tuple[str, str, str, str]]:
    """How many stacks are in each state of each machine, and how many tasks are pending there."""
    stacks = [row.stack for row in found.rows if row.stack and not row.stack.is_removed]
    many = Counter((stack.machine, stack.state) for stack in stacks)
    pending = Counter(
        (stack.machine, stack.state)
        for stack in stacks
        for task in stack.tasks
        if task.status == "PENDING"
    )
    return [(*place, str(many[place]), str(pending[place])) for place in sorted(many)]


def summary(found: Survey) -> str:
    """What was found in a sentence or two."""
    errors = sum(remark.is_error for remark in found.remarks)
    warnings = len(found.remarks) - errors
    return (
        f"Stacks: {len(found.rows)}; of these taken over: {len(found.rows) - len(found.not_ours)}. "
        f"Errors: {errors}; warnings: {warnings}. {'Ready.' if not errors else 'Not ready.'}"
    )


def _tell(remarks: Sequence[Remark]) -> None:
    for remark in remarks:
        print(printable(str(remark)))
