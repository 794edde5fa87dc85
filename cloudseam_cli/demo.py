"""`cloudseam demo`: a preview environment from its launch to its end, with real tasks."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cloudseam.errors import CloudSeamError
from cloudseam_cli.embedded_aws import DEFAULT_PORT, PortTakenError
from cloudseam_cli.interrupts import Interrupts
from cloudseam_cli.option_types import port_number, positive_number
from cloudseam_cli.text import printable

if TYPE_CHECKING:
    from cloudseam.stack import Stack
    from cloudseam_cli.local.cloud import LocalCloud
    from cloudseam_cli.local.drive import Drive, Stage, View

LIMIT_SECONDS = 60
STACK = "feature-login"
WITH_TERRAFORM = "preview"
WITHOUT_TERRAFORM = "preview-functions"
INTERRUPTED = 130

EPILOG = """\
Runs in a folder of its own, which is removed at the end. Its logs are kept when it goes wrong.

examples:
  cloudseam demo
  cloudseam demo --functions-only

exit codes: 0 the stack is gone and so is all that was made for it; 1 it is not, and why;
2 it could not start; 130 stopped by Ctrl-C or SIGTERM
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--functions-only",
        action="store_true",
        help="take the sample that needs no Terraform (taken by itself where there is none)",
    )
    parser.add_argument(
        "--port",
        type=port_number,
        help=f"port of the emulated AWS (default: {DEFAULT_PORT}, or a free one if it is taken)",
    )
    parser.add_argument(
        "--limit",
        type=positive_number,
        default=LIMIT_SECONDS,
        metavar="SECONDS",
        help=f"give up after so long (default: {LIMIT_SECONDS})",
    )


def run(args: argparse.Namespace) -> int:
    """Drives the sample through its life, and checks that nothing of it is left."""
    machine = WITHOUT_TERRAFORM if args.functions_only else _machine_for(os.environ)
    with Interrupts() as interrupts, _sample_folder() as folder:
        with _running_cloud(folder, args.port, interrupts) as cloud:
            try:
                is_done = _drive(cloud, machine, args.limit, interrupts)
                message = _checked(cloud, machine) if is_done else "Stopped."
            except CloudSeamError as error:
                problem = str(error)
            else:
                print(message)
                return 0 if is_done else INTERRUPTED
        logs = shutil.copytree(folder / ".cloudseam" / "log", tempfile.mkdtemp() + "/cloudseam-log")
        print(f"cloudseam demo: {printable(problem)}\nLogs are in {logs}.", file=sys.stderr)
        return 1


def stages() -> list[Stage]:
    """The sample's life. Both sample machines have the same events and states."""
    from cloudseam_cli.local.drive import Stage

    first = {"branch": "feature/login", "image_tag": "v1"}
    return [
        Stage("LAUNCH", "make the environment", until="RUN", metadata=first),
        Stage("NEW-IMAGE", "note a new image", until="RUN", metadata={"image_tag": "v2"}),
        Stage("UPDATE", "roll it out", until="RUN"),
        Stage("DESTROY", "remove everything", until=None),
    ]


def _machine_for(environ: Mapping[str, str]) -> str:
    """The sample that this computer can run."""
    from task_satisfier.executors import TaskFailedError
    from task_satisfier.executors.terraform.binary import find_binary

    try:
        binary = find_binary(environ.get("TERRAFORM_BIN"), environ)
    except TaskFailedError as error:
        print(f"{error}\nTaking the sample that needs none: all of its tasks are functions.")
        return WITHOUT_TERRAFORM
    print(f"Terraform tasks run with {binary.path}.")
    return WITH_TERRAFORM


@contextmanager
def _sample_folder() -> Iterator[Path]:
    """A folder with the sample in it, for as long as the demo takes."""
    from cloudseam_cli.samples import copy_samples

    folder = Path(tempfile.mkdtemp(prefix="cloudseam-demo-"))
    try:
        copy_samples(folder / "machines")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running_cloud(folder: Path, port: int | None, interrupts: Interrupts) -> Iterator[LocalCloud]:
    """Everything that the sample needs, on the port that is wanted or free."""
    print("Starting the embedded AWS and both functions …", flush=True)
    cloud = _cloud(folder, DEFAULT_PORT if port is None else port)
    try:
        cloud.start(interrupts.is_stopped)
    except PortTakenError:
        if port is not None:
            raise
        cloud = _cloud(folder, 0)
        cloud.start(interrupts.is_stopped)
        print(f"Port {DEFAULT_PORT} is taken; port {cloud.aws.port} was free.", flush=True)
    try:
        yield cloud
    finally:
        cloud.stop(interrupts.is_impatient)


def _cloud(folder: Path, port: int) -> LocalCloud:
    from cloudseam_cli.local.cloud import LocalCloud, Place

    machines = folder / "machines"
    return LocalCloud(
        Place(folder, machines, machines / "functions", folder / ".cloudseam"), port, satisfiers=2
    )


def _drive(cloud: LocalCloud, machine: str, limit: float, interrupts: Interrupts) -> bool:
    """Whether the drive came to its end. Otherwise it was stopped.

    Raises:
        CloudSeamError: it went wrong.
    """
    from cloudseam_cli.local.view import opened_view

    ahead = stages()
    outputs: dict[str, str] = {}
    with opened_view(f"{machine} · {cloud.aws.url}") as view:
        for stack in _drive_of(cloud, machine, view, limit, interrupts).run(stages()):
            ahead.pop(0)
            outputs |= _outputs(stack)
    for name, value in sorted(outputs.items()):
        print(printable(f"output {name} = {value}"))
    return not ahead


def _drive_of(
    cloud: LocalCloud, machine: str, view: View, limit: float, interrupts: Interrupts
) -> Drive:
    from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
    from cloudseam_cli.local.client import emulator_client
    from cloudseam_cli.local.drive import Drive

    sqs = emulator_client("sqs", cloud.aws.url)
    queue, table = cloud.resources.event_queue, cloud.resources.table
    return Drive(
        STACK,
        machine,
        send=lambda body: sqs.send_message(QueueUrl=queue, MessageBody=body),
        stacks=DynamoDBStackRepository(emulator_client("dynamodb", cloud.aws.url), table),
        reports=cloud.reports,
        view=view,
        is_stopped=interrupts.is_stopped,
        limit_seconds=limit,
    )


def _outputs(stack: Stack) -> dict[str, str]:
    """What the tasks gave back so far, by task and name."""
    return {
        f"{task}.{name}": value if isinstance(value, str) else json.dumps(value)
        for task, outputs in stack.outputs.items()
        for name, value in outputs.items()
    }


def _checked(cloud: LocalCloud, machine: str) -> str:
    """What was looked at, in words.

    Raises:
        DriveFailedError: something is left, or the tasks did not do what they are there for.
    """
    from cloudseam_cli.local.client import emulator_client
    from cloudseam_cli.local.drive import DriveFailedError
    from cloudseam_cli.local.leftovers import (
        NOTICES_BUCKET,
        PARTS_BUCKET,
        bucket_keys,
        terraform_leftovers,
    )

    s3 = emulator_client("s3", cloud.aws.url)
    notices = bucket_keys(s3, NOTICES_BUCKET) or []
    if machine == WITH_TERRAFORM:
        number, left = terraform_leftovers(cloud.place.terraform_state)
        what = f"Terraform's state is empty ({number} states)"
    else:
        parts = bucket_keys(s3, PARTS_BUCKET)
        number, left = int(parts is not None), parts or []
        what = "the bucket of its parts is empty"
    if left:
        raise DriveFailedError(f"The stack is gone, but this is left: {', '.join(left)}")
    if not number or not notices:
        raise DriveFailedError("The stack is gone, but its tasks have not left their traces.")
    return f"The stack is gone, {what}, and {len(notices)} notices were sent."
