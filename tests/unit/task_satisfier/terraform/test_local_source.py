"""A module is copied from this computer as it is, and nothing else is."""

import os
from pathlib import Path

import pytest

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform import limits
from task_satisfier.executors.terraform.config import LocalSource
from task_satisfier.executors.terraform.local_source import copy_local
from tests.task_builders import write_files


def copied(location: Path, to: Path) -> list[str]:
    """What is in the module's folder after the copy."""
    to.mkdir()
    copy_local(LocalSource(type="local", location=str(location)), to)
    return sorted(
        str(path.relative_to(to)) for path in to.rglob("*") if path.is_symlink() or path.is_file()
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_files(
        tmp_path / "source", {"main.tf": "main", "modules/net/net.tf": "net", "empty/.keep": ""}
    )


def test_a_folders_contents_come_at_the_right_level(source: Path, tmp_path: Path) -> None:
    assert copied(source, tmp_path / "to") == ["empty/.keep", "main.tf", "modules/net/net.tf"]
    assert (tmp_path / "to/modules/net/net.tf").read_text() == "net"


def test_a_file_comes_alone(source: Path, tmp_path: Path) -> None:
    assert copied(source / "main.tf", tmp_path / "to") == ["main.tf"]


def test_a_link_to_a_folder_is_that_folder(source: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source)

    assert "main.tf" in copied(tmp_path / "link", tmp_path / "to")


@pytest.mark.parametrize("name", ["nope", "source/nope", "source/main.tf/x", "x" * 300, "\n"])
def test_a_source_that_is_not_there_is_a_failed_task(
    source: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(TaskFailedError, match="is no file and no folder"):
        copied(tmp_path / name, tmp_path / "to")


def test_a_device_is_no_module(tmp_path: Path) -> None:
    with pytest.raises(TaskFailedError, match="is no file and no folder"):
        copied(Path("/dev/null"), tmp_path / "to")


def test_traces_of_earlier_runs_stay_where_they_are(source: Path, tmp_path: Path) -> None:
    write_files(
        source,
        {
            ".terraform/providers/x": "",
            "terraform.tfstate": "",
            "terraform.tfstate.d/dev/terraform.tfstate": "",
            "old.tfstate.backup": "",
            ".terraform.tfstate.lock.info": "",
            "modules/.terraform/y": "",
            ".terraform.lock.hcl": "",
            "dev.tfvars": "",
        },
    )

    assert copied(source, tmp_path / "to") == [
        ".terraform.lock.hcl",
        "dev.tfvars",
        "empty/.keep",
        "main.tf",
        "modules/net/net.tf",
    ]


def test_what_can_be_run_can_still_be_run(source: Path, tmp_path: Path) -> None:
    (source / "main.tf").chmod(0o444)
    write_files(source, {"build.sh": "#!/bin/sh"})
    (source / "build.sh").chmod(0o755)

    copied(source, tmp_path / "to")

    assert os.access(tmp_path / "to/build.sh", os.X_OK)
    assert os.access(tmp_path / "to/main.tf", os.W_OK)


@pytest.mark.parametrize(
    ("at", "leads_to"),
    [("shared.tf", "main.tf"), ("shared", "modules/net"), ("modules/up.tf", "../main.tf")],
)
def test_a_link_inside_the_module_works_in_the_copy(
    source: Path, tmp_path: Path, at: str, leads_to: str
) -> None:
    (source / at).symlink_to(leads_to)

    copied(source, tmp_path / "to")

    assert (tmp_path / "to" / at).resolve().is_relative_to(tmp_path / "to")
    assert (tmp_path / "to" / at).exists()


@pytest.mark.parametrize(
    ("at", "leads_to"),
    [
        ("secret.tf", "../secret"),
        ("secret.tf", "{tmp}/secret"),
        ("self.tf", "{tmp}/source/main.tf"),
        ("modules/secret.tf", "../../secret"),
        ("back.tf", "../source/main.tf"),
        ("folder", ".."),
        ("root", "/"),
        ("modules/net/deep.tf", "up/../secret"),
    ],
)
def test_a_link_that_leads_out_is_not_followed(
    source: Path, tmp_path: Path, at: str, leads_to: str
) -> None:
    (tmp_path / "secret").write_text("secret")
    (source / "modules/net/up").symlink_to("../..")
    (source / at).symlink_to(leads_to.replace("{tmp}", str(tmp_path)))

    with pytest.raises(TaskFailedError, match="is a link that leads out of the module"):
        copied(source, tmp_path / "to")


def test_a_link_to_itself_is_not_waited_for(source: Path, tmp_path: Path) -> None:
    (source / "loop.tf").symlink_to("loop.tf")
    (source / "modules/loop").symlink_to("../modules")

    assert {"loop.tf", "modules/loop"} < set(copied(source, tmp_path / "to"))


def test_a_pipe_is_not_waited_for(source: Path, tmp_path: Path) -> None:
    os.mkfifo(source / "pipe.tf")

    with pytest.raises(TaskFailedError, match="is no ordinary file"):
        copied(source, tmp_path / "to")


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_BYTES"])
def test_a_folder_that_is_too_large_is_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(limits, limit, 1)

    with pytest.raises(TaskFailedError, match="is too large: a module has at most"):
        copied(source, tmp_path / "to")
