"""One thing that is wrong in a machine's file: where, what, and how to mend it."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from cloudseam.errors import InvalidDefinitionError


class Severity(StrEnum):
    """Whether a finding keeps its machine from being used."""

    ERROR = "error"
    WARNING = "warning"


class Finding(NamedTuple):
    """`line` and `column` count from 1; `place` is the path inside the file, as `states.RUN.on`."""

    file: str
    line: int
    column: int
    place: str
    problem: str
    fix: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        start = f"{self.file}:{self.line}:{self.column}: {self.severity}: {where}"
        return f"{start}{self.problem} {self.fix}".rstrip()


class FindingsError(InvalidDefinitionError):
    """The machine's file has errors; `findings` has all of them, in the order of the file."""

    def __init__(self, machine: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        lines = "\n".join(f"  {finding}" for finding in self.findings[:20])
        super().__init__(f"Machine '{machine}' cannot be used:\n{lines}", machine=machine)
