"""Every mistake in a file of Python-action machines is told with its place and its fix, at once."""

import re
from string import Formatter

import pytest

from cloudseam.finding import Severity
from cloudseam.languages import read_machine
from tests.unit.languages.all_rules import ACTION_RULES
from tests.unit.languages.finding_cases import ACTIONS_FOLDER, FindingCase, as_line, finding_cases
from tests.unit.languages.test_actions_spec import EXAMPLE, large_by_aliases, read

CASES = list(finding_cases(ACTIONS_FOLDER))
# Broken where other files are there: in test_imports.
OF_IMPORTS = {name for name in ACTION_RULES if name.startswith("IMPORT_")} | {"MACHINE_ELSEWHERE"}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_file_has_these_findings_and_no_others(case: FindingCase) -> None:
    _, findings = read(case.text)

    assert [as_line(finding) for finding in findings] == case.findings


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_machine_is_there_if_and_only_if_it_has_no_error(case: FindingCase) -> None:
    file, _ = read(case.text)

    for name in file.machines if file is not None else ():
        reading = read_machine(name, case.text, "m.yml")
        errors = [found for found in reading.findings if found.severity is Severity.ERROR]
        assert (reading.machine is None) == bool(errors)


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(CASES) >= 60
    assert sum(len(case.findings) for case in CASES) >= 180


def test_every_rule_is_broken_by_a_case() -> None:
    problems = [found.problem for case in CASES for found in read(case.text)[1]]
    problems += [found.problem for found in read(large_by_aliases())[1]]
    problems += [found.problem for found in read_machine("b", EXAMPLE, "m.yml").findings]

    for name, rule in ACTION_RULES.items():
        if name in OF_IMPORTS:
            continue
        literal = [re.escape(text or "") for text, *_ in Formatter().parse(rule.problem)]
        words = re.compile(".+".join(literal) + ".*" * rule.problem.endswith("}"))
        assert any(words.fullmatch(problem) for problem in problems), name
