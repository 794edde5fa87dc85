"""The languages a machine can be written in. Each compiles to a `cloudseam.machine.Machine`."""

import posixpath
from dataclasses import replace
from typing import NamedTuple

from cloudseam.finding import Finding, FindingsError, Severity
from cloudseam.languages.asl.file_kind import is_definition
from cloudseam.languages.cloudseam_v1.spec import parse_spec
from cloudseam.languages.part import whole
from cloudseam.languages.python_actions.imports import LoadFile, follow
from cloudseam.languages.python_actions.machines_file import MachinesFile
from cloudseam.languages.python_actions.spec import is_machines_file, machine_of, parse_file
from cloudseam.languages.report import Report
from cloudseam.languages.yaml_source import parse_yaml
from cloudseam.machine import Machine


class Reading(NamedTuple):
    """What came of reading a machine's text: the machine if it can be used, and all findings."""

    machine: Machine | None
    findings: tuple[Finding, ...]


def read_machine(name: str, text: str | bytes, file: str, load: LoadFile | None = None) -> Reading:
    """Reads a machine of any language. A file with `machines:` has Python-action machines, of
    which it is the one with the name; any other is one machine: in Amazon States Language if its
    name or its keys say so, else in CloudSeam v1.

    `file` is what findings call the text's source. Nothing is raised for a bad text. What is wrong
    in other machines of the file is left out. Imports are followed where `load` is given, and the
    file does not have the machine itself.
    """
    found = read_file(name, text, file)
    return machine_in(found, name, load) if isinstance(found, MachinesFile) else found


def read_file(name: str, text: str | bytes, file: str) -> MachinesFile | Reading:
    """All Python-action machines of a file; or its one machine, in another language."""
    report = Report(file)
    root = parse_yaml(text, report)
    if root is None:
        return Reading(None, report.findings)
    if is_machines_file(root):
        return parse_file(whole(root, report))
    source = text if isinstance(text, str) else text.decode()
    if is_definition(root, file):
        # A function that has no such machine starts without it.
        from cloudseam.languages.asl.spec import parse_definition

        return Reading(parse_definition(name, whole(root, report), source), report.findings)
    machine = parse_spec(name, whole(root, report))
    if machine is not None:
        machine = replace(machine, source=source)
    return Reading(machine, report.findings)


def machine_in(file: MachinesFile, name: str, load: LoadFile | None = None) -> Reading:
    """The Python-action machine of that name, of the file or, with `load`, of one it imports."""
    holders = [file]
    if load is not None and name not in file.machines:
        reached = follow(posixpath.basename(file.file), file, load).files.values()
        holders = [each for each in reached if name in each.machines] or [file]
    machine, findings = machine_of(holders[0], name)
    return Reading(machine, tuple(findings))


def load_machine(name: str, text: str | bytes, file: str, load: LoadFile | None = None) -> Machine:
    """The machine that the text describes. See `read_machine`.

    Raises:
        FindingsError: the text has errors; it carries all of them.
    """
    reading = read_machine(name, text, file, load)
    if reading.machine is None:
        errors = [found for found in reading.findings if found.severity is Severity.ERROR]
        raise FindingsError(name, errors)
    return reading.machine
