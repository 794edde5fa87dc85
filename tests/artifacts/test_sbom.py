"""The bill of materials names what is deployed. `make sbom` writes it and runs this."""

import json
import os
import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

import cloudseam

ROOT = Path(__file__).parents[2]
LOCKED = ROOT / "layers" / "cloudseam" / "requirements.txt"
LAYER = ROOT / ".aws-sam" / "build" / "CloudSeamLayer" / "python"
PYTHON = ROOT / ".venv-sbom" / "bin" / "python"
SBOM = os.environ.get("SBOM", "")
# Says what is wrong with a bill by the schema of CycloneDX that the validator brings along.
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))
"""

pytestmark = pytest.mark.skipif(not SBOM, reason="`make sbom` writes a bill and runs this")


@pytest.fixture
def bill() -> Any:
    return json.loads((ROOT / SBOM).read_text())


def normal(name: str) -> str:
    """A package's name as indexes write it (PyPA, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def named(bill: Any) -> set[tuple[str, str]]:
    return {(normal(each["name"]), each["version"]) for each in bill["components"]}


def test_it_names_what_is_locked_for_the_layer_and_nothing_else(bill: Any) -> None:
    locked = set(re.findall(r"^([\w.-]+)==(\S+)", LOCKED.read_text(), re.MULTILINE))

    assert locked
    assert named(bill) == {(normal(name), version) for name, version in locked}


@pytest.mark.skipif(not LAYER.exists(), reason="`make build` has built no layer to compare it with")
def test_it_names_what_the_built_layer_holds(bill: Any) -> None:
    built = distributions(path=[str(LAYER)])

    assert named(bill) == {(normal(each.name), each.version) for each in built}


def test_it_is_of_this_version_and_says_what_needs_what(bill: Any) -> None:
    told = bill["metadata"]["component"]
    needs = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    reached, waiting = set(), [told["bom-ref"]]
    while waiting:
        reached.add(name := waiting.pop())
        waiting += [each for each in needs[name] if each not in reached]

    assert (told["name"], told["version"]) == ("cloudseam", cloudseam.__version__)
    assert reached == set(needs)
    assert all(each["purl"].startswith("pkg:pypi/") for each in bill["components"])


def complaint(bill: Any) -> str:
    ended = subprocess.run(
        [str(PYTHON), "-c", VALIDATE],
        input=json.dumps(bill),
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.strip()


def test_it_is_valid_by_the_schema_which_a_broken_one_is_not(bill: Any) -> None:
    assert complaint(bill) == "None"
    assert "is not one of" in complaint(bill | {"bomFormat": "Other"})
