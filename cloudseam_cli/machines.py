"""Machines as their files say now: of a folder, of the `dev` of this folder, or of a bucket."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cloudseam_cli.option_types import existing_folder
from cloudseam_cli.target import Target

if TYPE_CHECKING:
    from cloudseam.locators import MachineLocator
    from state_machine.settings import StateMachineSettings

HELP = (
    "folder of machine files (default: what MACHINE_LOCATOR and its settings name; else the "
    "folder of the `cloudseam dev` that runs here)"
)


def add_machines_argument(parser: argparse.ArgumentParser) -> None:
    """The option that names the folder of machine files."""
    parser.add_argument("--machines", type=existing_folder, metavar="DIR", help=HELP)


def machines_of(
    args: argparse.Namespace, target: Target, environ: Mapping[str, str] = os.environ
) -> MachineLocator | None:
    """The machines there, or None where nothing says where they are.

    Raises:
        InvalidSettingsError: what says it cannot be used.
        NoTargetError: there is no way to the bucket.
    """
    from cloudseam.locators.folder import FolderMachineLocator

    if args.machines:
        return FolderMachineLocator(args.machines)
    if target.machines:
        return FolderMachineLocator(target.machines)
    settings = _settings(environ)
    if settings is None:
        return None
    if settings.machine_locator == "S3" and settings.machine_bucket:
        from cloudseam.locators.s3 import S3MachineLocator

        return S3MachineLocator(target.client("s3"), settings.machine_bucket, settings.machine_key)
    return FolderMachineLocator(settings.machine_spec_dir or "")


def _settings(environ: Mapping[str, str]) -> StateMachineSettings | None:
    if not environ.get("MACHINE_LOCATOR"):
        return None
    from state_machine.settings import StateMachineSettings

    # The function needs its task queue; who only looks for machines does not.
    return StateMachineSettings.from_environment({"SQS_TASK_QUEUE_URL": "-", **environ})
