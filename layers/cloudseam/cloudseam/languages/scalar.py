"""Single values within bounds: numbers, lengths of time, and true or false."""

import re
from typing import NamedTuple

from cloudseam.languages.part import Part
from cloudseam.languages.rule import Rule
from cloudseam.languages.wording import shown
from cloudseam.languages.yaml_tree import ScalarNode, kind_of

NOT_A_NUMBER = Rule("This must be {what}, but is {value}.", "Write one such as `{example}`.")
NOT_A_DURATION = Rule(
    "This must be a length of time, but is {value}.",
    "Write a number of seconds, or a number with one of the units s, m, h, d, as `{example}`.",
)
NOT_A_FLAG = Rule(
    "`{key}` must be true or false, but is {value}.", "Write `{key}: {example}`, or leave it out."
)
OUT_OF_RANGE = Rule("{value} is out of range.", "Choose a value from {least} to {most}.")

# The longest first, so that a length of time is shown in as few digits as can be.
UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([smhd])", re.ASCII)


class Number(NamedTuple):
    """A number from `least` to `most`."""

    example: str
    least: float
    most: float
    is_whole: bool = False

    def read(self, part: Part) -> float | None:
        """The number. None, and reported, if it is something else."""
        value = _number(part)
        if value is None or (self.is_whole and value != int(value)):
            what = "a whole number" if self.is_whole else "a number"
            _report(part, NOT_A_NUMBER, what=what, example=self.example)
            return None
        if not self.least <= value <= self.most:
            bounds = {"least": f"{self.least:g}", "most": f"{self.most:g}"}
            _report(part, OUT_OF_RANGE, **bounds)
            return None
        return _plain(value)


class Duration(NamedTuple):
    """A length of time from `least` to `most`, in seconds."""

    example: str
    least: float
    most: float

    def read(self, part: Part) -> float | None:
        """The seconds. None, and reported, if it is something else."""
        seconds = _seconds(part)
        if seconds is None:
            _report(part, NOT_A_DURATION, example=self.example)
            return None
        if not self.least <= seconds <= self.most:
            bounds = {"least": duration_text(self.least), "most": duration_text(self.most)}
            _report(part, OUT_OF_RANGE, **bounds)
            return None
        return _plain(seconds)


class Flag(NamedTuple):
    """`true` or `false`."""

    example: str

    def read(self, part: Part) -> bool | None:
        """The value. None, and reported, if it is something else."""
        value = part.node.value if isinstance(part.node, ScalarNode) else None
        if isinstance(value, bool):
            return value
        _report(part, NOT_A_FLAG, key=part.place.step, example=self.example)
        return None


def duration_text(seconds: float) -> str:
    """A length of time as a file may write it."""
    if not seconds:
        return "0s"
    unit = next((unit for unit, size in UNITS.items() if seconds % size == 0), "s")
    return f"{seconds / UNITS[unit]:.15g}{unit}"


def is_number(part: Part) -> bool:
    """Whether it is a number, whatever number it is."""
    return _number(part) is not None


def _number(part: Part) -> float | None:
    value = part.node.value if isinstance(part.node, ScalarNode) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _seconds(part: Part) -> float | None:
    value = part.node.value if isinstance(part.node, ScalarNode) else None
    written = DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(written[1]) * UNITS[written[2]] if written else _number(part)


def _plain(number: float) -> float:
    """The same number, without a fraction where it has none."""
    return int(number) if number == int(number) else number


def _report(part: Part, rule: Rule, **words: object) -> None:
    """Reports what the rule says of the value as it is written."""
    if not part.is_broken:
        text = part.node.text if isinstance(part.node, ScalarNode) else ""
        part.add(rule, value=shown(text) if text else kind_of(part.node), **words)
