"""The templates of docs/examples are what CloudFormation takes."""

import subprocess
from pathlib import Path

import pytest

from tests.artifacts.test_build import RUNTIME_PYTHON

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "docs" / "examples").rglob("*.yaml"))

pytestmark = pytest.mark.skipif(
    not RUNTIME_PYTHON, reason="there is no cfn-lint; `make artifacts` installs it and runs this"
)


def test_cfn_lint_finds_nothing_in_them() -> None:
    linted = subprocess.run(
        [str(ROOT / ".venv-sam" / "bin" / "cfn-lint"), *map(str, TEMPLATES)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert TEMPLATES
    assert (linted.returncode, linted.stdout) == (0, "")
