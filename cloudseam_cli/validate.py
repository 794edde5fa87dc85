"""`cloudseam validate`: what is wrong in machine files, all of it, with the place and the fix."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os.path import isdir
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudseam_cli.target import add_target_arguments, find_target
from cloudseam_cli.text import columns, printable
from cloudseam_cli.unreachable import NoTargetError

if TYPE_CHECKING:
    from cloudseam.finding import Finding
    from cloudseam.machine import Machine
    from cloudseam_cli.move import Move

VALID, INVALID, UNREADABLE = 0, 1, 2

EPILOG = """\
examples:
  cloudseam validate machines/order.yml
  cloudseam validate machines               (every .yml, .yaml and .asl.json file of it)
  cloudseam validate fsm.yml                (and the files that it imports)
  cloudseam validate machines --json | jq '.files[] | select(.valid | not)'
  cloudseam validate machines/order.yml --against --table Stacks

With --against the stacks that there are of each machine are looked at: which are on another
version, and which the file as it is now would have no place for: their state is gone, or has other
tasks. Those stay where they are, unless every stack follows its file (MACHINE_VERSIONS=latest).
Options that say where are for --against only.

exit codes: 0 all are valid, even if there are warnings, and fit the stacks; 1 at least one is not,
or a stack does not fit; 2 wrong options, a file that cannot be read, or no store
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one file; `machines` are those of it that can be used."""

    file: str
    findings: Sequence[Finding]
    is_readable: bool = True
    machines: Sequence[Machine] = ()

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
    parser.add_argument(
        "--against", action="store_true", help="look also which stacks there are, and fit"
    )
    add_target_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Checks the files and prints what was found."""
    if not args.against and any((args.port, args.endpoint_url, args.table)):
        raise NoTargetError("Options that say where stacks are mean something with --against only.")
    verdicts = [verdict for name in args.files for verdict in _verdicts(name)]
    found = _against(args, verdicts) if args.against else None
    print(as_json(verdicts, found) if args.json else as_text(verdicts, found))
    if not all(verdict.is_readable for verdict in verdicts):
        return UNREADABLE
    fits = all(move.fits for moves in (found or {}).values() for move in moves)
    return VALID if fits and all(verdict.is_valid for verdict in verdicts) else INVALID


def _against(args: argparse.Namespace, verdicts: Sequence[Verdict]) -> Mapping[str, Sequence[Move]]:
    """The stacks that are on another version than a valid file has, by file.

    Raises:
        CloudSeamError: the store does not answer.
    """
    from cloudseam_cli.move import moves
    from cloudseam_cli.stack_store import load_all, stacks_of

    stacks = stacks_of(find_target(args))
    return {
        verdict.file: [
            move
            for machine in verdict.machines
            for move in moves(load_all(stacks, machine.name, None), machine, {})
        ]
        for verdict in verdicts
        if verdict.machines
    }


def as_text(verdicts: Sequence[Verdict], found: Mapping[str, Sequence[Move]] | None = None) -> str:
    """A line for each finding, and one that sums up; then the stacks that were `found`."""
    lines = [str(finding) for verdict in verdicts for finding in verdict.findings]
    told = [printable(line) for line in [*lines, _summary(verdicts)]]
    return "\n".join([*told, *_moves(found)])


def _moves(found: Mapping[str, Sequence[Move]] | None) -> Iterator[str]:
    """The stacks on other versions as a table for each file, and a line that sums up."""
    if found is None:
        return
    from cloudseam_cli.move import HEADINGS

    for file, moves in found.items():
        if moves:
            yield f"\n{printable(file)}"
            yield from columns([HEADINGS, *(move.row() for move in moves)])
    every = [move for moves in found.values() for move in moves]
    broken = sum(not move.fits for move in every)
    yield f"{_count(len(every), 'stack') or 'No stack'} on another version; {broken} would not fit."


def as_json(verdicts: Sequence[Verdict], found: Mapping[str, Sequence[Move]] | None = None) -> str:
    """The same as an object: `valid`, and `files` with their findings, and `stacks` if asked."""
    files = [
        {
            "file": verdict.file,
            "valid": verdict.is_valid,
            "findings": [_as_object(finding) for finding in verdict.findings],
        }
        | ({} if found is None else {"stacks": _views(found.get(verdict.file, ()))})
        for verdict in verdicts
    ]
    valid = all(verdict.is_valid for verdict in verdicts)
    return json.dumps({"valid": valid, "files": files}, indent=2)


def _views(moves: Sequence[Move]) -> list[dict[str, Any]]:
    return [move.view() for move in moves]


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
    # isdir never raises, as path.is_dir() may.
    return _folder(path) if isdir(path) else _judged(path.parent, [path])


def _folder(path: Path) -> Iterable[Verdict]:
    from cloudseam.locators.folder import machine_files
    from cloudseam_cli.machine_file import machine_name

    files = machine_files(path)
    if not files:
        yield _unreadable(path, "The folder has no machine files.", "Put .yml files into it.")
    first: dict[str, Path] = {}
    for file in files:
        first.setdefault(machine_name(file), file)
    pairs = ((first[machine_name(file)], file) for file in files)
    twins = [_twins(one, other) for one, other in pairs if one is not other]
    yield from sorted([*_judged(path, list(first.values())), *twins], key=lambda each: each.file)


def _judged(folder: Path, paths: Sequence[Path]) -> Iterable[Verdict]:
    """The verdicts of files of one folder, and then of others that they import."""
    from cloudseam_cli.machine_folder import MachineFolder, machines_in, with_imports

    shelf, contents = MachineFolder(folder), {}
    for path in paths:
        try:
            contents[path.name] = shelf.read(path.name)
        except OSError as error:
            yield _unreadable(path, f"The file cannot be read: {error.strerror}.", "")
    for name, content, findings in with_imports(shelf, contents):
        yield Verdict(str(folder / name), findings, machines=machines_in(content))


def _unreadable(path: Path, problem: str, fix: str) -> Verdict:
    return Verdict(str(path), [_whole(path, problem, fix)], is_readable=False)


def _twins(first: Path, second: Path) -> Verdict:
    from cloudseam_cli.machine_file import machine_name

    problem = f"Machine '{machine_name(second)}' has two files, {first.name} and {second.name}."
    return Verdict(str(second), [_whole(second, problem, "Remove one of them.")])


def _whole(path: Path, problem: str, fix: str) -> Finding:
    """A finding about a file as a whole."""
    from cloudseam.finding import Finding

    return Finding(str(path), 1, 1, "", problem, fix)
