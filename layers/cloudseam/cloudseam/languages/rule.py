"""A rule that machine files are held to, with the words for a file that breaks it."""

from typing import NamedTuple

from cloudseam.finding import Severity


class Rule(NamedTuple):
    """What is wrong and how to mend it; `{words}` in braces are filled in."""

    problem: str
    fix: str
    severity: Severity = Severity.ERROR
