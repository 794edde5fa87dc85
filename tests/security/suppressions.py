"""What the project tells its security tools to leave alone: counted, each with its reason.

A reason is in the line of the suppression, behind its identifiers. Five are allowed, over all
tools: whoever needs another one has to mend something.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ALLOWED = 5
# What a suppression can be written in. Folders that begin with a dot are not the project's, but for
# these. The code beside this file has the words of suppressions, and none.
NAMES = ("*.py", "*.yaml", "*.yml", "*.tf", "*.toml", "*.cfg", "*.ini", "Makefile", "*Dockerfile")
OURS = (".ci", ".github")
# In a line of code, each with the reason that has to follow.
INLINE = {
    "bandit": re.compile(r"#\s*nosec\b(?P<ids>[\sB0-9,]*)(?P<reason>.*)"),
    "checkov": re.compile(r"checkov:skip=(?P<ids>\w+):?(?P<reason>.*)"),
    "ruff": re.compile(r"#\s*noqa:\s*(?P<ids>S\d+)(?P<reason>.*)"),
    "pip-audit": re.compile(r"--ignore-vuln[ =](?P<ids>[\w-]+)(?P<reason>.*)"),
}
# The key of a list in a file of settings or a template: all of its entries are suppressions.
LISTS = re.compile(
    r"^(?P<indent>\s*)[\"']?(?P<key>ignore_checks|skip[-_]check|skips|exclude_checks)[\"']?\s*[:=]"
    r"\s*(?P<rest>.*)$"
)
TOOL_OF = {"ignore_checks": "cfn-lint", "skips": "bandit"}
ENTRY = re.compile(r"^\s*-\s*(?P<ids>[\w-]+)(?P<reason>.*)")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One finding, or one kind of them, that a tool is told to leave alone."""

    tool: str
    ids: str
    reason: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}: {self.tool} {self.ids}: {self.reason or 'NO REASON'}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a tool found, by the identifier of its rule. `told` is for people."""

    id: str
    told: str


def suppressions(root: Path) -> list[Suppression]:
    """All of a checkout, by file and line."""
    return [found for path in _files(root) for found in _in_file(path, root)]


def complaints(found: list[Suppression]) -> list[str]:
    """What is wrong with them: one line each."""
    wrong = [
        f"{each.place}: {each.tool} {each.ids} has no reason" for each in found if not each.reason
    ]
    if len(found) > ALLOWED:
        wrong.append(f"{len(found)} suppressions; {ALLOWED} are allowed")
    return wrong


def not_suppressed(tool: str, found: list[Suppression], findings: list[Finding]) -> list[str]:
    """What a tool found beyond its suppressions, and each of these that nothing is found for."""
    suppressed = {each.ids: each for each in found if each.tool == tool}
    unused = suppressed.keys() - {finding.id for finding in findings}
    return [finding.told for finding in findings if finding.id not in suppressed] + [
        f"{suppressed[ids].place}: {tool} {ids} suppresses nothing any more"
        for ids in sorted(unused)
    ]


def _files(root: Path) -> Iterator[Path]:
    for folder, inside, names in os.walk(root):
        inside[:] = sorted(name for name in inside if not name.startswith(".") or name in OURS)
        for name in sorted(names):
            path = Path(folder, name)
            is_here = path.suffix == ".py" and path.parent == Path(__file__).parent
            if any(fnmatch(name, pattern) for pattern in NAMES) and not is_here:
                yield path


def _in_file(path: Path, root: Path) -> Iterator[Suppression]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        place = f"{path.relative_to(root)}:{number}"
        for tool, pattern in INLINE.items():
            for told in pattern.finditer(line):
                yield Suppression(tool, told["ids"].strip(), _reason(told["reason"]), place)
        if listed := LISTS.match(line):
            tool = TOOL_OF.get(listed["key"], "checkov")
            yield from _in_list(tool, listed, lines[number:], place)


def _in_list(
    tool: str, listed: re.Match[str], below: list[str], place: str
) -> Iterator[Suppression]:
    """The entries of a list, in its own line or below it."""
    inside, _, comment = listed["rest"].partition("#")
    for identifier in re.findall(r"[\w-]+", inside):
        yield Suppression(tool, identifier, _reason(comment), place)
    if inside.strip():
        return
    name, _, first = place.rpartition(":")
    for number, line in enumerate(below, int(first) + 1):
        if not (entry := ENTRY.match(line)):
            return
        yield Suppression(tool, entry["ids"], _reason(entry["reason"]), f"{name}:{number}")


def _reason(text: str) -> str:
    return text.strip(" \t#:-()'\"")
