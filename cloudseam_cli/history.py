"""`cloudseam history`: what has happened to one stack."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cloudseam_cli.option_types import positive_number
from cloudseam_cli.target import add_target_arguments, find_target
from cloudseam_cli.text import columns

if TYPE_CHECKING:
    from cloudseam.history import Entry
    from cloudseam.persistence import StackRepository
    from cloudseam.stack import Stack

LIMIT = 50
FULL, RECENT = "full", "recent"
EPILOG = """\
A stack's row holds its last few events. Where the state machine keeps the full history
(HISTORY=full), that is read. The last line on standard error says which of the two it was. The
history of a stack that ended can be read as long as its tombstone is kept, for 15 days.

Of an execution in Amazon States Language --log shows the events that GetExecutionHistory has, with
the seconds since its start and the beginning of what went in or came out; --json shows all of it.

examples:
  cloudseam history my-branch
  cloudseam history my-branch --limit 500
  cloudseam history order-7 --log
  cloudseam history my-branch --json | jq -r '.entries[] | select(.verdict) | .event'

exit codes: 0 shown; 1 there never was such a stack; 2 wrong options, or the store does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("stack", metavar="STACK", help="id of the stack")
    parser.add_argument(
        "--limit",
        type=positive_number,
        default=LIMIT,
        metavar="N",
        help=f"at most so many entries, the latest ones (default: {LIMIT})",
    )
    parser.add_argument(
        "--log",
        action="store_true",
        help="the events of an execution in Amazon States Language, in the form of the API",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    add_target_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Shows it, newest last."""
    from cloudseam_cli.stack_store import load_one, stacks_of

    stacks = stacks_of(find_target(args))
    stack = load_one(stacks, args.stack)
    if stack is None:
        print(f"cloudseam history: there is no stack '{args.stack}'.", file=sys.stderr)
        return 1
    if args.log:
        return _show_log(stacks, stack, args)
    kind, entries = entries_of(stacks, stack, args.limit)
    if args.json:
        told = {"stack": stack.id, "history": kind, "entries": [view(entry) for entry in entries]}
        print(json.dumps(told, indent=2))
        return 0
    print("\n".join(lines(entries)))
    print(_which(kind, len(entries), args.limit), file=sys.stderr)
    return 0


def _show_log(stacks: StackRepository, stack: Stack, args: argparse.Namespace) -> int:
    from cloudseam_cli.executions import timeline
    from cloudseam_cli.stack_store import NOT_READ
    from cloudseam_cli.unreachable import reaching

    with reaching(NOT_READ):
        events = stacks.log(stack.id, stack.version)
    if not events:
        print(f"cloudseam history: '{stack.id}' is no execution, or has no log.", file=sys.stderr)
        return 1
    latest = events[-args.limit :]
    if args.json:
        print(json.dumps({"stack": stack.id, "events": latest}, indent=2))
        return 0
    began = events[0]["timestamp"]
    print("\n".join(timeline(latest, lambda event: (event["timestamp"] - began) / 1000)))
    return 0


def entries_of(stacks: StackRepository, stack: Stack, limit: int) -> tuple[str, Sequence[Entry]]:
    """Whether it is the full or the recent history, and its latest entries, newest last.

    Raises:
        NoTargetError: the store does not answer.
    """
    from cloudseam_cli.stack_store import NOT_READ
    from cloudseam_cli.unreachable import reaching

    with reaching(NOT_READ):
        full = stacks.history(stack.id, stack.version, limit)
    if not full:
        return RECENT, stack.history[-limit:]
    # The full history may have been switched off since.
    newer = [entry for entry in stack.history if entry.at > full[0].at]
    return FULL, [*full[::-1], *newer][-limit:]


def view(entry: Entry) -> dict[str, Any]:
    """An entry as JSON. `at` is in epoch milliseconds, `version` 0 where it is not known."""
    return {
        "at": entry.at,
        "event": entry.event,
        "state": entry.state,
        "task": entry.task or None,
        "verdict": entry.verdict or None,
        "version": entry.version or None,
    }


def lines(entries: Sequence[Entry]) -> Iterator[str]:
    """The entries as lines with aligned columns."""
    from cloudseam_cli.moment import moment

    rows = [
        (
            moment(entry.at),
            entry.event,
            entry.state,
            entry.task,
            f"not applied: {entry.verdict.lower()}" if entry.verdict else "",
        )
        for entry in entries
    ]
    yield from columns([("TIME", "EVENT", "STATE", "TASK", ""), *rows])


def _which(kind: str, number: int, limit: int) -> str:
    if kind == FULL:
        more = "; there may be more: --limit" if number == limit else ""
        return f"The full history, as far as it is kept{more}."
    return "The recent history, as the stack's row has it. HISTORY=full keeps all of it."
