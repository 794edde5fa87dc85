"""The page for those who come from aws-lambda-fsm: what it says is shown by tests."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "coming-from-aws-lambda-fsm.md").read_text()
SHOWN_BY = re.findall(r"\| `(tests/[^`]+)` \|$", PAGE, re.MULTILINE)
FIRST_TABLE = PAGE.split("## What it has, and where that is here")[1].split("\n## ")[0]


def test_each_feature_says_what_shows_it() -> None:
    rows = [line for line in FIRST_TABLE.splitlines() if line.startswith("| ")][1:]

    assert len(rows) == len(SHOWN_BY)


@pytest.mark.parametrize("shown_by", SHOWN_BY)
def test_what_shows_a_feature_is_a_test(shown_by: str) -> None:
    file, _, name = shown_by.partition("::")
    functions = [
        node.name
        for node in ast.walk(ast.parse((ROOT / file).read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]

    assert functions
    assert not name or name in functions
