"""The Terraform or OpenTofu binary."""

import os.path
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from task_satisfier.executors import TaskFailedError

NAMES = ("terraform", "tofu")
SECONDS_TO_ANSWER = 30
# From this version on both Terraform and OpenTofu lock S3 states with a file beside them.
LOCK_FILE_SINCE = (1, 10)


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary that can be run."""

    path: str

    @property
    def is_tofu(self) -> bool:
        """Whether it is OpenTofu, which reads files of its own as well."""
        return "tofu" in os.path.basename(self.path)

    def locks_with_a_file(self) -> bool:
        """Whether it can lock S3 states. One that does not say its version is taken for new.

        Raises:
            TaskFailedError: it cannot be run.
        """
        version = _version(self.path)
        return version is None or version >= LOCK_FILE_SINCE


def find_binary(wanted: str | None, environ: Mapping[str, str]) -> Binary:
    """The binary that the settings name, else the first one on the path.

    Raises:
        TaskFailedError: there is none.
    """
    searched = environ.get("PATH")
    names = (wanted,) if wanted else NAMES
    path = next((found for name in names if (found := shutil.which(name, path=searched))), None)
    if path is None:
        missing = f"TERRAFORM_BIN names '{wanted}'" if wanted else "neither is on the path"
        raise TaskFailedError(
            f"There is no Terraform or OpenTofu to run: {missing}. Put a binary into a layer or "
            "install it, and set TERRAFORM_BIN."
        )
    return Binary(os.path.abspath(path))


@lru_cache(maxsize=8)  # once in a container: the answer takes a fraction of a second each time
def _version(path: str) -> tuple[int, int] | None:
    try:
        ended = subprocess.run(
            [path, "version"],
            env={"CHECKPOINT_DISABLE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_TO_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TaskFailedError(f"'{path}' cannot be run: {type(error).__name__}.") from error
    match = re.search(r"\bv(\d+)\.(\d+)", ended.stdout.decode(errors="replace"))
    return (int(match[1]), int(match[2])) if match else None
