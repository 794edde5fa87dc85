"""Python-action machines: from a file's tree to definitions, with everything that is wrong."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cloudseam.finding import Finding
from cloudseam.languages.part import Part
from cloudseam.languages.place import Place
from cloudseam.languages.python_actions import rules
from cloudseam.languages.python_actions.definition import Definition
from cloudseam.languages.python_actions.machine import ActionsMachine
from cloudseam.languages.python_actions.machine_spec import IMPORT, parse_machine
from cloudseam.languages.python_actions.machines_file import Declared, Import, MachinesFile
from cloudseam.languages.python_actions.names import read_name
from cloudseam.languages.python_actions.source import digest_of, source_of
from cloudseam.languages.report import Mark, Report, finding_of
from cloudseam.languages.wording import DidYouMean, listed, shown
from cloudseam.languages.yaml_tree import MappingNode, Node

MACHINES = "machines"
FREE_PREFIX = "x-"
MACHINES_EXAMPLE = "`[{name: order, states: […]}]`"
MACHINE_EXAMPLE = "`{name: order, states: […]}`, or as `{import: other.yml}`"


class Entry(NamedTuple):
    """A machine's part with a report of its own, its name if it has one, and its definition."""

    part: Part
    name: Part | None
    definition: Definition | None


def is_machines_file(root: Node) -> bool:
    """Whether a file is of this language: `machines` is among its top keys."""
    return isinstance(root, MappingNode) and MACHINES in root.entries


def parse_machines(root: Part) -> Mapping[str, Definition] | None:
    """The machines of a file by name, or None when the report has errors. Imports are not read."""
    machines = parse_file(root).machines
    if root.report.has_errors:
        return None
    return {name: each.definition for name, each in machines.items() if each.definition}


def parse_file(root: Part) -> MachinesFile:
    """The machines of a file, each with what is wrong in it. The report gets all of that."""
    report = root.report
    # In reports of their own, so that a mistake in one machine keeps no other from being used.
    items = [item._replace(report=report.part()) for item in _items(root)]
    found = [(item, keys) for item in items if (keys := item.entries(MACHINE_EXAMPLE)) is not None]
    machines = [_machine(item, keys) for item, keys in found if IMPORT not in keys]
    imports = [_import(item, keys) for item, keys in found if IMPORT in keys]
    declared = _declared(machines, report)
    for item in items:
        report.take(item.report.findings)
    paths = tuple(each for each in imports if each is not None)
    return MachinesFile(report.file, _at(root), declared, paths, report.findings)


def machine_of(file: MachinesFile, name: str) -> tuple[ActionsMachine | None, Sequence[Finding]]:
    """The machine of that name, and what was found in it; None where it cannot be used."""
    declared = file.machines.get(name)
    if declared is None:
        words = {"hint": DidYouMean(name, file.machines), "machines": listed(file.machines)}
        place = Place().below(MACHINES)
        unknown = finding_of(
            file.file, rules.MACHINE_UNKNOWN, file.at, place, name=shown(name), **words
        )
        return None, [*file.findings, unknown]
    definition = declared.definition
    if definition is None:
        return None, declared.findings
    source = source_of(name, definition)
    return ActionsMachine(name, digest_of(definition), definition, source), declared.findings


def _at(root: Part) -> Mark:
    entries = root.node.entries if isinstance(root.node, MappingNode) else {}
    return entries[MACHINES].key_at if MACHINES in entries else root.node.at


def _items(root: Part) -> Sequence[Part]:
    """The entries of the list `machines`."""
    entries = root.entries("`machines:` with a list") or {}
    bound = {key: part for key, part in entries.items() if not key.startswith(FREE_PREFIX)}
    root.check_keys(bound, [MACHINES, f"{FREE_PREFIX}…"], "a file of machines")
    if MACHINES not in bound:
        root.missing(MACHINES, f"`machines: {MACHINES_EXAMPLE.strip('`')}`")
        return ()
    items = bound[MACHINES].items(MACHINES_EXAMPLE)
    if items == []:
        bound[MACHINES].add(rules.MACHINES_EMPTY)
    return items or ()


def _machine(part: Part, entries: Mapping[str, Part]) -> Entry:
    name = entries.get("name")
    if name is None:
        part.missing("name", "`name:` with a name of the machine's own")
    text = read_name(name, "a machine") if name else None
    definition = parse_machine(part, entries, text or "")
    return Entry(part, name if text else None, definition)


def _import(part: Part, entries: Mapping[str, Part]) -> Import | None:
    part.check_keys(entries, (IMPORT,), "an import")
    path = entries[IMPORT]
    text = path.text("the path of another file")
    return Import(text, path.node.at, path.place) if text else None


def _declared(machines: Sequence[Entry], report: Report) -> dict[str, Declared]:
    """The machines by name. Of two with one name none can be used."""
    named: dict[str, list[Entry]] = {}
    for machine in machines:
        if machine.name is not None:
            named.setdefault(str(machine.name.value()), []).append(machine)
    for name, (first, *others) in named.items():
        for other in others:
            _report_twice(name, first, other)
    return {name: _as_declared(group, report) for name, group in named.items()}


def _report_twice(name: str, first: Entry, second: Entry) -> None:
    if first.name is not None and second.name is not None:
        line = str(first.name.node.at.line)
        second.name.add(rules.MACHINE_TWICE, name=shown(name), line=line)


def _as_declared(group: Sequence[Entry], whole: Report) -> Declared:
    own: list[Finding] = [found for each in group for found in each.part.report.findings]
    name = group[0].name or group[0].part
    findings = tuple(sorted({*whole.findings, *own}))
    definition = group[0].definition if len(group) == 1 else None
    return Declared(definition, findings, name.node.at, name.place)
