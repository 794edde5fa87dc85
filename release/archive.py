"""Zips whose bytes depend on what is in them, and on nothing else."""

import hashlib
import zipfile
from pathlib import Path

# The first moment that a zip can tell (APPNOTE.TXT 4.4.6); Lambda does not look at it.
MOMENT = (1980, 1, 1, 0, 0, 0)
FILE, PROGRAM = 0o100644, 0o100755
UNIX = 3
DIGEST_CHARACTERS = 16


def write_archive(folder: Path, into: Path, name: str) -> Path:
    """A zip of all files below a folder, in `into`, named by `name` and what is in it.

    Only its owner's right to execute a file is kept of a file's mode.

    Raises:
        ValueError: a link is among them, or there are none.
    """
    written = into / f"{name}.zip"
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in _files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), MOMENT)
            entry.create_system = UNIX
            entry.external_attr = (PROGRAM if path.stat().st_mode & 0o100 else FILE) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return written.rename(into / f"{name}-{sha256(written)[:DIGEST_CHARACTERS]}.zip")


def _files(folder: Path) -> list[Path]:
    """In an order that is the same everywhere."""
    found = sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix())
    if links := [path for path in found if path.is_symlink()]:
        raise ValueError(f"{links[0]} is a link, which Lambda would not follow.")
    if not (files := [path for path in found if path.is_file()]):
        raise ValueError(f"There is nothing in {folder}.")
    return files


def sha256(path: Path) -> str:
    """The digest of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
