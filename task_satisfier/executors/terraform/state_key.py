"""Where a task's state is kept: a name that no other stack and no other module has.

See docs/decisions/terraform-state-key.md.
"""

import hashlib
import os.path
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cloudseam.messages import TaskRequest
from task_satisfier.executors.terraform.config import LocalSource, TerraformConfig

# S3 keys have at most 1,024 bytes, and the lock file is the key with `.tflock` after it.
MAX_KEY_BYTES = 1_000
# File names have at most 255 bytes; Terraform adds `.`, `.tfstate`, `.lock.info` and the like.
MAX_FILE_NAME_BYTES = 200
LOCK_SUFFIX = ".tflock"
# Stands before the source of a local module. Encoded text has hexadecimal digits after a `%`,
# so neither this nor the mark of a shortened text can be had from any other source.
LOCAL = "%local"
SHORTENED = "%~"


@dataclass(frozen=True, slots=True)
class StateKey:
    """The parts of a state's name, each made safe: nobody outside can name another's state."""

    machine: str
    stack: str
    source: str

    @classmethod
    def of(cls, request: TaskRequest, config: TerraformConfig) -> Self:
        """The state of a task's module in its stack."""
        return cls(_segment(request.machine), _segment(request.stack_id), _source_key(config))

    @property
    def object_key(self) -> str:
        """`MACHINE/STACK/SOURCE_KEY`, for object stores."""
        key = "/".join((self.machine, self.stack, self.source))
        if key.endswith(LOCK_SUFFIX):
            key = key.removesuffix(LOCK_SUFFIX) + _encoded(LOCK_SUFFIX, ".")
        return _shortened(key, MAX_KEY_BYTES)

    @property
    def path(self) -> Path:
        """A file three levels down, for file systems."""
        source = _file_name(self.source.replace("/", _encoded("/", "/")))
        return Path(_file_name(self.machine), _file_name(self.stack), f"{source}.tfstate")


def _source_key(config: TerraformConfig) -> str:
    if config.state is not None:
        return _path(config.state.split("/"))
    source = config.source
    if not isinstance(source, LocalSource):
        return _path(source.key.removesuffix("/").split("/"))
    # As the machine writes it, not as the computer resolves it: the same machine means the same
    # state in every clone. A file and its folder are the same module.
    location = os.path.normpath(source.location)
    folder = os.path.dirname(location) if os.path.isfile(location) else location
    return f"{LOCAL}/{_path((folder or '.').split('/'))}"


def _path(segments: Iterable[str]) -> str:
    """Segments that keep their `/`; an empty one is a lone `%`, which encoded text never is."""
    return "/".join(_segment(segment) or "%" for segment in segments)


def _segment(text: str) -> str:
    """Text as one part of a path: ordinary names stay what they are, no two names become one."""
    if text in {".", ".."}:
        return _encoded(text, ".")
    return "".join(
        _encoded(character, character)
        if character in "%/" or not character.isprintable()
        else character
        for character in text
    )


def _encoded(text: str, characters: str) -> str:
    return "".join(
        "".join(f"%{byte:02x}" for byte in character.encode())
        if character in characters
        else character
        for character in text
    )


def _file_name(segment: str) -> str:
    """The segment as a file name that stays apart where case or Unicode form is not kept."""
    if re.fullmatch(r"[!-@\[-~ ]+", segment) and len(segment) <= MAX_FILE_NAME_BYTES:
        return segment
    return _marked(segment, MAX_FILE_NAME_BYTES)


def _shortened(text: str, limit: int) -> str:
    return text if len(text.encode()) <= limit else _marked(text, limit)


def _marked(text: str, limit: int) -> str:
    """The start of a text, and a digest of all of it."""
    mark = SHORTENED + hashlib.sha256(text.encode()).hexdigest()[:32]
    return text.encode()[: limit - len(mark)].decode(errors="ignore") + mark
