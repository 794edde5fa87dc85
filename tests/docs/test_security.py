"""SECURITY.md: every claim has a test that is there, and bad inputs are as many as it says."""

import re
from pathlib import Path

import pytest

from tests.docs.bad_inputs_table import SURFACES, bad_inputs_table, cases

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text()
# [`name of the test`](its file)
NAMED = re.findall(r"\[`(test_\w+)`\]\((tests/\S+\.py)\)", PAGE)


def test_claims_name_tests() -> None:
    assert len(NAMED) >= 40
    assert len(NAMED) == len(re.findall(r"`test_\w+`", PAGE))


@pytest.mark.parametrize(("name", "file"), NAMED, ids=[name for name, _ in NAMED])
def test_a_test_that_is_named_is_there(name: str, file: str) -> None:
    assert f"\ndef {name}(" in (ROOT / file).read_text()


def test_bad_inputs_are_as_many_as_the_page_says() -> None:
    table = bad_inputs_table()

    assert PAGE.endswith(f"\n\n{table}\n"), f"SECURITY.md is out of date; it should say:\n\n{table}"


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_has_some(surface: str) -> None:
    assert sum(map(cases, SURFACES[surface])) >= 10
