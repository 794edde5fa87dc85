"""Sensitive values do not get past the redactor, in whatever form a tool prints them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudseam.event import Json
from task_satisfier.redaction import MASK, Redactor

SECRET = 'pa"ss <word> & more\nsecond line é'

FOR_HTML = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&"})

SHOWN = {
    "whole": SECRET,
    "in a sentence": f"the value is {SECRET}!",
    "as JSON": json.dumps({"key": SECRET}),
    "as JSON in any letters": json.dumps({"key": SECRET}, ensure_ascii=False),
    "as JSON for HTML": json.dumps(SECRET)
    .replace("<", "\\u003c")
    .replace(">", "\\u003e")
    .replace("&", "\\u0026"),
    "line by line": "\n".join(f"      | {line}" for line in SECRET.splitlines()),
    "wrapped": SECRET.replace(" ", "\n│ "),
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_a_value_is_hidden_however_it_is_shown(shown: str) -> None:
    hidden = Redactor([SECRET]).text(shown)

    assert MASK in hidden
    for word in ("pa", "word", "more", "second", "line"):
        assert word not in hidden


@pytest.mark.parametrize(
    ("value", "shown"),
    [(123456, "pin = 123456"), ({"deep": ["inside"]}, "inside"), ("a${b}c", "a$${b}c")],
    ids=["a number", "inside an object", "as Terraform writes templates"],
)
def test_other_values_are_hidden_too(value: object, shown: str) -> None:
    assert MASK in Redactor([value]).text(shown)  # type: ignore[list-item]


@pytest.mark.parametrize("value", ["abc", "", True, None, 12], ids=repr)
def test_values_too_short_to_tell_are_not_looked_for(value: str | bool | int | None) -> None:
    text = "abc is true, 12 is null"

    assert Redactor([value]).text(text) == text


HOLDS: dict[str, Json] = {
    "the value": "hunter22",
    "a longer text": "https://hunter22.example",
    "a number": 4711,
    "a number with the digits": 147110,
    "deep in lists": [["x", ["hunter22"]]],
    "deep in objects": {"a": {"b": "hunter22"}},
    "the name in an object": {"a hunter22": 1},
}


@pytest.mark.parametrize("value", HOLDS.values(), ids=HOLDS)
def test_a_value_is_found_at_any_depth(value: Json) -> None:
    assert Redactor(["hunter22", 4711]).finds(value)


@pytest.mark.parametrize(
    "value", ["", "hunter2", 471, True, None, 1.5, [], {}, ["x", {"a": [False]}]], ids=repr
)
def test_nothing_is_found_where_nothing_is(value: Json) -> None:
    assert not Redactor(["hunter22", 4711]).finds(value)
    assert not Redactor().finds(value)


def test_an_output_with_a_sensitive_value_is_left_out_whole_and_named_in_the_log() -> None:
    outputs: dict[str, Json] = {
        "url": "https://true.example",
        "true_url": ["https://other.example", True],
        "deep": {"a": [{"b": "true"}]},
    }
    lines: list[str] = []

    shown = Redactor(["true"]).shown(outputs, lines.append)

    assert shown == {"true_url": ["https://other.example", True]}
    assert lines == [
        "Output 'deep' is left out: it holds a sensitive value",
        "Output 'url' is left out: it holds a sensitive value",
    ]


def test_a_longer_value_wins_over_one_that_it_starts_with() -> None:
    assert Redactor(["pass", "password"]).text("password") == MASK


def test_also_keeps_the_earlier_values() -> None:
    assert Redactor(["first"]).also(["second"]).text("first second") == f"{MASK} {MASK}"


@given(st.text(min_size=4).filter(lambda text: len(text.split()) == 1), st.text(), st.text())
def test_no_text_shows_a_value_of_one_word(secret: str, before: str, after: str) -> None:
    hidden = Redactor([secret]).text(f"{before}{secret}{after}")

    assert secret not in hidden.replace(MASK, " ")
