"""`cloudseam migrate`: moves what there is to what is wanted now."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING

from cloudseam.event import MIGRATE_MACHINE
from cloudseam_cli.machines import add_machines_argument, machines_of
from cloudseam_cli.send import add_wait_argument, deliver, event_body
from cloudseam_cli.takeover.command import add_adopt, add_check, add_release, adopt, check, release
from cloudseam_cli.target import add_target_arguments, find_target
from cloudseam_cli.text import columns
from cloudseam_cli.unreachable import NoTargetError

if TYPE_CHECKING:
    from cloudseam.machine import Machine
    from cloudseam.stack import Stack
    from cloudseam_cli.move import Move

LATEST = "latest"
EPILOG = """\
A stack stays on the version of its machine that it started on. `migrate stacks` looks which stacks
of a machine fit the version that its file has now, and sends MIGRATE_MACHINE to those that do:
their state is still there, with the same tasks. The state machine judges each once more when it
gets the event, by the file that it sees. A state that has another name now is named with --states.

`migrate check` looks whether an installation of the original CloudSeam can be taken over: every
stack, machine file and queue, and whether the original still runs. It changes nothing. `migrate
adopt` takes the stacks over, unless the original still runs, and `migrate release` gives them back;
docs/migrating.md has the steps.

examples:
  cloudseam migrate check --table Stacks --machines machines --event-queue URL --task-queue URL
  cloudseam migrate adopt --table Stacks --event-queue URL --dry-run
  cloudseam migrate stacks --machine preview --machines machines --dry-run
  cloudseam migrate stacks --machine preview --machines machines --wait
  cloudseam migrate stacks --machine preview --states RUN=SERVE UPDATE=DEPLOY
  cloudseam migrate stacks --machine preview --stack feature-42 feature-43

exit codes: 0 all that are on another version fit, and were sent it (with --wait: and moved); 1 at
least one does not fit, is not there, or was not moved in time; of `check`, `adopt` and
`release` 0 ready, or done; 1 something has to be mended first, and what; 2 wrong options, or no
machine, store or queue
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command, each of its own commands' with them."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    subjects = parser.add_subparsers(dest="subject", metavar="WHAT", required=True)
    add_check(subjects.add_parser("check", help="look whether the original can be taken over"))
    add_adopt(subjects.add_parser("adopt", help="take the stacks of the original over"))
    add_release(subjects.add_parser("release", help="give the stacks back to the original"))
    stacks = subjects.add_parser(
        "stacks",
        help="move stacks to another version of their machine",
        epilog="`cloudseam migrate --help` has examples and exit codes.",
    )
    stacks.add_argument("--machine", required=True, metavar="NAME", help="whose stacks")
    stacks.add_argument(
        "--to", choices=(LATEST,), default=LATEST, help="the version that its file has now"
    )
    stacks.add_argument(
        "--states",
        nargs="+",
        action="extend",
        default=[],
        type=_renamed,
        metavar="OLD=NEW",
        help="the name now of a state that was renamed",
    )
    stacks.add_argument(
        "--stack", nargs="+", action="extend", metavar="ID", help="only these stacks"
    )
    stacks.add_argument(
        "--dry-run", action="store_true", help="tell which stacks fit, and send nothing"
    )
    stacks.add_argument("--json", action="store_true", help="print a JSON array; sends as well")
    add_machines_argument(stacks)
    add_wait_argument(stacks)
    add_target_arguments(stacks, with_queue=True)


def run(args: argparse.Namespace) -> int:
    """Does what was asked for."""
    return {"check": check, "adopt": adopt, "release": release, "stacks": _stacks}[args.subject](
        args
    )


def _stacks(args: argparse.Namespace) -> int:
    from cloudseam_cli.move import moves
    from cloudseam_cli.stack_store import load_all, stacks_of

    target = find_target(args)
    locator = machines_of(args, target)
    if locator is None:
        raise NoTargetError("Name the folder of machine files: --machines, or MACHINE_LOCATOR.")
    machine = locator.get(args.machine)
    there = load_all(stacks_of(target), args.machine, None)
    missing = [each for each in args.stack or () if each not in {stack.id for stack in there}]
    wanted = [stack for stack in there if not args.stack or stack.id in args.stack]
    found = moves(wanted, machine, dict(args.states))
    _tell(args, machine, wanted, found)
    for each in missing:
        message = f"cloudseam migrate: machine '{machine.name}' has no stack '{each}'."
        print(message, file=sys.stderr)
    fitting = [move for move in found if move.fits]
    code = 1 if missing or len(fitting) < len(found) else 0
    if args.dry_run or not fitting:
        return code
    states = dict(args.states)
    bodies = [event_body(move.stack.id, MIGRATE_MACHINE, states=states) for move in fitting]
    # What a script reads is the array alone.
    with redirect_stdout(sys.stderr) if args.json else nullcontext():
        return max(code, deliver(target, bodies, args.wait))


def _tell(
    args: argparse.Namespace, machine: Machine, wanted: Sequence[Stack], found: Sequence[Move]
) -> None:
    from cloudseam_cli.move import HEADINGS
    from cloudseam_cli.show import short_version

    if args.json:
        print(json.dumps([move.view() for move in found], indent=2), flush=True)
    elif found:
        print("\n".join(columns([HEADINGS, *(move.row() for move in found)])), flush=True)
    fitting = sum(move.fits for move in found)
    print(
        f"The file of machine {machine.name} has version {short_version(machine.digest)}. "
        f"Stacks: {len(wanted)}; on another version: {len(found)}; of these fit: {fitting}.",
        file=sys.stderr,
    )


def _renamed(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not (old and sign and new):
        raise argparse.ArgumentTypeError("takes OLD=NEW")
    return old, new
