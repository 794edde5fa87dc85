"""`cloudseam stacks`: which stacks there are, and where each of them stands."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from cloudseam_cli.target import add_target_arguments, find_target
from cloudseam_cli.text import columns

if TYPE_CHECKING:
    from cloudseam.stack import Stack

HEADINGS = ("STACK", "MACHINE", "STATE", "TASKS", "UPDATED")
EPILOG = """\
examples:
  cloudseam stacks
  cloudseam stacks --machine preview --state RUN
  cloudseam stacks --failed
  cloudseam stacks --json | jq -r '.[] | select(.tasks.ERROR) | .id'

exit codes: 0 done, even if there is none; 2 wrong options, or the store does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("--machine", metavar="NAME", help="only stacks of this machine")
    parser.add_argument("--state", metavar="NAME", help="only stacks in this state")
    parser.add_argument(
        "--failed",
        action="store_true",
        help="only stacks with a task that has failed and will not be tried again by itself",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON array")
    add_target_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Lists them, by id."""
    from cloudseam_cli.stack_store import load_all, stacks_of

    stacks = load_all(stacks_of(find_target(args)), args.machine, args.state)
    if args.failed:
        stacks = [stack for stack in stacks if stack.has_failed]
    if args.json:
        print(json.dumps([summary(stack) for stack in stacks], indent=2))
    elif stacks:
        print("\n".join(table(stacks)))
    else:
        print(f"There is no stack{_wanted(args)}.", file=sys.stderr)
    return 0


def table(stacks: list[Stack]) -> list[str]:
    """The lines of a table."""
    from cloudseam_cli.moment import moment

    rows = [
        (stack.id, stack.machine, stack.state, tasks_in_short(stack), moment(stack.updated_at))
        for stack in stacks
    ]
    return columns([HEADINGS, *rows])


def summary(stack: Stack) -> dict[str, Any]:
    """A stack in short, as JSON. Times are epoch milliseconds."""
    return {
        "id": stack.id,
        "machine": stack.machine,
        "state": stack.state,
        "tasks": _counts(stack),
        "updatedAt": stack.updated_at,
    }


def tasks_in_short(stack: Stack) -> str:
    """How many tasks are in which status; those that failed by name.

    One that has failed and will be tried again by itself only waits.
    """
    failed = [task.name for task in stack.tasks if task.status == "ERROR" and not task.retry_at]
    retried = [task.name for task in stack.tasks if task.status == "ERROR" and task.retry_at]
    counts = _counts(stack)
    words = [
        f"{counts[status]} {status.lower()}"
        for status in ("SATISFIED", "PENDING", "WAITING")
        if status in counts
    ]
    if retried:
        words.append(f"to be retried: {', '.join(retried)}")
    if failed:
        words.append(f"error: {', '.join(failed)}")
    return ", ".join(words) or "-"


def _counts(stack: Stack) -> dict[str, int]:
    return dict(Counter(task.status.value for task in stack.tasks))


def _wanted(args: argparse.Namespace) -> str:
    machine = f" of machine {args.machine}" if args.machine else ""
    state = f" in state {args.state}" if args.state else ""
    return machine + state + (" with a task that has failed" if args.failed else "")
