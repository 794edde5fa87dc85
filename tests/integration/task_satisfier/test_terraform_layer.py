"""Real Terraform out of a layer: its program, and the providers that are in the layer's mirror."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LogLines
from tests.integration.task_satisfier.real_terraform import (
    RealTerraform,
    needs_terraform,
    pack_provider,
    terraform,
)
from tests.task_builders import a_terraform_config, write_files

__all__ = ["terraform"]  # a fixture

SCRIPTS = Path(__file__).parents[3] / "layers" / "terraform"
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
MODULE = """
terraform {
  required_providers {
    it = { source = "SOURCE" }
  }
}
variable "stack_id" {}
"""

pytestmark = [
    pytest.mark.once,
    needs_terraform,
    pytest.mark.skipif(platform.system() != "Linux", reason="a layer has Linux's programs"),
]


def script(name: str, *arguments: object, folder: Path = SCRIPTS) -> None:
    """Runs one of the layer's scripts, in a folder."""
    command = [sys.executable, str(SCRIPTS / name), *map(str, arguments)]
    subprocess.run(command, check=True, cwd=folder)


@pytest.fixture
def layer(tmp_path: Path, terraform: RealTerraform, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A layer with Terraform and one provider, which Terraform tasks run from."""
    if not Path(terraform.binary).read_bytes().startswith(b"\x7fELF"):
        pytest.skip(f"{terraform.binary} is a script, which no layer can have")
    source, layer = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    script("get.py", "--layer", source, "--architecture", ARCHITECTURE, terraform.binary)
    pack_provider(source / ARCHITECTURE / "mirror")
    script("pack.py", ARCHITECTURE, layer, layer, folder=source)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(layer / "terraform.rc"))
    program = next((layer / "bin").iterdir())
    kept = tmp_path / "kept"
    terraform.environ = {"TERRAFORM_BIN": str(program), "TF_PLUGIN_CACHE_DIR": str(kept)}
    return layer


def run(terraform: RealTerraform, source: str) -> str:
    """What a task says whose module needs a provider."""
    module = write_files(
        terraform.modules / "module", {"main.tf": MODULE.replace("SOURCE", source)}
    )
    answer = terraform.run(a_terraform_config(module))
    return " ".join(answer["description"].split())


def test_a_provider_comes_from_the_mirror_of_the_layer(
    terraform: RealTerraform, layer: Path, terraform_log: LogLines
) -> None:
    run(terraform, "example.com/acme/sleep")

    assert "- Installed example.com/acme/sleep v1.0.0 (unauthenticated)" in terraform_log.messages


def test_a_provider_that_is_not_in_the_mirror_comes_from_its_registry(
    terraform: RealTerraform, layer: Path
) -> None:
    told = run(terraform, "localhost:1/acme/other")

    assert "localhost:1" in told
    assert "onnect" in told  # nobody is there


def test_what_is_missing_in_the_mirror_is_not_looked_for_elsewhere(
    terraform: RealTerraform, layer: Path
) -> None:
    shutil.rmtree(layer / "terraform-mirror")

    told = run(terraform, "example.com/acme/sleep")

    assert "terraform-mirror" in told
