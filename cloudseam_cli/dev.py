"""`cloudseam dev`: everything on this computer, with each transition shown as it happens."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cloudseam_cli.embedded_aws import DEFAULT_PORT
from cloudseam_cli.interrupts import Interrupts
from cloudseam_cli.local.console_file import FOLDER
from cloudseam_cli.option_types import existing_folder, port_number, positive_number

if TYPE_CHECKING:
    from cloudseam_cli.local.cloud import LocalCloud

EPILOG = """\
Tasks of executor `lambda` call functions of the --functions folder: NAME.py, with a
`lambda_handler(event, context)`, is function NAME. Locations of Terraform modules are relative
to the current folder. Changed machines and functions are taken at once.

The emulated AWS is in memory and ends with the command. Terraform's state stays under
--state-dir.

examples:
  cloudseam dev
  cloudseam dev --machines machines --functions machines/functions
  cloudseam send my-branch LAUNCH --machine preview --metadata image_tag=v1   (in a second terminal)

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
        "--port",
        type=port_number,
        default=DEFAULT_PORT,
        help=f"port of the emulated AWS on 127.0.0.1 (default: {DEFAULT_PORT}; 0: a free one)",
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

    place = Place(Path.cwd(), args.machines, args.functions, args.state_dir)
    with Interrupts() as interrupts:
        print("Starting the embedded AWS and both functions …", flush=True)
        cloud = LocalCloud(place, args.port, args.satisfiers)
        cloud.start(interrupts.is_stopped)
        try:
            if not interrupts.is_stopped():
                print(_welcome(cloud, args.state_dir), flush=True)
            return _show(cloud, interrupts)
        finally:
            _stop(cloud, interrupts)


def _show(cloud: LocalCloud, interrupts: Interrupts) -> int:
    from cloudseam.errors import CloudSeamError
    from cloudseam_cli.local.telling import told

    while not interrupts.is_stopped():
        try:
            for report in cloud.reports(wait_seconds=0.2):
                print(told(report), flush=True)
        except CloudSeamError as error:
            print(f"cloudseam dev: {error}", file=sys.stderr)
            return 1
    return 0


def _stop(cloud: LocalCloud, interrupts: Interrupts) -> None:
    print("Stopping; a task that runs is interrupted first. Again: at once.", flush=True)
    cloud.stop(interrupts.is_impatient)


def _welcome(cloud: LocalCloud, kept: Path) -> str:
    port = "" if kept == Path(FOLDER) else f" --port {cloud.aws.port}"
    return f"""\
CloudSeam runs on an AWS emulated at {cloud.aws.url}
  machines   {cloud.place.machines}
  functions  {cloud.place.functions or "none; --functions DIR deploys some"}
  state      {cloud.place.terraform_state}
  logs       {cloud.place.logs}
Send an event from a second terminal:
  cloudseam send my-stack EVENT --machine MACHINE{port}
Ctrl-C stops everything.
"""
