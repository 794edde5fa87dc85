"""What is installed is what was locked: every file has hashes, and every pip asks for them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "cloudseam"
LOCKED = [LAYER / "requirements.txt", *sorted((ROOT / "requirements").glob("*.txt"))]
INSTALLING = [ROOT / "Makefile", LAYER / "Makefile", *sorted((ROOT / "docker").glob("*Dockerfile"))]


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_requirement_is_one_version_with_its_hashes(path: Path) -> None:
    told = re.sub(r"\\\n", "", path.read_text()).splitlines()
    lines = [line for line in told if line.strip() and not line.lstrip().startswith("#")]

    loose = [
        line for line in lines if not re.match(r"[\w.\[\]-]+==\S+ .*--hash=sha256:\w{64}", line)
    ]

    assert lines
    assert loose == []


@pytest.mark.parametrize("path", INSTALLING, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_everything_from_an_index_is_installed_by_its_hash(path: Path) -> None:
    text = re.sub(r"\\\n", "", path.read_text())
    installs = [line for line in text.splitlines() if re.search(r"pip\b.* install ", line)]

    # The project itself comes from the checkout, and brings nothing along.
    loose = [
        line
        for line in installs
        if "--require-hashes" not in line and not ("--no-deps" in line and "-e ." in line)
    ]

    assert installs
    assert loose == []
