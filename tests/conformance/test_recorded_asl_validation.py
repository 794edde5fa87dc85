"""Definitions recorded with AWS, and of two public checkers, are judged as they were there."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cloudseam.languages import read_machine
from cloudseam.languages.asl.diagnostic import refusal
from cloudseam.languages.asl.validation import STANDARD, diagnose

RECORDED = Path(__file__).parents[2].parent / "shared" / "conformance" / "asl"
pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded cases are not here")

# What the checkers accept and this does not, each with its reason.
REFUSED = {
    # A name that stands in a filter without quotes is no JSONPath; no execution could read it.
    "aslv:valid-current-value-predicate.json",
    # A state in JSONPath in a machine in JSONata: AWS's own recordings refuse that.
    "aslv:valid-map-with-item-batcher-jsonata.json",
    # A template's `Ref` and `Fn::GetAtt` in the place of a resource, before CloudFormation.
    "aslv:valid-task-intrisic-function.json",
}


@cache
def _cases(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads((RECORDED / name).read_text())
    return cases


def _text(case: dict[str, Any]) -> str:
    if case.get("definition") is not None:
        return json.dumps(case["definition"])
    return str(case["definition_text"])


def _judged() -> Iterator[tuple[dict[str, Any], str | None]]:
    for case in _cases("validation_cases.json"):
        yield case, refusal(diagnose(_text(case), case.get("type") or STANDARD))


def test_definitions_are_accepted_and_refused_as_they_were() -> None:
    judged = [(case["valid"], said is None) for case, said in _judged()]

    assert Counter(judged) == {(True, True): 328, (True, False): 3, (False, False): 129}
    assert {case["id"] for case, said in _judged() if case["valid"] and said} == REFUSED


def test_what_aws_said_of_a_refused_definition_is_said_in_its_words() -> None:
    compared = 0
    for case in _cases("validation_cases.json"):
        if not case["aws_recorded"] or case["valid"]:
            continue
        said = diagnose(_text(case), case.get("type") or STANDARD)
        if "diagnostics" in case:
            assert [each.as_json() for each in said] == case["diagnostics"]
        else:
            assert refusal(said) == _message(case["diagnostic"])
        compared += 1

    assert compared == 12


def _message(recorded: str) -> str:
    """The error's message, which some recordings have inside the exception's."""
    if not recorded.startswith("{"):
        return recorded
    told: str = json.loads(recorded)["exception_value"]
    return told.partition("operation: ")[2]


def test_what_aws_accepted_without_a_word_is_accepted_without_a_word() -> None:
    recorded = [
        case
        for case in _cases("validation_cases.json")
        if case["valid"] and case.get("diagnostics") == []
    ]

    assert len(recorded) == 49
    for case in recorded:
        assert diagnose(_text(case), case.get("type") or STANDARD) == []


def test_every_definition_that_aws_ran_is_accepted() -> None:
    ran = _cases("exec_cases.json")

    assert len(ran) == 777
    for case in ran:
        assert refusal(diagnose(_text(case), case.get("type") or STANDARD)) is None, case["id"]


def test_a_refused_call_of_the_api_has_the_message_that_aws_gave() -> None:
    compared = 0
    for case in _cases("api_cases.json"):
        for step in case["steps"]:
            expected = step.get("expected")
            message = expected.get("message", "") if isinstance(expected, dict) else ""
            if message.startswith("Invalid State Machine Definition"):
                kind = step["kw"].get("type") or STANDARD
                assert refusal(diagnose(step["kw"]["definition"], kind)) == message
                compared += 1

    assert compared == 4


def test_a_file_is_judged_as_the_definition_in_it() -> None:
    for case, said in _judged():
        if case.get("type") != "EXPRESS":
            reading = read_machine("m", _text(case), "m.asl.json")
            assert (reading.machine is None) is (said is not None), case["id"]
