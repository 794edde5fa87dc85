"""Real Terraform installs a provider once, for tasks one after the other and side by side.

The provider is a program that is none: `init` installs it like any other, and `apply` fails as it
cannot talk to it. No provider can be had without a registry.
"""

import platform
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import LogLines
from tests.integration.task_satisfier.real_terraform import (
    ARCHITECTURE,
    PROGRAM,
    RealTerraform,
    needs_terraform,
    pack_provider,
    terraform,
)
from tests.task_builders import a_terraform_config, write_files

__all__ = ["terraform"]  # a fixture

PLACE = f"example.com/acme/sleep/1.0.0/linux_{ARCHITECTURE}"
MODULE = """
terraform {
  required_providers {
    sleep = { source = "example.com/acme/sleep" }
  }
}
variable "stack_id" {}
"""
INSTALLED = "- Installed example.com/acme/sleep v1.0.0 (unauthenticated)"
TAKEN = "- Using example.com/acme/sleep v1.0.0 from the shared cache directory"
READY = "Terraform has been successfully initialized!"
NO_PROVIDER = "Failed to load plugin schemas"

pytestmark = [
    pytest.mark.once,
    needs_terraform,
    pytest.mark.skipif(platform.system() != "Linux", reason="the mirror has Linux's packages"),
]


@pytest.fixture(autouse=True)
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Terraform finds the provider, packed as registries have it."""
    pack_provider(tmp_path / "mirror")
    method = f'filesystem_mirror {{\n path = "{tmp_path}/mirror"\n}}'
    write_files(tmp_path, {"config.rc": f"provider_installation {{\n{method}\n}}\n"})
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "config.rc"))


@pytest.fixture
def kept(terraform: RealTerraform) -> Path:
    """The folder that keeps providers."""
    folder = terraform.folder / "kept"
    terraform.environ = {"TF_PLUGIN_CACHE_DIR": str(folder)}
    return folder


@pytest.fixture
def running_provider(kept: Path) -> Iterator[Path]:
    """The provider is kept and runs, as it does while another task is applied."""
    program = write_files(kept / PLACE, {PROGRAM: ""}) / PROGRAM
    program.write_bytes(Path("/bin/sleep").read_bytes())
    program.chmod(0o755)
    with subprocess.Popen([program, "600"]) as running:
        yield program
        running.kill()


def run(terraform: RealTerraform, stack_id: str = "s") -> None:
    """Runs a task up to where the provider would be needed."""
    module = terraform.modules / "sleep"
    answer = terraform.run(a_terraform_config(module), stack_id=stack_id)
    assert NO_PROVIDER in answer["description"]


def test_a_module_without_a_lock_file_has_its_provider_installed_once(
    terraform: RealTerraform, kept: Path, terraform_log: LogLines
) -> None:
    write_files(terraform.modules / "sleep", {"main.tf": MODULE})

    run(terraform)
    run(terraform, "other")

    assert [line for line in terraform_log.messages if line in {INSTALLED, TAKEN}] == [
        INSTALLED,
        TAKEN,
    ]
    assert (kept / PLACE / PROGRAM).stat().st_mode & 0o777 == 0o755


def test_a_module_with_a_lock_file_gets_what_its_checksum_is_of(
    terraform: RealTerraform, kept: Path, terraform_log: LogLines
) -> None:
    module = write_files(terraform.modules / "sleep", {"main.tf": MODULE})
    run(terraform)
    subprocess.run([terraform.binary, "init"], cwd=module, check=True, capture_output=True)
    assert (module / ".terraform.lock.hcl").exists()

    run(terraform)

    assert [line for line in terraform_log.messages if line in {INSTALLED, TAKEN}] == [
        INSTALLED,
        TAKEN,
    ]


def test_a_provider_that_was_changed_is_not_what_the_lock_file_says(
    terraform: RealTerraform, kept: Path, terraform_log: LogLines
) -> None:
    module = write_files(terraform.modules / "sleep", {"main.tf": MODULE})
    subprocess.run([terraform.binary, "init"], cwd=module, check=True, capture_output=True)
    write_files(kept / PLACE, {PROGRAM: "something else"})

    run(terraform)

    assert INSTALLED in terraform_log.messages


def test_tasks_side_by_side_are_all_set_up_and_one_provider_is_kept(
    terraform: RealTerraform, kept: Path, terraform_log: LogLines
) -> None:
    write_files(terraform.modules / "sleep", {"main.tf": MODULE})
    all_begin = threading.Barrier(6)

    def begin(number: int) -> None:
        all_begin.wait()
        run(terraform, f"s{number}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(begin, range(6)))

    assert terraform_log.messages.count(READY) == 6
    assert [path.name for path in kept.glob("*/*/*/*/*")] == [PLACE.rpartition("/")[2]]


def test_a_provider_that_runs_is_taken_and_not_written_over(
    terraform: RealTerraform, running_provider: Path, terraform_log: LogLines
) -> None:
    write_files(terraform.modules / "sleep", {"main.tf": MODULE})

    run(terraform)

    assert TAKEN in terraform_log.messages
    assert READY in terraform_log.messages
