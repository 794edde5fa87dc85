"""A machine's file, as a command is given it."""

from collections.abc import Sequence
from pathlib import Path

from cloudseam.languages.yaml_rules import MAX_BYTES


def read_text(path: Path) -> bytes:
    """The file's content, cut off just beyond what a machine's file may have.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def machine_name(path: Path) -> str:
    """The name of the machine that a file has: the file's own, without what tells the language."""
    from cloudseam.languages.asl.file_kind import SUFFIXES

    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.stem


def files_of(folder: Path) -> Sequence[Path]:
    """The files of a folder that may hold machines, of any language, in order of their names.

    Raises:
        InvalidSettingsError: the folder cannot be listed.
    """
    from cloudseam.languages.asl.file_kind import SUFFIXES
    from cloudseam.locators.folder import machine_files

    found = {*machine_files(folder)}
    found |= {path for suffix in SUFFIXES for path in folder.glob(f"*{suffix}") if path.is_file()}
    return sorted(found)
