"""Modules from a file or a folder."""

import os
import shutil
import stat
from pathlib import Path

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.config import LocalSource
from task_satisfier.executors.terraform.limits import Budget, is_leftover


def copy_local(source: LocalSource, folder: Path) -> None:
    """Copies the file, or all that is in the folder, into an empty folder.

    Raises:
        TaskFailedError: there is nothing there, or something that cannot be part of a module.
    """
    location = Path(source.location)
    budget = Budget(f"Source '{location}'")
    if os.path.isfile(location):
        _copy(location, folder / location.name, budget)
    elif os.path.isdir(location):
        _copy_folder(location, folder, budget)
    else:
        raise TaskFailedError(
            f"Source '{location}' is no file and no folder on the computer of the satisfier."
        )


def _copy_folder(source: Path, folder: Path, budget: Budget) -> None:
    for at, folders, files in os.walk(source, onerror=_refuse):
        folders[:] = [name for name in folders if not is_leftover(name)]
        target = folder / Path(at).relative_to(source)
        for name in [*folders, *(name for name in files if not is_leftover(name))]:
            path = Path(at, name)
            if path.is_symlink():
                _copy_link(path, target / name, source)
            elif name in folders:
                (target / name).mkdir()
            else:
                _copy(path, target / name, budget)


def _copy(path: Path, target: Path, budget: Budget) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise TaskFailedError(f"Source '{path}' is no ordinary file. Remove it from the module.")
    budget.take(status.st_size)
    shutil.copyfile(path, target)
    target.chmod(0o700 if status.st_mode & stat.S_IXUSR else 0o600)


def _copy_link(link: Path, target: Path, source: Path) -> None:
    """Copies a link that stays inside the module as it is; no other link is followed."""
    leads_to = os.readlink(link)
    within = os.path.normpath(os.path.join(link.parent.relative_to(source), leads_to))
    stays = not os.path.isabs(leads_to) and within.split(os.sep)[0] != os.pardir
    if not stays or not Path(os.path.realpath(link)).is_relative_to(os.path.realpath(source)):
        raise TaskFailedError(
            f"Source '{link}' is a link that leads out of the module. Put what it leads to into "
            "the module's folder."
        )
    os.symlink(leads_to, target)


def _refuse(error: OSError) -> None:
    raise TaskFailedError(f"Source '{error.filename}' cannot be read: {error.strerror}.")
