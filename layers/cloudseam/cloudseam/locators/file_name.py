"""Which files hold machines, and which names machines can have."""

from cloudseam.languages.yaml_rules import SUFFIXES

# What file systems take in a name, the suffix included.
MAX_NAME_BYTES = 255 - max(map(len, SUFFIXES))


def is_machine_name(name: str) -> bool:
    """Whether it can be the stem of a machine's file, and of nothing outside its folder."""
    if not name or name.startswith(".") or not name.isprintable() or "/" in name or "\\" in name:
        return False
    return len(name.encode()) <= MAX_NAME_BYTES
