"""How much a module may have: a work dir is not endless, and a wrong path can name anything."""

from task_satisfier.executors import TaskFailedError

MAX_FILES = 5_000
MAX_BYTES = 100 * 1024 * 1024
# Left where they are: what Terraform itself puts beside a module on somebody's computer.
LEFTOVERS = (".terraform", "terraform.tfstate", ".terraform.tfstate.lock.info")
LEFTOVER_SUFFIXES = (".tfstate", ".tfstate.backup")


class Budget:
    """Counts files and bytes of one module."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._files = 0
        self._bytes = 0

    def take(self, size: int) -> None:
        """Counts one file.

        Raises:
            TaskFailedError: the module is too large.
        """
        self._files += 1
        self._bytes += size
        if self._files > MAX_FILES or self._bytes > MAX_BYTES:
            raise TaskFailedError(
                f"{self._source} is too large: a module has at most {MAX_FILES:,} files and "
                f"{MAX_BYTES // 1024 // 1024} MiB. Name a folder that holds nothing else."
            )


def is_leftover(name: str) -> bool:
    """Whether a file or folder is the trace of an earlier run, and no part of the module."""
    return name in LEFTOVERS or name.endswith(LEFTOVER_SUFFIXES)
