"""Links, commands and targets that the docs name are there."""

import re
from pathlib import Path

import pytest

from cloudseam_cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MAKEFILE = (ROOT / "Makefile").read_text()


def _ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    inside = [link for link in links if "://" not in link]

    missing = [link for link in inside if not (page.parent / link).exists()]

    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"(?:`|^|&& )make ([a-z][a-z-]+)", page.read_text(), re.MULTILINE))

    missing = {target for target in named if not re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)}

    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"(?:`|^)cloudseam ([a-z]+)", page.read_text(), re.MULTILINE))

    assert named <= set(COMMANDS)


def test_the_operations_page_explains_every_parameter_of_the_template() -> None:
    template = (ROOT / "template.yaml").read_text()
    parameters = template[template.index("\nParameters:\n") : template.index("\nMappings:\n")]
    page = (ROOT / "docs" / "operations.md").read_text()

    named = set(re.findall(r"^  ([A-Z][A-Za-z]+):$", parameters, re.MULTILINE))

    assert named
    assert {name for name in named if f"`{name}`" not in page} == set()
