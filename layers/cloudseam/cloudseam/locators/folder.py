"""Machines in the files of one folder."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cloudseam.errors import (
    InvalidDefinitionError,
    InvalidSettingsError,
    MachineNotFoundError,
)
from cloudseam.finding import FindingsError
from cloudseam.languages import load_machine
from cloudseam.languages.wording import shown
from cloudseam.languages.yaml_rules import MAX_BYTES, SUFFIXES
from cloudseam.locators.file_name import is_machine_name
from cloudseam.machine import Machine

READ_ONLY = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class File(NamedTuple):
    """A file with what tells one content of it from the next, without reading it."""

    path: str
    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class Loaded(NamedTuple):
    """A file as it was read last: its machine, or what is wrong with it."""

    file: File
    outcome: Machine | FindingsError


class FolderMachineLocator:
    """One machine in each `.yml` or `.yaml` file of a folder, named as the file without suffix.

    Other files and sub-folders are left alone, and so is a symbolic link that leads out of the
    folder. Each file is parsed once, and again when it changes. See `MachineLocator`.

    Raises:
        InvalidSettingsError: at construction, if there is no such folder.
    """

    def __init__(self, path: str | Path) -> None:
        self._folder = os.path.abspath(path)
        self._loaded: dict[str, Loaded] = {}
        if not os.path.isdir(path):
            raise InvalidSettingsError(
                f"The folder of machines, '{path}', is not there. Create it or name another."
            )

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        file = self._file(name)
        loaded = self._loaded.get(name)
        if loaded is None or loaded.file != file:
            loaded = self._loaded[name] = _load(name, file.path)
        if isinstance(loaded.outcome, FindingsError):
            # A new one each time: a raised error grows with every traceback.
            raise FindingsError(name, loaded.outcome.findings)
        return loaded.outcome

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        return sorted({path.stem for path in machine_files(self._folder)})

    def let_go(self) -> None:
        """See `SnapshotMachineLocator.let_go`. Files are looked at each time; nothing is open."""

    def _file(self, name: str) -> File:
        """The one file of the machine as it is now."""
        files = [name + suffix for suffix in SUFFIXES] if is_machine_name(name) else []
        found = [file for file in (_find(self._folder, file) for file in files) if file]
        if len(found) == 1:
            return found[0]
        self._loaded.pop(name, None)
        if not found:
            raise MachineNotFoundError(
                f"There is no machine {shown(name)}: the folder of machines has no file "
                f"{shown(name + SUFFIXES[0])}.",
                machine=name,
            )
        raise InvalidDefinitionError(
            f"Machine {shown(name)} has two files, {' and '.join(map(shown, files))}. "
            "Remove one of them.",
            machine=name,
        )


def machine_files(folder: str | Path) -> Sequence[Path]:
    """The files of a folder that may hold machines, in order of their names.

    Raises:
        InvalidSettingsError: the folder cannot be listed.
    """
    try:
        files = sorted(os.listdir(folder))
    except OSError as error:
        raise InvalidSettingsError(
            f"The folder of machines, '{folder}', cannot be listed: {error.strerror}."
        ) from error
    return [Path(folder, file) for file in files if _names_a_machine(file) and _find(folder, file)]


def _names_a_machine(file: str) -> bool:
    stem, suffix = os.path.splitext(file)
    return suffix in SUFFIXES and is_machine_name(stem)


def _find(folder: str | Path, file: str) -> File | None:
    """A regular file of the folder, or one inside it that a link leads to."""
    path = os.path.join(folder, file)
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            path = os.path.realpath(path)
            status = os.lstat(path)
            if not path.startswith(os.path.join(os.path.realpath(folder), "")):
                return None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(file, error) from error
    return _file_of(path, status) if stat.S_ISREG(status.st_mode) else None


def _file_of(path: str, status: os.stat_result) -> File:
    return File(
        path,
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    )


def _load(name: str, path: str) -> Loaded:
    file_name = os.path.basename(path)
    try:
        descriptor = os.open(path, READ_ONLY)
        with open(descriptor, "rb") as opened:
            file = _file_of(path, os.fstat(descriptor))
            text = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(file_name, error, name) from error
    try:
        return Loaded(file, load_machine(name, text, file_name))
    except FindingsError as error:
        return Loaded(file, error)


def _unreadable(file: str, error: OSError, name: str | None = None) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"The machine's file {shown(file)} cannot be read: {error.strerror}. "
        "Give the user that runs this the right to read it.",
        machine=name,
    )
