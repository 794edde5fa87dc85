"""`cloudseam start`: starts a machine of actions in Python, or one in Amazon States Language."""

from __future__ import annotations

import argparse
import json
import os
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING
from uuid import uuid4

from cloudseam_cli.send import add_wait_argument, deliver
from cloudseam_cli.target import add_target_arguments, find_target
from cloudseam_cli.unreachable import reaching

if TYPE_CHECKING:
    from typing import Any

    from cloudseam.actions.starting import Start
    from cloudseam_cli.target import Target

EPILOG = """\
A context or input that is a file, or comes from standard input, is not to be seen in the list of
processes. A context of more than 100,000 bytes is kept in the bucket that CONTEXT_BUCKET names, or
that `dev` has. Machines of actions in Python have a context; those in Amazon States Language an
input, of 262,144 bytes at most.

examples:
  cloudseam start orders --id order-7 --context order.json
  cloudseam start orders --context \'{"count":3}\' --wait
  cat order.json | cloudseam start orders --context - --json
  cloudseam start orders --id order-7 --context order.json --state Charge --event charged
  cloudseam start orders --additional-delay 60
  cloudseam start roll-die --id first --input \'{"player":"x"}\' --wait

exit codes: 0 sent, and with --wait applied, now or before; 1 not applied in time, or
refused; 2 wrong options, or nothing to send it to
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("machine", metavar="MACHINE", help="name of the machine")
    parser.add_argument(
        "--id",
        metavar="ID",
        help="id of its stack; a machine that is there under it goes on as it was "
        "(default: a new one)",
    )
    given = parser.add_mutually_exclusive_group()
    given.add_argument(
        "--context",
        metavar="FILE|-|JSON",
        help="its context, a JSON object; - reads it from standard input (default: an empty one)",
    )
    given.add_argument(
        "--input",
        metavar="FILE|-|JSON",
        help="for a machine in Amazon States Language: its input, any JSON",
    )
    parser.add_argument("--state", metavar="STATE", help="with --event: the state to resume at")
    parser.add_argument("--event", metavar="EVENT", help="the event that leads on from there")
    parser.add_argument(
        "--additional-delay",
        type=_seconds,
        default=0,
        metavar="SECONDS",
        help="wait so long before every transition of the machine",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_wait_argument(parser)
    add_target_arguments(parser, with_queue=True)


def run(args: argparse.Namespace) -> int:
    """Starts the machine, and waits for it if asked to."""
    from cloudseam.actions.starting import start_message

    start = asked_for(args)
    given = input_of(args)
    target = find_target(args)
    body = start_message(start, given) if given else _body(start, target)
    if not args.json:
        return deliver(target, [body], args.wait)
    with redirect_stdout(sys.stderr):
        code = deliver(target, [body], args.wait)
    print(json.dumps({"stackId": start.stack_id, "machine": start.machine}))
    return code


def _body(start: Start, target: Target) -> str:
    from cloudseam.actions.starting import context_bucket, start_body

    bucket = context_bucket(
        lambda: target.client("s3"),
        {"CONTEXT_BUCKET": target.context_bucket} if target.context_bucket else os.environ,
    )
    with reaching("The machine was not started"):
        return start_body(start, bucket)


def input_of(args: argparse.Namespace) -> dict[str, Any]:
    """The field `input` of the message; nothing where no input was given.

    Raises:
        InvalidMessageError: it is no JSON, or is given with what machines of actions take.
    """
    from cloudseam.errors import InvalidMessageError
    from cloudseam_cli.context_argument import read_input

    if args.input is None:
        return {}
    if args.state is not None or args.event is not None or args.additional_delay:
        raise InvalidMessageError(
            "--state, --event and --additional-delay are for machines of actions in Python, which "
            "have no --input."
        )
    return {"input": read_input(args.input)}


def asked_for(args: argparse.Namespace) -> Start:
    """The machine to start.

    Raises:
        CloudSeamError: none can be started by that.
    """
    from cloudseam.actions.starting import Start, checked
    from cloudseam_cli.context_argument import read_context

    return checked(
        Start(
            args.machine,
            uuid4().hex if args.id is None else args.id,
            {} if args.context is None else read_context(args.context),
            args.state,
            args.event,
            args.additional_delay,
        )
    )


def _seconds(text: str) -> int:
    try:
        seconds = int(text)
    except ValueError:
        seconds = -1
    if seconds < 0:
        raise argparse.ArgumentTypeError("takes a whole number of seconds")
    return seconds
