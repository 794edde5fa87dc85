"""All that is wrong in one file, gathered while it is read."""

from typing import NamedTuple

from cloudseam.finding import Finding, Severity
from cloudseam.languages.place import Place
from cloudseam.languages.rule import Rule
from cloudseam.languages.wording import printable

MAX_FINDINGS = 100
TOO_MANY = Rule(
    f"There are more findings than the first {MAX_FINDINGS}.", "Mend those first, then look again."
)


class Mark(NamedTuple):
    """Where something is written. `line` and `column` count from 1."""

    line: int
    column: int


START = Mark(1, 1)


class Report:
    """Gathers findings of one file.

    A mistake that several aliases repeat is one finding. After `MAX_FINDINGS` no more are taken,
    so that a hostile file cannot make a report larger than itself.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: dict[tuple[Mark, str, str], Finding] = {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the file."""
        return tuple(sorted(self._found.values()))

    @property
    def has_errors(self) -> bool:
        """Whether the file cannot be used."""
        return any(found.severity is Severity.ERROR for found in self._found.values())

    @property
    def is_full(self) -> bool:
        """Whether further findings are left out."""
        return len(self._found) > MAX_FINDINGS

    def add(self, rule: Rule, at: Mark, place: Place, **words: object) -> None:
        """Adds what the rule says about this place."""
        if self.is_full:
            return
        if len(self._found) == MAX_FINDINGS:
            rule, place = TOO_MANY._replace(severity=rule.severity), Place()
        problem = printable(rule.problem.format(**words))
        fix = printable(rule.fix.format(**words))
        self._found.setdefault(
            (at, problem, fix),
            Finding(self._file, at.line, at.column, str(place), problem, fix, rule.severity),
        )
