"""`cloudseam cancel`: has the tasks of a stack given up."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from cloudseam.event import CANCEL_TASKS
from cloudseam_cli.send import add_wait_argument, deliver, event_body
from cloudseam_cli.target import add_target_arguments, find_target

if TYPE_CHECKING:
    from cloudseam.stack import Stack

EPILOG = """\
Every task that has not answered, or would be tried again by itself, becomes ERROR with the cause
"Cancelled". The stack stays in its state. Whoever works on such a task stops within his next
heartbeat, 20 seconds at most; a Terraform that runs is interrupted, so that it saves its state
and gives its lock back, and what it has made so far stays. An answer that comes all the same
is too late and has no effect. `cloudseam retry STACK` runs the tasks again.

An execution in Amazon States Language ends: it is ABORTED.

examples:
  cloudseam cancel my-branch
  cloudseam cancel my-branch --wait

exit codes: 0 sent, and with --wait applied; 1 there is no such stack or nothing to cancel, or it
was not applied in time; 2 wrong options, or nothing to send it to
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("stack", metavar="STACK", help="id of the stack")
    add_wait_argument(parser)
    add_target_arguments(parser, with_queue=True)


def run(args: argparse.Namespace) -> int:
    """Sends the event, if there is something to cancel."""
    from cloudseam_cli.stack_store import load_one, stacks_of

    target = find_target(args)
    reason = nothing_to_cancel(load_one(stacks_of(target), args.stack), args.stack)
    if reason:
        print(f"cloudseam cancel: {reason}", file=sys.stderr)
        return 1
    return deliver(target, [event_body(args.stack, CANCEL_TASKS)], args.wait)


def nothing_to_cancel(stack: Stack | None, stack_id: str) -> str:
    """Why there is nothing to cancel; empty if there is."""
    from cloudseam_cli.stacks import tasks_in_short

    if stack is None or stack.is_removed:
        return f"there is no stack '{stack_id}'."
    if any(task.status.value == "PENDING" or task.retry_at for task in stack.tasks):
        return ""
    tasks = tasks_in_short(stack)
    return f"no task of '{stack_id}' is to be run. It is in state {stack.state} (tasks: {tasks})."
