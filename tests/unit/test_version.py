"""The version is in one place, and everything that tells it tells the same."""

import re
import tomllib
from pathlib import Path

from cloudseam import __version__
from cloudseam.lean_client.channel import USER_AGENT
from tests.template import RESOURCES, TEMPLATE

ROOT = Path(__file__).parents[2]


def test_the_package_has_the_engines_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    assert project["project"]["dynamic"] == ["version"]
    path = ROOT / project["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{__version__}"' in path.read_text()


def test_a_deployment_tells_the_version() -> None:
    assert TEMPLATE["Outputs"]["Version"]["Value"] == __version__
    assert RESOURCES["CloudSeamLayer"]["Properties"]["Description"] == f"CloudSeam {__version__}"


def test_aws_is_told_the_version() -> None:
    assert USER_AGENT.startswith(f"cloudseam/{__version__} ")


def test_the_changelog_has_no_version_above_this_one() -> None:
    headings = re.findall(r"^## (?:\[?(\d[^\] ]*)|(Unreleased))", changelog(), re.MULTILINE)

    versions = [version for version, _ in headings if version]
    assert ("", "Unreleased") in headings or versions[:1] == [__version__]
    assert not versions or as_numbers(versions[0]) <= as_numbers(__version__)


def changelog() -> str:
    return (ROOT / "CHANGELOG.md").read_text()


def as_numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]
