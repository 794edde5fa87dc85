"""`cloudseam validate`: what is wrong in machine files, all of it, with the place and the fix."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudseam_cli.text import printable

if TYPE_CHECKING:
    from cloudseam.finding import Finding

VALID, INVALID, UNREADABLE = 0, 1, 2

EPILOG = """\
examples:
  cloudseam validate machines/order.yml
  cloudseam validate machines               (every .yml and .yaml file of the folder)
  cloudseam validate machines --json | jq '.files[] | select(.valid | not)'

exit codes: 0 all are valid, even if there are warnings; 1 at least one is not; 2 wrong options,
or a file that cannot be read
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one file."""

    file: str
    findings: Sequence[Finding]
    is_readable: bool = True

    @property
    def is_valid(self) -> bool:
        """Whether nothing in it is an error."""
        return not any(_is_error(finding) for finding in self.findings)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a machine's file, or a folder of them"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Checks the files and prints what was found."""
    verdicts = [verdict for name in args.files for verdict in _verdicts(name)]
    print(as_json(verdicts) if args.json else as_text(verdicts))
    if not all(verdict.is_readable for verdict in verdicts):
        return UNREADABLE
    return VALID if all(verdict.is_valid for verdict in verdicts) else INVALID


def as_text(verdicts: Sequence[Verdict]) -> str:
    """A line for each finding, and one that sums up."""
    lines = [str(finding) for verdict in verdicts for finding in verdict.findings]
    return "\n".join(printable(line) for line in [*lines, _summary(verdicts)])


def as_json(verdicts: Sequence[Verdict]) -> str:
    """The same as an object: `valid`, and `files` with their findings."""
    files = [
        {
            "file": verdict.file,
            "valid": verdict.is_valid,
            "findings": [_as_object(finding) for finding in verdict.findings],
        }
        for verdict in verdicts
    ]
    valid = all(verdict.is_valid for verdict in verdicts)
    return json.dumps({"valid": valid, "files": files}, indent=2)


def _as_object(finding: Finding) -> dict[str, Any]:
    return {
        "line": finding.line,
        "column": finding.column,
        "place": finding.place,
        "severity": finding.severity.value,
        "problem": finding.problem,
        "fix": finding.fix,
    }


def _summary(verdicts: Sequence[Verdict]) -> str:
    findings = [finding for verdict in verdicts for finding in verdict.findings]
    errors = sum(map(_is_error, findings))
    counts = [_count(errors, "error"), _count(len(findings) - errors, "warning")]
    invalid = sum(not verdict.is_valid for verdict in verdicts)
    said = f"{invalid} invalid" if invalid else "all valid" if len(verdicts) > 1 else "valid"
    found = ", ".join(count for count in counts if count)
    return f"{_count(len(verdicts), 'file')}, {said}" + (f": {found}." if found else ".")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""


def _is_error(finding: Finding) -> bool:
    from cloudseam.finding import Severity

    return finding.severity is Severity.ERROR


def _verdicts(name: str) -> Iterable[Verdict]:
    path = Path(name)
    return _folder(path) if path.is_dir() else [_file(path)]


def _folder(path: Path) -> Iterable[Verdict]:
    from cloudseam.locators.folder import machine_files

    files = machine_files(path)
    if not files:
        yield _unreadable(path, "The folder has no machine files.", "Put .yml files into it.")
    first: dict[str, Path] = {}
    for file in files:
        twin = first.setdefault(file.stem, file)
        yield _file(file) if twin is file else _twins(twin, file)


def _file(path: Path) -> Verdict:
    from cloudseam.languages import read_machine
    from cloudseam_cli.machine_file import read_text

    try:
        text = read_text(path)
    except OSError as error:
        return _unreadable(path, f"The file cannot be read: {error.strerror}.", "")
    return Verdict(str(path), read_machine(path.stem, text, str(path)).findings)


def _unreadable(path: Path, problem: str, fix: str) -> Verdict:
    return Verdict(str(path), [_whole(path, problem, fix)], is_readable=False)


def _twins(first: Path, second: Path) -> Verdict:
    problem = f"Machine '{second.stem}' has two files, {first.name} and {second.name}."
    return Verdict(str(second), [_whole(second, problem, "Remove one of them.")])


def _whole(path: Path, problem: str, fix: str) -> Finding:
    """A finding about a file as a whole."""
    from cloudseam.finding import Finding

    return Finding(str(path), 1, 1, "", problem, fix)
