"""All that is wrong in one file, gathered while it is read."""

from collections.abc import Iterable
from typing import NamedTuple, Optional

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

    def __init__(self, file: str, whole: Optional["Report"] = None) -> None:
        self._file = file
        self._whole = whole
        self._found: dict[tuple[Mark, str, str], Finding] = {}

    @property
    def file(self) -> str:
        """What findings call the file."""
        return self._file

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the file."""
        return tuple(sorted(self._found.values()))

    @property
    def has_errors(self) -> bool:
        """Whether the file cannot be used, or the part of it that this is the report of."""
        own = any(found.severity is Severity.ERROR for found in self._found.values())
        return own or (self._whole is not None and self._whole.has_errors)

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
        self._keep(finding_of(self._file, rule, at, place, **words))

    def part(self) -> "Report":
        """A new report, on a part of the same file that may be good where another is not."""
        return Report(self._file, self)

    def take(self, findings: Iterable[Finding]) -> None:
        """Adds what was found in parts."""
        for found in findings:
            if self.is_full:
                return
            if len(self._found) == MAX_FINDINGS:
                problem, fix, _ = TOO_MANY
                found = found._replace(place="", problem=problem, fix=fix)
            self._keep(found)

    def _keep(self, found: Finding) -> None:
        key = (Mark(found.line, found.column), found.problem, found.fix)
        self._found.setdefault(key, found)


def finding_of(file: str, rule: Rule, at: Mark, place: Place, **words: object) -> Finding:
    """What a rule says about a place in a file."""
    problem = printable(rule.problem.format(**words))
    fix = printable(rule.fix.format(**words))
    return Finding(file, at.line, at.column, str(place), problem, fix, rule.severity)
