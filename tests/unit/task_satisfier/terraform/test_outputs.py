"""What comes back from a module: values that are not sensitive and that an answer can have."""

import json
from typing import Any

import pytest

from cloudseam.limits import MAX_OUTPUTS_BYTES
from cloudseam.messages import completed_message, parse_event
from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.outputs import read_outputs
from task_satisfier.redaction import Redactor
from tests.builders import CANARY
from tests.task_builders import a_request


def an_output(value: Any, sensitive: bool = False) -> dict[str, Any]:
    return {"sensitive": sensitive, "type": "dynamic", "value": value}


def read(
    outputs: dict[str, Any], sensitive: tuple[str, ...] = ()
) -> tuple[dict[str, Any], list[str]]:
    lines: list[str] = []
    values = read_outputs(json.dumps(outputs).encode(), Redactor(sensitive), lines.append)
    return dict(values), lines


def test_values_keep_their_types() -> None:
    values = {"a": 1, "b": "x", "c": [True, None], "d": {"e": 1.5}}

    assert read({name: an_output(value) for name, value in values.items()}) == (values, [])


def test_sensitive_outputs_are_left_out() -> None:
    assert read({"a": an_output(CANARY, sensitive=True), "b": an_output(1)}) == ({"b": 1}, [])


def test_outputs_that_hold_a_sensitive_value_are_left_out_with_a_note() -> None:
    outputs = {"url": an_output(f"x:{CANARY}@y"), "b": an_output(1)}

    assert read(outputs, sensitive=(CANARY,)) == (
        {"b": 1},
        ["Output 'url' is left out: it holds a sensitive value"],
    )


TOO_MUCH = {
    "too many bytes": "x" * MAX_OUTPUTS_BYTES,
    "nested too deeply": json.loads("[" * 60 + "]" * 60),
    "a number of too many digits": 10**40,
}


@pytest.mark.parametrize("value", TOO_MUCH.values(), ids=TOO_MUCH)
def test_an_output_that_an_answer_cannot_have_is_left_out_with_a_note(value: Any) -> None:
    values, lines = read({"big": an_output(value), "small": an_output("kept")})

    assert values == {"small": "kept"}
    assert [line[: len("Output 'big' is left out: ")] for line in lines] == [
        "Output 'big' is left out: "
    ]
    assert len(lines[0]) < 200
    parse_event(completed_message(a_request(), "e", values), "m")  # would raise


def test_as_many_outputs_as_fit_come_back() -> None:
    values, lines = read({f"o{number:03}": an_output("x" * 1_000) for number in range(100)})

    assert len(json.dumps(values)) <= MAX_OUTPUTS_BYTES
    assert 30 <= len(values) == 100 - len(lines)


@pytest.mark.parametrize(
    "printed",
    [b"", b"null", b"[]", b"No outputs", b'{"a": 1}', b'{"a": {"value": 1}}', b"[" * 50_000],
    ids=["nothing", "null", "a list", "a text", "no object", "not told if sensitive", "deep"],
)
def test_what_is_not_outputs_is_refused(printed: bytes) -> None:
    with pytest.raises(TaskFailedError, match="cannot be read"):
        read_outputs(printed, Redactor(), lambda line: None)
