"""A file in Amazon States Language → machine, with all that is wrong at its place in the file."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from cloudseam.finding import Finding, Severity
from cloudseam.languages.asl.advice import advice
from cloudseam.languages.asl.diagnostic import ERROR, Diagnostic, location_of
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.languages.asl.validation import STANDARD, judge
from cloudseam.languages.part import Part
from cloudseam.languages.place import Place
from cloudseam.languages.report import Mark
from cloudseam.languages.wording import printable
from cloudseam.languages.yaml_tree import MappingNode, ScalarNode, SequenceNode


def parse_definition(name: str, part: Part, source: str) -> AslMachine | None:
    """The machine that a file describes; None, and reported, if it has errors."""
    if part.report.has_errors:
        return None
    definition = part.value()
    diagnostics = judge(definition, STANDARD)
    names = tuple(_state_names(definition))
    part.report.take(_finding(each, part, names) for each in diagnostics)
    if part.report.has_errors or not isinstance(definition, dict):
        return None
    return machine_of(name, definition, source)


def machine_of(name: str, definition: Mapping[str, Any], source: str) -> AslMachine:
    """The machine of a definition that has been found to be valid."""
    canonical = json.dumps(definition, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(f"asl/{name}/{canonical}".encode()).hexdigest()
    return AslMachine(name, digest, definition, source)


def _finding(said: Diagnostic, part: Part, names: tuple[str, ...]) -> Finding:
    mark = _mark(part, said)
    severity = Severity.ERROR if said.severity == ERROR else Severity.WARNING
    where = printable(said.location or "")
    problem = printable(f"{said.code}: {said.message.removesuffix('.')}.")
    file = part.report.file
    fix = advice(said, names)
    return Finding(file, mark.line, mark.column, where, problem, fix, severity)


def _mark(part: Part, said: Diagnostic) -> Mark:
    """Where the file has what is meant: a single value itself, of anything else its key."""
    node, key_at = part.node, part.node.at
    for step in _steps(said.place):
        if isinstance(node, MappingNode) and step in node.entries:
            key_at, node = node.entries[str(step)]
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            key_at = node.at
        else:
            break
    is_value = isinstance(node, ScalarNode) and said.location == location_of(said.place)
    return node.at if is_value else key_at


def _steps(place: Place) -> list[str | int]:
    steps: list[str | int] = []
    step: Place | None = place
    while step is not None and step.parent is not None:
        steps.append(step.step)
        step = step.parent
    return steps[::-1]


def _state_names(value: Any) -> Iterator[str]:
    """The names of all states, of inner machines too."""
    if isinstance(value, dict):
        states = value.get("States")
        if isinstance(states, dict):
            yield from states
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from _state_names(inner)
