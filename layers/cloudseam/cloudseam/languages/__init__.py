"""The languages a machine can be written in. Each compiles to a `cloudseam.machine.Machine`."""

from dataclasses import replace
from typing import NamedTuple

from cloudseam.finding import Finding, FindingsError, Severity
from cloudseam.languages.cloudseam_v1.spec import parse_spec
from cloudseam.languages.part import whole
from cloudseam.languages.python_actions.spec import is_machines_file, machine_of, parse_file
from cloudseam.languages.report import Report
from cloudseam.languages.yaml_source import parse_yaml
from cloudseam.machine import Machine


class Reading(NamedTuple):
    """What came of reading a machine's text: the machine if it can be used, and all findings."""

    machine: Machine | None
    findings: tuple[Finding, ...]


def read_machine(name: str, text: str | bytes, file: str) -> Reading:
    """Reads a machine of any language. A file with `machines:` has Python-action machines, of
    which it is the one with the name; any other is one machine in CloudSeam v1.

    `file` is what findings call the text's source. Nothing is raised for a bad text. What is wrong
    in other machines of the file is left out.
    """
    report = Report(file)
    root = parse_yaml(text, report)
    if root is None:
        return Reading(None, report.findings)
    if is_machines_file(root):
        found, findings = machine_of(parse_file(whole(root, report)), name)
        return Reading(found, tuple(findings))
    machine = parse_spec(name, whole(root, report))
    if machine is not None:
        machine = replace(machine, source=text if isinstance(text, str) else text.decode())
    return Reading(machine, report.findings)


def load_machine(name: str, text: str | bytes, file: str) -> Machine:
    """The machine that the text describes.

    Raises:
        FindingsError: the text has errors; it carries all of them.
    """
    reading = read_machine(name, text, file)
    if reading.machine is None:
        errors = [found for found in reading.findings if found.severity is Severity.ERROR]
        raise FindingsError(name, errors)
    return reading.machine
