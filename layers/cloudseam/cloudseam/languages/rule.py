"""A rule that machine files are held to, with the words for a file that breaks it."""

from dataclasses import dataclass

from cloudseam.finding import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """What is wrong and how to mend it; `{words}` in braces are filled in."""

    problem: str
    fix: str
    severity: Severity = Severity.ERROR
