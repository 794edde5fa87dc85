"""Providers are kept whole or not at all, and taken where Terraform would take them."""

import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from task_satisfier.executors.terraform import plugin_cache
from task_satisfier.executors.terraform.plugin_cache import PluginCache
from tests.task_builders import write_files

PLACE = "example.com/acme/net/1.0.0/linux_amd64"
# Of the two files of `a_provider`, as Terraform 1.11 wrote it into a lock file.
CHECKSUM = "h1:sZ47TxF2oe+EVuXxZrD3hY8xKlYF8YoB3a6oV8m+zJs="
LOCK_FILE = """
provider "example.com/acme/{type}" {{
  version = "1.0.0"
  hashes = ["{checksum}"]
}}
"""
MAY_BREAK = "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"


class Usage(NamedTuple):
    """As `shutil.disk_usage` tells it."""

    free: float


def a_provider(folder: Path, place: str = PLACE) -> Path:
    return write_files(
        folder / place, {"terraform-provider-net_v1.0.0": "a program", "doc/LICENSE": "as is"}
    )


class Task:
    """One task's plugin cache and module."""

    def __init__(self, folder: Path, lock_file: str | None = None) -> None:
        self.plugins, self.module = folder / "plugins", folder / "module"
        self.module.mkdir(parents=True)
        if lock_file is not None:
            write_files(self.module, {".terraform.lock.hcl": lock_file})
        self.told: list[str] = []

    def link(self, cache: PluginCache) -> dict[str, str]:
        with cache.used():
            pass  # has the folder made
        return cache.link(self.plugins, self.module)

    def install(self, cache: PluginCache) -> None:
        """As a task does it whose provider is not there yet."""
        self.link(cache)
        a_provider(self.plugins)
        cache.keep(self.plugins, self.told.append)

    @property
    def linked(self) -> list[str]:
        return [str(path.relative_to(self.plugins)) for path in self.plugins.glob("*/*/*/*/*")]


@pytest.fixture
def cache(tmp_path: Path) -> PluginCache:
    return PluginCache(tmp_path / "kept")


def test_what_one_task_installs_the_next_one_finds(cache: PluginCache, tmp_path: Path) -> None:
    first, second = Task(tmp_path / "1"), Task(tmp_path / "2")
    first.install(cache)

    environment = second.link(cache)

    assert environment == {"TF_PLUGIN_CACHE_DIR": str(second.plugins), MAY_BREAK: "1"}
    for task in (first, second):
        assert task.linked == [PLACE]
        assert (task.plugins / PLACE).readlink() == cache.folder / PLACE
    program = second.plugins / PLACE / "terraform-provider-net_v1.0.0"
    assert program.read_text() == "a program"


@pytest.mark.parametrize(
    ("lock_file", "linked"),
    [
        pytest.param(LOCK_FILE.format(type="net", checksum=CHECKSUM), [PLACE], id="its checksum"),
        pytest.param(LOCK_FILE.format(type="net", checksum="h1:other"), [], id="another checksum"),
        pytest.param(LOCK_FILE.format(type="other", checksum=CHECKSUM), [], id="not this provider"),
        pytest.param("", [], id="an empty lock file"),
    ],
)
def test_a_module_with_a_lock_file_gets_what_the_file_has_and_nothing_else(
    cache: PluginCache, tmp_path: Path, lock_file: str, linked: list[str]
) -> None:
    Task(tmp_path / "1").install(cache)
    task = Task(tmp_path / "2", lock_file)

    assert MAY_BREAK not in task.link(cache)
    assert task.linked == linked


def test_a_task_that_comes_second_with_the_same_keeps_its_own(
    cache: PluginCache, tmp_path: Path
) -> None:
    first, second = Task(tmp_path / "1"), Task(tmp_path / "2")
    for task in (first, second):  # neither finds anything
        task.link(cache)
        a_provider(task.plugins)
    for task in (first, second):
        cache.keep(task.plugins, task.told.append)

    assert (first.plugins / PLACE).is_symlink()
    assert not (second.plugins / PLACE).is_symlink()
    assert (len(first.told), len(second.told)) == (0, 1)


def test_room_is_made_only_by_the_last_task_that_uses_what_is_kept(tmp_path: Path) -> None:
    cache = PluginCache(tmp_path / "kept", is_private=True)
    Task(tmp_path / "1").install(cache)

    with cache.used() as make_room:
        with cache.used() as others_make_room:
            assert not make_room()
            assert not others_make_room()
        assert (cache.folder / PLACE).exists()

        assert make_room()
        assert not (cache.folder / PLACE).exists()
        assert not make_room(), "there is nothing left to remove"


def test_nothing_is_removed_from_a_folder_that_somebody_has_named(
    cache: PluginCache, tmp_path: Path
) -> None:
    Task(tmp_path / "1").install(cache)

    with cache.used() as make_room:
        assert not make_room()

    assert (cache.folder / PLACE).exists()


def test_what_is_only_a_link_is_not_kept(cache: PluginCache, tmp_path: Path) -> None:
    task = Task(tmp_path / "1")
    task.link(cache)
    mirrored = a_provider(tmp_path / "mirror")
    (task.plugins / PLACE).parent.mkdir(parents=True)
    (task.plugins / PLACE).symlink_to(mirrored)

    cache.keep(task.plugins, task.told.append)

    assert not (cache.folder / PLACE).exists()


@pytest.mark.parametrize(("halves", "is_kept"), [(2, False), (3, True)])
def test_a_provider_is_kept_only_where_there_is_room_for_another(
    cache: PluginCache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    halves: int,
    is_kept: bool,
) -> None:
    task = Task(tmp_path / "1")
    task.link(cache)
    size = plugin_cache._size(a_provider(task.plugins))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(free=halves * size / 2))

    cache.keep(task.plugins, task.told.append)

    assert (cache.folder / PLACE).exists() is is_kept
    assert (task.plugins / PLACE).exists()
    assert len(task.told) == (0 if is_kept else 1)


def test_a_folder_on_another_disk_gets_a_copy_and_no_half_of_one(
    cache: PluginCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def across(self: Path, target: Any) -> Path:
        if cache.folder not in self.parents:
            raise OSError(18, "Invalid cross-device link")  # EXDEV
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", across)
    task = Task(tmp_path / "1")

    task.install(cache)

    assert (task.plugins / PLACE).readlink() == cache.folder / PLACE
    assert [path.name for path in cache.folder.iterdir()] == ["example.com"]


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    task = Task(tmp_path / "1")

    task.install(PluginCache(tmp_path / "kept"))

    assert not (task.plugins / PLACE).is_symlink()
    assert len(task.told) == 1


@pytest.mark.parametrize("mode", [0o777, 0o770], ids=oct)
def test_a_folder_of_the_temp_dir_that_others_may_write_to_is_not_used(
    tmp_path: Path, mode: int
) -> None:
    cache = PluginCache(tmp_path / "kept", is_private=True)
    a_provider(cache.folder)
    cache.folder.chmod(mode)
    task = Task(tmp_path / "1")

    task.link(cache)

    assert task.linked == []


def test_a_folder_of_the_temp_dir_that_leads_elsewhere_is_not_used(tmp_path: Path) -> None:
    a_provider(tmp_path / "elsewhere")
    cache = PluginCache(tmp_path / "kept", is_private=True)
    cache.folder.symlink_to(tmp_path / "elsewhere")
    task = Task(tmp_path / "1")

    task.link(cache)

    assert task.linked == []


def test_without_a_setting_the_folder_is_this_users_own_in_the_temp_dir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cache = PluginCache.of(None)

    Task(tmp_path / "1").install(cache)

    assert cache.folder == tmp_path / f"cloudseam-providers-{os.geteuid()}"
    assert cache.folder.stat().st_mode & 0o777 == 0o700
    assert (cache.folder / PLACE).is_dir()
