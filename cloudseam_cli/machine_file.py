"""A machine's file, as a command is given it."""

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
    from cloudseam.locators.file_name import stem_of

    return stem_of(path.name) or path.stem
