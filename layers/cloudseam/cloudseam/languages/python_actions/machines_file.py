"""What one file of Python-action machines says: machines, and imports of other files."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from cloudseam.finding import Finding
from cloudseam.languages.place import Place
from cloudseam.languages.python_actions.definition import Definition
from cloudseam.languages.report import Mark


class Declared(NamedTuple):
    """A machine of a file. `findings`: its own, and those of the file that concern them all.

    `definition` is None where one of them is an error; a mistake in one machine keeps no other
    from being used.
    """

    definition: Definition | None
    findings: tuple[Finding, ...]
    at: Mark
    place: Place


class NoMachines(Enum):
    """What a path may lead to instead of a file of machines."""

    MISSING = "missing"
    OTHER = "other"


class Import(NamedTuple):
    """The path of another file, as it is written."""

    path: str
    at: Mark
    place: Place


@dataclass(frozen=True, slots=True)
class MachinesFile:
    """A file that was read. `findings`: all that there are. `file` is what they call it.

    `at` is where its `machines` stand.
    """

    file: str
    at: Mark
    machines: Mapping[str, Declared]
    imports: tuple[Import, ...]
    findings: tuple[Finding, ...]
