"""Which files hold machines, and which names machines can have."""

from cloudseam.languages.asl.file_kind import SUFFIXES as ASL_SUFFIXES
from cloudseam.languages.yaml_rules import SUFFIXES

# The longest first, as `order.asl.yml` is machine `order`.
FILE_SUFFIXES = (*ASL_SUFFIXES, *SUFFIXES)
# What file systems take in a name, the suffix included.
MAX_FILE_NAME_BYTES = 255
MAX_NAME_BYTES = MAX_FILE_NAME_BYTES - max(map(len, SUFFIXES))


def is_machine_name(name: str) -> bool:
    """Whether it can be the stem of a machine's file, and of nothing outside its folder."""
    if not name or name.startswith(".") or not name.isprintable() or "/" in name or "\\" in name:
        return False
    return len(name.encode()) <= MAX_NAME_BYTES


def stem_of(path: str) -> str | None:
    """The path of a file that may hold machines without its suffix; None of any other file."""
    for suffix in FILE_SUFFIXES:
        if path.endswith(suffix):
            return path.removesuffix(suffix)
    return None


def files_of(name: str) -> list[str]:
    """What a file of that one machine may be called. `order.asl.yml` is none of `order.asl`."""
    files = [name + suffix for suffix in (*SUFFIXES, *ASL_SUFFIXES)]
    return [file for file in files if stem_of(file) == name]


def fits(file: str) -> bool:
    """Whether a file can be called so."""
    return len(file.encode()) <= MAX_FILE_NAME_BYTES
