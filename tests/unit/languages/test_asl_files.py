"""Files in Amazon States Language: which are, and where what is wrong in them stands."""

import json

import pytest

from cloudseam.finding import Severity
from cloudseam.languages import load_machine, read_machine
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.languages.json_pairs import joined_pairs

YAML = """\
StartAt: Roll
States:
  Roll: {Type: Task, Resource: "arn:aws:states:::lambda:invoke", Next: Choose}
  Choose:
    Type: Choice
    Choices:
      - {Variable: $.roll, NumericGreaterThan: 3, Next: Done}
    Default: Roll
  Done: {Type: Succeed}
"""
JSON = """\
{
\t"StartAt": "Roll",
\t"States": {
\t\t"Roll": {"Type": "Wait", "Seconds": 3, "Next": "Done", "Comment": "\\ud83c\\udfb2 a\\/b"},
\t\t"Done": {"Type": "Succeed"}
\t}
}
"""


def found(text: str, file: str = "m.asl.yml") -> list[str]:
    return [str(finding) for finding in read_machine("m", text, file).findings]


@pytest.mark.parametrize("file", ["m.asl.yml", "m.asl.yaml", "m.asl.json", "m.yml", "kept"])
@pytest.mark.parametrize("text", [YAML, JSON], ids=["YAML", "JSON"])
def test_a_definition_is_a_machine_whatever_its_file_is_called(text: str, file: str) -> None:
    machine = load_machine("m", text, file)

    assert isinstance(machine, AslMachine)
    assert (machine.name, machine.source) == ("m", text)
    assert machine.definition["StartAt"] == "Roll"


def test_json_is_read_as_json_reads_it() -> None:
    machine = load_machine("m", JSON, "m.asl.json")

    assert isinstance(machine, AslMachine)
    assert machine.definition == json.loads(JSON)


def test_a_machine_is_the_same_in_either_form_and_another_by_another_name() -> None:
    one = load_machine("m", YAML, "m.asl.yml")
    same = read_machine("m", json.dumps(one.definition), "m").machine  # type: ignore[attr-defined]  # an AslMachine has it
    other = load_machine("n", YAML, "n.asl.yml")

    assert same is not None
    assert (one.digest == same.digest, one.digest == other.digest) == (True, False)


def test_a_file_of_the_language_by_its_name_is_judged_as_one() -> None:
    assert found("{}") == [
        "m.asl.yml:1:1: error: /: SCHEMA_VALIDATION_FAILED: These fields are required: "
        "[StartAt, States]."
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("version: 1\nStates: {}\n", "`States` is not a key", id="States for states"),
        pytest.param("{}", "`version` is missing", id="nothing"),
    ],
)
def test_another_file_is_in_another_language(text: str, problem: str) -> None:
    assert any(problem in line for line in found(text, "m.yml"))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(
            "Next: Done",
            "Next: Doen",
            "7:57: error: /States/Choose/Choices[0]/Next: MISSING_TRANSITION_TARGET: Missing "
            "'Next' target: Doen. Did you mean 'Done'? Name a state that stands in the same "
            "`States`.",
            id="a value",
        ),
        pytest.param(
            "Default: Roll",
            "Defualt: Roll",
            "8:5: error: /States/Choose: SCHEMA_VALIDATION_FAILED: Field 'Defualt' is not "
            "supported. Did you mean 'Default'? Remove it.",
            id="a key",
        ),
        pytest.param(
            "NumericGreaterThan: 3",
            "NumericGreaterThan: [3]",
            "7:28: error: /States/Choose/Choices[0]/NumericGreaterThan: "
            "SCHEMA_VALIDATION_FAILED: Expected value of type [NUMBER].",
            id="a value that is none by itself",
        ),
        pytest.param(
            "Type: Succeed",
            "Type: Pass",
            "9:3: error: /States/Done: SCHEMA_VALIDATION_FAILED: This object should have only "
            "one of the following fields: [Next, End].",
            id="a key that is missing",
        ),
        pytest.param(
            "Succeed}",
            "Fail, Error: $.e}",
            "9:29: warning: /States/Done/Error: NO_PATH: Field value looks like a path, but field "
            "name does not end with 'Path'. Let the field's name end in `Path`, if the path should "
            "be looked up.",
            id="a warning",
        ),
    ],
)
def test_a_finding_is_where_the_file_has_it(before: str, after: str, said: str) -> None:
    assert f"m.asl.yml:{said}" in found(YAML.replace(before, after))


def test_a_finding_in_json_is_where_the_file_has_it() -> None:
    assert found(JSON.replace('"Seconds": 3', '"Seconds": "3"'), "m.asl.json") == [
        "m.asl.json:4:39: error: /States/Roll/Seconds: SCHEMA_VALIDATION_FAILED: Expected value "
        "of type Integer."
    ]


def test_a_machine_that_cannot_end_is_told_at_its_states() -> None:
    assert found(YAML.replace("Type: Succeed", "Type: Pass, Next: Roll")) == [
        "m.asl.yml:2:1: error: MISSING_END_STATE: Workflow has no terminal state. Give a state "
        '`"End": true`, or add one of type Succeed or Fail.'
    ]


def test_what_is_no_yaml_is_said_and_nothing_else() -> None:
    assert found(YAML.replace("  Done:", "  Roll:")) == [
        "m.asl.yml:9:3: error: States: The key 'Roll' is written twice in one mapping. Remove "
        "one of the two; the first is on line 3."
    ]


def test_warnings_leave_the_machine() -> None:
    reading = read_machine("m", YAML.replace("Succeed}", "Fail, Error: $.e}"), "m.asl.yml")

    assert reading.machine is not None
    assert [finding.severity for finding in reading.findings] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        pytest.param('{"a": "\\ud83c\\uDFB2"}', '{"a": "\U0001f3b2"}', id="a pair"),
        pytest.param(' {"\\\\\\ud83c\\udfb2"}', ' {"\\\\\U0001f3b2"}', id="behind a backslash"),
        pytest.param('{"\\\\ud83c\\\\udfb2"}', '{"\\\\ud83c\\\\udfb2"}', id="escaped backslashes"),
        pytest.param('{"\\ud83c"}', '{"\\ud83c"}', id="half a pair"),
        pytest.param('{"\\udfb2\\ud83c"}', '{"\\udfb2\\ud83c"}', id="the wrong way round"),
        pytest.param("a: '\\ud83c\\udfb2'", "a: '\\ud83c\\udfb2'", id="no JSON"),
    ],
)
def test_an_escaped_pair_in_json_is_the_character(text: str, joined: str) -> None:
    assert joined_pairs(text) == joined
