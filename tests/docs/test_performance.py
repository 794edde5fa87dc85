"""The page of figures has every bench and every target."""

import re
from pathlib import Path

from bench.__main__ import BENCHES
from bench.page import BEGIN, END
from bench.targets import TARGETS

PAGE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text()
FIGURES = PAGE[PAGE.index(BEGIN) : PAGE.index(END)]


def test_the_page_explains_every_bench() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)

    assert explained == list(BENCHES)


def test_the_page_has_a_table_for_every_bench() -> None:
    tables = re.findall(r"^### .*\n\n.+\n\n\| .* \|\n\| --- ", FIGURES, re.MULTILINE)

    assert len(tables) == len(BENCHES)


def test_the_page_has_a_row_for_every_target() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| .+ \| (?:yes|\*\*no\*\*) \|$", FIGURES, re.MULTILINE)

    assert rows == [(target.what, target.target) for target in TARGETS]


def test_the_page_says_where_and_when() -> None:
    assert re.search(r"day \d{4}-\d\d-\d\d; computer \d+ cores", FIGURES)
