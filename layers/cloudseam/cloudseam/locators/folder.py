"""Machines in the files of one folder."""

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cloudseam.errors import (
    InvalidDefinitionError,
    InvalidSettingsError,
    MachineNotFoundError,
)
from cloudseam.languages.wording import shown
from cloudseam.languages.yaml_rules import MAX_BYTES, SUFFIXES
from cloudseam.locators.contents import Contents
from cloudseam.locators.file_name import files_of, fits, is_machine_name, stem_of
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


class FolderMachineLocator:
    """The machines in the `.yml` and `.yaml` files of a folder.

    One in CloudSeam v1 is named as its file without suffix. A file of Python-action machines has
    any number, of any name, and may import files of sub-folders. Other files and sub-folders are
    left alone, and so is a symbolic link that leads out of the folder. Each file is parsed once,
    and again when it changes. See `MachineLocator`.

    A file that is named as the machine comes first. Only where there is none, or it is one of
    Python-action machines, are the others looked through.

    Raises:
        InvalidSettingsError: at construction, if there is no such folder.
    """

    def __init__(self, path: str | Path) -> None:
        self._folder = os.path.abspath(path)
        self._contents = Contents[File](lambda path: find_file(self._folder, path), _read)
        if not os.path.isdir(path):
            raise InvalidSettingsError(
                f"The folder of machines, '{path}', is not there. Create it or name another."
            )

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        own = self._file(name)
        if own is not None and self._contents.machines_file(*own) is None:
            return self._contents.machine(name, *own)
        try:
            listed = self._listed()
        except InvalidSettingsError:
            listed = {}  # the folder has gone, and all machines with it
        found = self._contents.holder(name, listed) or own
        if found is None:
            raise MachineNotFoundError(
                f"There is no machine {shown(name)}: the folder of machines has no file "
                f"{shown(name + SUFFIXES[0])}, and no other has it.",
                machine=name,
            )
        return self._contents.machine(name, *found)

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        return self._contents.names(self._listed())

    def let_go(self) -> None:
        """See `SnapshotMachineLocator.let_go`. Files are looked at each time; nothing is open."""

    def _listed(self) -> dict[str, File]:
        """The files of the folder itself as they are now."""
        return {path.name: file for path, file in _files(self._folder)}

    def _file(self, name: str) -> tuple[str, File] | None:
        """The one file that is named as the machine."""
        names = list(filter(fits, files_of(name))) if is_machine_name(name) else []
        found = [(path, file) for path in names if (file := find_file(self._folder, path))]
        if len(found) > 1:
            both = " and ".join(shown(path) for path, _ in found)
            raise InvalidDefinitionError(
                f"Machine {shown(name)} has two files, {both}. Remove one of them.",
                machine=name,
            )
        if not found:
            self._contents.forget(*names)
        return found[0] if found else None


def machine_files(folder: str | Path) -> Sequence[Path]:
    """The files of a folder that may hold machines, in order of their names.

    Raises:
        InvalidSettingsError: the folder cannot be listed.
    """
    return [path for path, _ in _files(folder)]


def _files(folder: str | Path) -> Iterator[tuple[Path, File]]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise InvalidSettingsError(
            f"The folder of machines, '{folder}', cannot be listed: {error.strerror}."
        ) from error
    for name in names:
        if _names_a_machine(name) and (file := find_file(folder, name)):
            yield Path(folder, name), file


def _names_a_machine(file: str) -> bool:
    stem = stem_of(file)
    return stem is not None and is_machine_name(stem)


def find_file(folder: str | Path, file: str) -> File | None:
    """A regular file of the folder or of one in it, or one inside it that a link leads to."""
    path = os.path.join(folder, file)
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode) or "/" in file:
            path = os.path.realpath(path)
            status = os.lstat(path)
            if not path.startswith(os.path.join(os.path.realpath(folder), "")):
                return None
    except (FileNotFoundError, NotADirectoryError):
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


def _read(path: str, file: File) -> tuple[File, bytes]:
    """The file as it is when it is opened, and its content, cut off just beyond what is read."""
    try:
        descriptor = os.open(file.path, READ_ONLY)
        with open(descriptor, "rb") as opened:
            return _file_of(file.path, os.fstat(descriptor)), opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error, stem_of(path) or path) from error


def _unreadable(file: str, error: OSError, name: str | None = None) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"The machine's file {shown(file)} cannot be read: {error.strerror}. "
        "Give the user that runs this the right to read it.",
        machine=name,
    )
