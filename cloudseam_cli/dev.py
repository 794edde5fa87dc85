"""`cloudseam dev`: everything on this computer, with each transition shown as it happens."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cloudseam_cli.embedded_aws import DEFAULT_PORT
from cloudseam_cli.interrupts import Interrupts
from cloudseam_cli.local.console_file import FOLDER
from cloudseam_cli.option_types import existing_folder, port_number, positive_number
from cloudseam_cli.stepfunctions import DEFAULT_PORT as STEPFUNCTIONS_PORT
from cloudseam_cli.text import printable

if TYPE_CHECKING:
    from cloudseam_cli.local.cloud import LocalCloud
    from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions

STATES_NAMED = 5
EPILOG = """\
Tasks of executor `lambda` call functions of the --functions folder: NAME.py, with a
`lambda_handler(event, context)`, is function NAME. Locations of Terraform modules are relative
to the current folder. Actions in Python are imported from the --actions folder. Changed machines,
functions and actions are taken at once.

The emulated AWS is in memory and ends with the command. Terraform's state stays under
--state-dir.

examples:
  cloudseam dev
  cloudseam dev --machines machines --functions machines/functions
  cloudseam send my-branch LAUNCH --machine preview --metadata image_tag=v1   (in a second terminal)
  cloudseam start Example   (a machine of actions)

exit codes: 0 stopped by Ctrl-C or SIGTERM; 1 a part of it ended; 2 it could not start
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--machines",
        type=existing_folder,
        default="machines",
        metavar="DIR",
        help="folder of machine files (default: machines)",
    )
    parser.add_argument(
        "--functions",
        type=existing_folder,
        metavar="DIR",
        help="folder of Python files to deploy as Lambda functions",
    )
    parser.add_argument(
        "--actions",
        type=existing_folder,
        metavar="DIR",
        help="folder with the modules of actions in Python (default: ACTIONS_PATH, else the folder "
        "`actions` in that of machines, if there is one)",
    )
    parser.add_argument(
        "--port",
        type=port_number,
        default=DEFAULT_PORT,
        help=f"port of the emulated AWS on 127.0.0.1 (default: {DEFAULT_PORT}; 0: a free one)",
    )
    parser.add_argument(
        "--stepfunctions-port",
        type=port_number,
        metavar="PORT",
        help=f"port of the API of Step Functions (default: {STEPFUNCTIONS_PORT}; a free one with "
        "--port 0)",
    )
    parser.add_argument(
        "--state-dir",
        type=Path,
        default=Path(FOLDER),
        metavar="DIR",
        help=f"folder for Terraform's state and for logs (default: {FOLDER})",
    )
    parser.add_argument(
        "--satisfiers",
        type=positive_number,
        default=2,
        metavar="N",
        help="how many batches of tasks run side by side (default: 2)",
    )


def run(args: argparse.Namespace) -> int:
    """Runs until a signal comes."""
    from cloudseam_cli.local.cloud import LocalCloud, Place

    actions = actions_folder(args.actions, args.machines, os.environ)
    place = Place(Path.cwd(), args.machines, args.functions, args.state_dir, actions)
    with Interrupts() as interrupts:
        print("Starting the embedded AWS and both functions …", flush=True)
        cloud = LocalCloud(place, args.port, args.satisfiers)
        cloud.start(interrupts.is_stopped)
        try:
            executions = _start_stepfunctions(args, cloud)
            try:
                if not interrupts.is_stopped():
                    print(_welcome(cloud, executions), flush=True)
                return _show(cloud, interrupts)
            finally:
                executions.stop(interrupts.is_impatient)
        finally:
            _stop(cloud, interrupts)


def actions_folder(named: Path | None, machines: Path, environ: Mapping[str, str]) -> Path | None:
    """Where actions in Python are, if they are anywhere."""
    if named is not None:
        return named
    if environ.get("ACTIONS_PATH"):
        return Path(environ["ACTIONS_PATH"])
    beside = machines / "actions"
    return beside if beside.is_dir() else None


def _start_stepfunctions(args: argparse.Namespace, cloud: LocalCloud) -> LocalStepFunctions:
    """The API of Step Functions, with the machines of the folder; all in memory."""
    from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions

    port = args.stepfunctions_port
    if port is None:
        port = STEPFUNCTIONS_PORT if args.port else 0
    server = LocalStepFunctions(port, services=cloud.aws.url)
    server.start(args.machines)
    return server


def _show(cloud: LocalCloud, interrupts: Interrupts) -> int:
    from cloudseam.errors import CloudSeamError
    from cloudseam_cli.local.telling import told

    port = _port_option(cloud)
    while not interrupts.is_stopped():
        try:
            for report in cloud.reports(wait_seconds=0.2):
                print(told(report, here=port), flush=True)
        except CloudSeamError as error:
            print(f"cloudseam dev: {error}", file=sys.stderr)
            return 1
    return 0


def _stop(cloud: LocalCloud, interrupts: Interrupts) -> None:
    print("Stopping; a task that runs is interrupted first. Again: at once.", flush=True)
    cloud.stop(interrupts.is_impatient)
    print(_goodbye(cloud.place.terraform_state), flush=True)


def _goodbye(terraform_state: Path) -> str:
    from cloudseam_cli.local.leftovers import states_in_use

    end = "Stopped. Stacks and messages are gone with the emulated AWS."
    states = [str(path.relative_to(terraform_state)) for path in states_in_use(terraform_state)]
    if not states:
        return end
    more = f" and {len(states) - STATES_NAMED} more" if len(states) > STATES_NAMED else ""
    named = printable(", ".join(states[:STATES_NAMED])) + more
    return f"{end} Terraform's states that are not empty are in {terraform_state}: {named}."


def _port_option(cloud: LocalCloud) -> str:
    """What `cloudseam send` in this folder needs to find the console."""
    return "" if cloud.place.kept == Path(FOLDER) else f" --port {cloud.aws.port}"


def _welcome(cloud: LocalCloud, executions: LocalStepFunctions) -> str:
    queues = cloud.resources
    return f"""\
CloudSeam runs on an AWS emulated at {cloud.aws.url}
  machines   {cloud.place.machines}
  functions  {cloud.place.functions or "none; --functions DIR deploys some"}
  actions    {cloud.place.actions or "none; --actions DIR has some"}
  events     {queues.event_queue}
             {queues.event_dead_letters} (dead letters)
  tasks      {queues.task_queue}
             {queues.task_dead_letters} (dead letters)
  executions {executions.url} (the API of Step Functions)
  state      {cloud.place.terraform_state}
  logs       {cloud.place.logs}
Send an event from a second terminal:
  cloudseam send my-stack EVENT --machine MACHINE{_port_option(cloud)}
Ctrl-C stops everything.
"""
