"""docs/operations.md says what the template allows."""

from pathlib import Path

import pytest

from tests.docs.rights_table import TABLES, rights_table

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.mark.parametrize("title", TABLES)
def test_the_page_has_the_table_of_each_roles_rights(title: str) -> None:
    table = rights_table(TABLES[title])

    assert f"### {title}\n\n{table}\n" in PAGE.read_text(), (
        f"docs/operations.md is out of date; it should say:\n\n### {title}\n\n{table}"
    )
