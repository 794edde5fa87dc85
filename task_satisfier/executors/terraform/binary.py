"""The Terraform or OpenTofu binary, and what it says of itself."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from task_satisfier.executors import TaskFailedError

NAMES = ("terraform", "tofu")
SECONDS_TO_ANSWER = 30
TOFU = "OpenTofu"


class Version(NamedTuple):
    """The first two numbers of a version."""

    major: int
    minor: int


OLDEST = Version(1, 0)


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary that can be run."""

    path: str
    product: str
    version: Version

    @property
    def is_tofu(self) -> bool:
        """Whether it is OpenTofu, which reads files of its own as well."""
        return self.product == TOFU


def find_binary(wanted: str | None, environ: Mapping[str, str]) -> Binary:
    """The binary that the settings name, else the first one on the path.

    Raises:
        TaskFailedError: there is none, it cannot be run, or it is too old.
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
    return _asked(path)


@lru_cache(maxsize=8)  # once in a container: the answer takes a fraction of a second each time
def _asked(path: str) -> Binary:
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
    told = ended.stdout.decode(errors="replace")
    match = re.search(r"(Terraform|OpenTofu) v(\d+)\.(\d+)", told)
    if ended.returncode != 0 or match is None:
        raise TaskFailedError(f"'{path}' does not say which version of Terraform it is.")
    binary = Binary(path, match[1], Version(int(match[2]), int(match[3])))
    if binary.version < OLDEST:
        raise TaskFailedError(f"'{path}' is too old. Install {match[1]} 1.0 or later.")
    return binary
