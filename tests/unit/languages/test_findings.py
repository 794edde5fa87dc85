"""Every mistake in a machine's file is told with its place and its fix, all of them at once."""

import re
from string import Formatter

import pytest
import yaml

from cloudseam.finding import FindingsError, Severity
from cloudseam.languages import load_machine, read_machine
from cloudseam.languages.report import MAX_FINDINGS, Report
from cloudseam.languages.yaml_source import parse_yaml
from tests.unit.languages.all_rules import RULES
from tests.unit.languages.finding_cases import FindingCase, as_line, finding_cases
from tests.unit.languages.test_hostile_files import HOSTILE

CASES = list(finding_cases())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_file_has_these_findings_and_no_others(case: FindingCase) -> None:
    reading = read_machine("m", case.text, "m.yml")

    assert [as_line(finding) for finding in reading.findings] == case.findings
    has_errors = any(finding.severity is Severity.ERROR for finding in reading.findings)
    assert (reading.machine is None) == has_errors


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_parser_in_python_finds_the_same_lines_as_the_one_in_c(case: FindingCase) -> None:
    found = {}
    for parser in (yaml.CSafeLoader, yaml.SafeLoader):
        report = Report("m.yml")
        parse_yaml(case.text, report, parser)
        found[parser.__name__] = [(finding.line, finding.severity) for finding in report.findings]

    assert found["CSafeLoader"] == found["SafeLoader"]


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(CASES) >= 90
    assert sum(len(case.findings) for case in CASES) >= 150


@pytest.fixture(scope="module")
def problems() -> set[str]:
    """All problems that the corpus and the hostile files are told."""
    texts: list[str | bytes] = [case.text for case in CASES]
    texts += [make() for make, _ in HOSTILE.values()]
    return {
        finding.problem for text in texts for finding in read_machine("m", text, "m.yml").findings
    }


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_broken_by_a_case(name: str, problems: set[str]) -> None:
    literal = [re.escape(text or "") for text, *_ in Formatter().parse(RULES[name].problem)]
    words = re.compile(".+".join(literal) + ".*" * RULES[name].problem.endswith("}"))

    assert any(words.fullmatch(problem) for problem in problems)


def test_an_error_carries_the_findings_and_names_file_line_and_column() -> None:
    with pytest.raises(FindingsError) as raised:
        load_machine("order", "version: 2\nevents: [go]\nstates: {}\ntasks: {}\n", "order.yml")

    assert raised.value.machine == "order"
    assert [(found.line, found.column) for found in raised.value.findings] == [
        (1, 10),
        (2, 10),
        (3, 1),
        (3, 1),
    ]
    assert "Machine 'order' cannot be used" in str(raised.value)
    assert "order.yml:1:10: error: version: `version` must be 1, but is '2'." in str(raised.value)


def test_warnings_do_not_keep_a_machine_from_being_used() -> None:
    text = (
        "version: 1\nevents: [GO]\ntasks: {}\n"
        "states: {INIT: {on: {GO: [{action: advance, state: END}]}}, END: {terminal: true}, A: {}}"
    )

    reading = read_machine("m", text, "m.yml")

    assert load_machine("m", text, "m.yml") == reading.machine
    assert {finding.severity for finding in reading.findings} == {Severity.WARNING}


def test_a_report_ends_where_nobody_reads_on() -> None:
    names = ", ".join(f"e{number}" for number in range(3 * MAX_FINDINGS))

    findings = read_machine("m", f"version: 1\nevents: [{names}]\n", "m.yml").findings

    assert len(findings) == MAX_FINDINGS + 1
    assert findings[-1].problem == f"There are more findings than the first {MAX_FINDINGS}."


def test_more_warnings_than_are_shown_are_no_error() -> None:
    names = ", ".join(f"E{number}" for number in range(3 * MAX_FINDINGS))
    text = f"version: 1\nevents: [{names}]\nstates: {{INIT: {{terminal: true}}}}\ntasks: {{}}\n"

    reading = read_machine("m", text, "m.yml")

    assert len(reading.findings) == MAX_FINDINGS + 1
    assert reading.machine is not None


@pytest.mark.parametrize("secret", ["hunter2-canary", "!Ref hunter2-canary"])
def test_no_value_of_a_variable_is_shown(secret: str) -> None:
    text = f"""
version: 1
events: []
states: {{INIT: {{terminal: true}}}}
tasks:
  t: {{executor: terraform, config: {{variables: {{password: {secret}}}}}}}
  u: {{executor: lambda, config: {{name: f, args: [{secret}]}}}}
"""
    findings = read_machine("m", text, "m.yml").findings

    assert findings
    assert "hunter2-canary" not in " ".join(map(str, findings))
