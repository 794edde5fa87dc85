"""One thing that somebody has to know before an installation is taken over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cloudseam.finding import Severity


class About(StrEnum):
    """What a remark is about."""

    ORIGINAL = "original"
    CLOUDSEAM = "CloudSeam"
    STORE = "store"
    STACK = "stack"
    MACHINE = "machine"
    QUEUE = "queue"


@dataclass(frozen=True, slots=True)
class Remark:
    """`name` says which stack, machine or queue. One that `blocks` keeps rows from being taken
    over; any other error is for stacks to meet later.
    """

    about: About
    name: str
    problem: str
    fix: str
    severity: Severity = Severity.ERROR
    blocks: bool = False

    def __str__(self) -> str:
        return f"{self.severity}: {self.about} {self.name}: {self.problem} {self.fix}".rstrip()

    @property
    def is_error(self) -> bool:
        """Whether the installation is not ready because of it."""
        return self.severity is Severity.ERROR

    def view(self) -> dict[str, Any]:
        """The remark as JSON."""
        return {
            "about": self.about.value,
            "name": self.name,
            "severity": self.severity.value,
            "problem": self.problem,
            "fix": self.fix,
            "blocks": self.blocks,
        }
