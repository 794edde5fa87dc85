"""`cloudseam retry`: runs the tasks of a stack again."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from cloudseam.event import RETRY_FAILED_TASKS, RETRY_PENDING_TASKS
from cloudseam_cli.send import add_wait_argument, deliver, event_body
from cloudseam_cli.target import add_target_arguments, find_target

if TYPE_CHECKING:
    from cloudseam.stack import Stack

EPILOG = """\
A new attempt of each task is asked for, and answers of the old one no longer count. Tasks that
have failed are run again (RETRY_FAILED_TASKS); with --pending those that have not answered
(RETRY_PENDING_TASKS), for when nobody works on them any more: somebody who still does stops
within his next heartbeat, 20 seconds at most. Where nothing is to be run again nothing is sent;
`cloudseam send STACK RETRY_FAILED_TASKS` sends it all the same.

An execution in Amazon States Language retries by itself, as its machine says. With --pending what
it has asked for is sent again, and whichever answer comes first counts.

examples:
  cloudseam retry my-branch
  cloudseam retry my-branch --wait
  cloudseam retry my-branch --pending

exit codes: 0 sent, and with --wait applied; 1 there is no such stack or nothing to run again, or
it was not applied in time; 2 wrong options, or nothing to send it to
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("stack", metavar="STACK", help="id of the stack")
    parser.add_argument(
        "--pending", action="store_true", help="the tasks that have not answered, not the failed"
    )
    add_wait_argument(parser)
    add_target_arguments(parser, with_queue=True)


def run(args: argparse.Namespace) -> int:
    """Sends the event, if there is something to run again."""
    from cloudseam_cli.stack_store import load_one, stacks_of

    target = find_target(args)
    stack = load_one(stacks_of(target), args.stack)
    reason = nothing_to_retry(stack, args.stack, pending=args.pending)
    if reason:
        print(f"cloudseam retry: {reason}", file=sys.stderr)
        return 1
    event = RETRY_PENDING_TASKS if args.pending else RETRY_FAILED_TASKS
    return deliver(target, [event_body(args.stack, event)], args.wait)


def nothing_to_retry(stack: Stack | None, stack_id: str, *, pending: bool) -> str:
    """Why there is nothing to run again, and what to do instead; empty if there is."""
    from cloudseam_cli.stacks import tasks_in_short

    if stack is None or stack.is_removed:
        return f"there is no stack '{stack_id}'."
    wanted, other = ("PENDING", "ERROR") if pending else ("ERROR", "PENDING")
    statuses = {task.status.value for task in stack.tasks}
    if wanted in statuses:
        return ""
    what = "waits for its answer" if pending else "has failed"
    way = f" {OTHER_WAYS[other]}" if other in statuses else ""
    tasks = tasks_in_short(stack)
    return f"no task of '{stack_id}' {what}. It is in state {stack.state} (tasks: {tasks}).{way}"


OTHER_WAYS = {
    "PENDING": "With --pending the tasks are run again that have not answered.",
    "ERROR": "Without --pending the tasks are run again that have failed.",
}
