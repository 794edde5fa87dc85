"""Which binary is run, and that it can be."""

from pathlib import Path

import pytest

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.binary import find_binary
from tests.task_builders import FakeTerraform


def test_the_setting_names_the_binary(tmp_path: Path) -> None:
    fake = FakeTerraform(tmp_path, version="Terraform v1.11.4\non linux_amd64")

    binary = find_binary(str(fake.path), {})

    assert (binary.path, binary.version, binary.is_tofu) == (str(fake.path), (1, 11), False)


def test_without_it_the_path_is_searched(tmp_path: Path) -> None:
    fake = FakeTerraform(tmp_path)

    assert find_binary(None, {"PATH": str(tmp_path)}).path == str(fake.path)


def test_opentofu_serves_as_well(tmp_path: Path) -> None:
    fake = FakeTerraform(tmp_path, version="OpenTofu v1.10.0")
    fake.path.rename(tmp_path / "tofu")

    binary = find_binary(None, {"PATH": str(tmp_path)})

    assert (binary.is_tofu, binary.version) == (True, (1, 10))


@pytest.mark.parametrize("wanted", ["/no/such/terraform", "nosuchterraform", "rm -rf x", ""])
def test_a_binary_that_is_not_there_is_asked_for(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(TaskFailedError, match=r"no Terraform or OpenTofu to run: .* TERRAFORM_BIN"):
        find_binary(wanted or None, {"PATH": str(tmp_path)})


def test_a_file_that_cannot_be_run_is_none(tmp_path: Path) -> None:
    (tmp_path / "terraform").write_text("#!/bin/sh\n")

    with pytest.raises(TaskFailedError, match="no Terraform or OpenTofu to run"):
        find_binary(str(tmp_path / "terraform"), {})


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("Terraform v0.15.5", "is too old. Install Terraform 1.0 or later"),
        ("GNU bash, version 5", "does not say which version"),
        ("", "does not say which version"),
    ],
    ids=["too old", "something else", "silent"],
)
def test_a_binary_that_is_no_terraform_1_is_refused(
    tmp_path: Path, version: str, told: str
) -> None:
    with pytest.raises(TaskFailedError, match=told):
        find_binary(str(FakeTerraform(tmp_path, version=version).path), {})


def test_a_binary_for_another_computer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "terraform"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)

    with pytest.raises(TaskFailedError, match="cannot be run: OSError"):
        find_binary(str(path), {})
