"""Sensitive values do not get past the redactor, in whatever form a tool prints them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_values_are_hidden_inside_json() -> None:
    redactor = Redactor(["hunter22", 4711])

    hidden = redactor.json({"a hunter22": ["x hunter22", 4711, {"b": "hunter22"}, True, None, 1]})

    assert hidden == {f"a {MASK}": [f"x {MASK}", MASK, {"b": MASK}, True, None, 1]}


def test_a_longer_value_wins_over_one_that_it_starts_with() -> None:
    assert Redactor(["pass", "password"]).text("password") == MASK


def test_also_keeps_the_earlier_values() -> None:
    assert Redactor(["first"]).also(["second"]).text("first second") == f"{MASK} {MASK}"


@given(st.text(min_size=4).filter(lambda text: len(text.split()) == 1), st.text(), st.text())
def test_no_text_shows_a_value_of_one_word(secret: str, before: str, after: str) -> None:
    hidden = Redactor([secret]).text(f"{before}{secret}{after}")

    assert secret not in hidden.replace(MASK, " ")
