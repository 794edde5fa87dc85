"""The other files that a file of Python-action machines imports, and those that they do."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from cloudseam.finding import Finding
from cloudseam.languages.python_actions import rules
from cloudseam.languages.python_actions.machines_file import Import, MachinesFile, NoMachines
from cloudseam.languages.report import finding_of
from cloudseam.languages.rule import Rule
from cloudseam.languages.wording import listed, shown
from cloudseam.languages.yaml_rules import SUFFIXES

# Port: the file at a path below the folder of machines, with `/` between its parts. The path has
# no part that begins with a dot; that no link leads out of the folder is for the adapter to see to.
LoadFile = Callable[[str], MachinesFile | NoMachines]

PROBLEMS = {NoMachines.MISSING: rules.IMPORT_MISSING, NoMachines.OTHER: rules.IMPORT_OTHER}


class Reached(NamedTuple):
    """The files by path, the first one among them, and what is wrong with their imports."""

    files: Mapping[str, MachinesFile]
    findings: tuple[Finding, ...]


def follow(path: str, file: MachinesFile, load: LoadFile) -> Reached:
    """All files that come with the one at `path`. Each is loaded once."""
    files = {path: file}
    findings: list[Finding] = []
    # The files on the way to the one that is looked at: a chain may be longer than Python's stack.
    way = {path: iter(file.imports)}
    while way:
        current = next(reversed(way))
        each = next(way[current], None)
        if each is None:
            del way[current]
            continue
        target = resolved(current, each.path)
        rule, found = _found(target, way, files, load)
        if rule is not None:
            words = {"path": shown(each.path), "files": listed(_circle(way, target))}
            findings.append(finding_of(files[current].file, rule, each.at, each.place, **words))
        if found is not None and isinstance(target, str):
            files[target] = found
            way[target] = iter(found.imports)
    return Reached(files, tuple(findings))


def resolved(importing: str, written: str) -> str | Rule:
    """The path below the folder of machines that an import means, or the rule that it breaks."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(importing), written))
    parts = path.split("/")
    if posixpath.isabs(written) or "\\" in written or parts[0] in ("", ".."):
        return rules.IMPORT_OUTSIDE
    is_hidden = any(part.startswith(".") for part in parts)
    if is_hidden or not path.isprintable() or not path.endswith(SUFFIXES):
        return rules.IMPORT_SUFFIX
    return path


def clashes(files: Mapping[str, MachinesFile], taken: Mapping[str, str] = {}) -> Iterator[Finding]:
    """What is to be said of machines that more than one file has, in the later ones.

    `taken`: names that files of another kind have, with what such a file is called.
    """
    first = dict(taken)
    for file in files.values():
        for name, declared in file.machines.items():
            holder = first.setdefault(name, file.file)
            if holder != file.file:
                words = {"name": shown(name), "other": shown(holder)}
                rule = rules.MACHINE_ELSEWHERE
                yield finding_of(file.file, rule, declared.at, declared.place, **words)


def _found(
    target: str | Rule,
    way: Mapping[str, Iterator[Import]],
    files: Mapping[str, MachinesFile],
    load: LoadFile,
) -> tuple[Rule | None, MachinesFile | None]:
    """What is wrong with an import, if anything is, and the file if it is a new one."""
    if not isinstance(target, str):
        return target, None
    if target in way:
        return rules.IMPORT_CYCLE, None
    if target in files:
        return None, None
    found = load(target)
    return (None, found) if isinstance(found, MachinesFile) else (PROBLEMS[found], None)


def _circle(way: Mapping[str, object], target: str | Rule) -> list[str]:
    """The files that import one another, from the one where the circle begins."""
    paths = list(way)
    start = paths.index(target) if isinstance(target, str) and target in way else 0
    return [*paths[start:], *paths[start : start + 1]]
