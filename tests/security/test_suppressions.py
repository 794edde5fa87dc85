"""What the tools are told to leave alone is little, counted, and explained."""

from pathlib import Path

import pytest

from tests.security.suppressions import (
    ALLOWED,
    Finding,
    Suppression,
    complaints,
    not_suppressed,
    suppressions,
)

ROOT = Path(__file__).parents[2]


def test_the_project_has_few_and_a_reason_for_each() -> None:
    found = suppressions(ROOT)

    assert complaints(found) == []
    assert {"cfn-lint", "checkov"} <= {each.tool for each in found}


# A file's name and text, and what is told of it: tool, identifiers, reason.
WRITTEN = {
    "bandit-inline": ("a.py", "x()  # nosec B314 - of S3", ("bandit", "B314", "of S3")),
    "bandit-inline-bare": ("a.py", "x()  # nosec", ("bandit", "", "")),
    "bandit-inline-several": ("a.py", "x()  # nosec B1, B2: why", ("bandit", "B1, B2", "why")),
    "bandit-settings": ("b.toml", 'skips = ["B101"] # why', ("bandit", "B101", "why")),
    "ruff": ("a.py", "x()  # noqa: S101", ("ruff", "S101", "")),
    "checkov-inline": ("t.yaml", "# checkov:skip=CKV_AWS_1:why", ("checkov", "CKV_AWS_1", "why")),
    "checkov-bare": ("Dockerfile", "# checkov:skip=CKV_1", ("checkov", "CKV_1", "")),
    "checkov-settings": ("c.yaml", "skip-check:\n  - CKV_1 # why", ("checkov", "CKV_1", "why")),
    "cfn-lint-settings": ("l.yml", "ignore_checks:\n  - W1", ("cfn-lint", "W1", "")),
    "cfn-lint-metadata": (
        "template.yaml",
        "    cfn-lint:\n      config:\n        ignore_checks: [W1] # why",
        ("cfn-lint", "W1", "why"),
    ),
    "pip-audit": (
        "Makefile",
        "\tpip-audit --ignore-vuln GHSA-1 # why",
        ("pip-audit", "GHSA-1", "why"),
    ),
}


@pytest.mark.parametrize(("name", "text", "wanted"), WRITTEN.values(), ids=WRITTEN)
def test_each_way_to_write_one_is_seen(
    tmp_path: Path, name: str, text: str, wanted: tuple[str, str, str]
) -> None:
    (tmp_path / name).write_text(text)

    (found,) = suppressions(tmp_path)

    assert (found.tool, found.ids, found.reason) == wanted


def test_a_list_ends_with_its_entries_and_other_lists_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("skip-check:\n  - CKV_1 # why\ntemplates:\n  - t.yaml\n")

    assert [each.place for each in suppressions(tmp_path)] == ["a.yaml:2"]


def test_folders_of_tools_are_not_the_projects(tmp_path: Path) -> None:
    for folder in (".venv", ".github", "code"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("x()  # nosec")

    assert [each.place for each in suppressions(tmp_path)] == [".github/a.py:1", "code/a.py:1"]


def test_one_more_than_allowed_is_a_complaint() -> None:
    some = [Suppression("bandit", "B1", "why", f"a.py:{line}") for line in range(ALLOWED)]

    assert complaints(some) == []
    assert complaints([*some, some[0]]) == ["6 suppressions; 5 are allowed"]


def test_what_is_suppressed_is_left_alone_and_nothing_else() -> None:
    findings = [Finding("W1", "a: W1"), Finding("W2", "a: W2")]
    some = [Suppression("cfn-lint", "W1", "why", "l.yml:2"), Suppression("bandit", "W2", "why", "")]

    assert not_suppressed("cfn-lint", some, findings) == ["a: W2"]


def test_one_that_suppresses_nothing_is_a_complaint() -> None:
    some = [Suppression("cfn-lint", "W1", "why", "l.yml:2")]

    assert not_suppressed("cfn-lint", some, []) == [
        "l.yml:2: cfn-lint W1 suppresses nothing any more"
    ]


def test_one_without_a_reason_is_a_complaint() -> None:
    assert complaints([Suppression("bandit", "B1", "", "a.py:3")]) == [
        "a.py:3: bandit B1 has no reason"
    ]
