"""docs/configuration.md says what the code reads."""

from pathlib import Path

import pytest

from tests.docs.settings_table import TABLES, settings_table

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.mark.parametrize("title", TABLES)
def test_the_page_has_the_table_of_each_functions_settings(title: str) -> None:
    table = settings_table(TABLES[title])

    assert f"## {title}\n\n{table}\n" in PAGE.read_text(), (
        f"docs/configuration.md is out of date; it should say:\n\n## {title}\n\n{table}"
    )
