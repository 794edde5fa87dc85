"""The README's machine, saved and started as the README says, lives and ends."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from cloudseam_cli.main import main
from tests.integration.local.console import console, project

pytestmark = pytest.mark.once

README = (Path(__file__).parents[3] / "README.md").read_text()


def block(language: str, holding: str) -> str:
    """The README's code block of a language that has these words."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = [text for text in blocks if holding in text]
    return found


@pytest.mark.skipif(
    not (shutil.which("terraform") or shutil.which("tofu")), reason="there is no Terraform here"
)
def test_the_machine_of_the_readme_lives_and_ends_by_its_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path)
    (folder / "machines" / "my.yml").write_text(block("yaml", "version: 1"))
    launch, stacks, destroy = (
        shlex.split(line)[1:] for line in block("sh", "cloudseam send").splitlines()
    )
    with console("dev", "--port", "0", folder=folder) as dev:
        dev.wait_for("Ctrl-C stops everything.")
        monkeypatch.chdir(folder)

        assert main(launch) == 0
        dev.wait_for("PROVISION → RUN")
        assert main(stacks) == 0
        assert main(destroy) == 0
        dev.wait_for("TEARDOWN → (gone)")

    assert "FAILED" not in dev.text
