"""Which binary is run, and that it can be."""

from pathlib import Path

import pytest

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.binary import Binary, find_binary
from tests.task_builders import FakeTerraform


def test_the_setting_names_the_binary(tmp_path: Path) -> None:
    fake = FakeTerraform(tmp_path)

    assert find_binary(str(fake.path), {}) == Binary(str(fake.path))


def test_without_it_the_path_is_searched(tmp_path: Path) -> None:
    fake = FakeTerraform(tmp_path)

    binary = find_binary(None, {"PATH": str(tmp_path)})

    assert (binary.path, binary.is_tofu) == (str(fake.path), False)


def test_a_relative_path_is_seen_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeTerraform(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert find_binary("./terraform", {}).path == str(fake.path)


def test_opentofu_serves_as_well(tmp_path: Path) -> None:
    FakeTerraform(tmp_path).path.rename(tmp_path / "tofu")

    binary = find_binary(None, {"PATH": str(tmp_path)})

    assert (binary.path, binary.is_tofu) == (str(tmp_path / "tofu"), True)


@pytest.mark.parametrize("wanted", ["/no/such/terraform", "nosuchterraform", "rm -rf x", ""])
def test_a_binary_that_is_not_there_is_asked_for(tmp_path: Path, wanted: str) -> None:
    with pytest.raises(TaskFailedError, match=r"no Terraform or OpenTofu to run: .* TERRAFORM_BIN"):
        find_binary(wanted or None, {"PATH": str(tmp_path)})


def test_a_file_that_cannot_be_run_is_none(tmp_path: Path) -> None:
    (tmp_path / "terraform").write_text("#!/bin/sh\n")

    with pytest.raises(TaskFailedError, match="no Terraform or OpenTofu to run"):
        find_binary(str(tmp_path / "terraform"), {})


@pytest.mark.parametrize(
    ("version", "locks"),
    [
        ("Terraform v1.9.8\non linux_amd64", False),
        ("Terraform v1.10.0", True),
        ("Terraform v1.11.4\non linux_amd64", True),
        ("Terraform v2.0.0", True),
        ("OpenTofu v1.9.1", False),
        ("OpenTofu v1.10.0-rc1", True),
        ("a wrapper of ours", True),
        ("", True),
    ],
)
def test_its_version_tells_whether_it_locks_with_a_file(
    tmp_path: Path, version: str, locks: bool
) -> None:
    binary = Binary(str(FakeTerraform(tmp_path, version=version).path))

    assert binary.locks_with_a_file() is locks


def test_a_binary_for_another_computer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "terraform"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)

    with pytest.raises(TaskFailedError, match="cannot be run: OSError"):
        Binary(str(path)).locks_with_a_file()
