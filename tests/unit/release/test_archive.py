"""Zips of a release: the same files are the same bytes."""

import os
import zipfile
from pathlib import Path

import pytest

from release.archive import write_archive

FILES = {"app/b.py": b"b = 1\n", "app/a.py": b"a = 1\n" * 1000, "bin/tool": b"\x7fELF"}


def a_folder(at: Path, names: list[str], moment: int) -> Path:
    """A folder with the files written in that order, at that moment."""
    for name in names:
        path = at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILES[name])
        path.chmod(0o755 if name.startswith("bin/") else 0o600 + moment % 2 * 0o44)
        os.utime(path, (moment, moment))
    return at


def test_the_same_files_are_the_same_bytes_whenever_and_wherever_they_were_written(
    tmp_path: Path,
) -> None:
    one = a_folder(tmp_path / "one", list(FILES), 1_700_000_000)
    other = a_folder(tmp_path / "other", list(reversed(FILES)), 1_800_000_001)

    (tmp_path / "to").mkdir()
    first = write_archive(one, tmp_path, "part")
    second = write_archive(other, tmp_path / "to", "part")

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_other_files_have_another_name(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder", list(FILES), 1_700_000_000)
    first = write_archive(folder, tmp_path, "part")
    (folder / "app" / "b.py").write_bytes(b"b = 2\n")

    assert write_archive(folder, tmp_path, "part").name != first.name


def test_everybody_may_read_a_file_and_programs_stay_programs(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder", list(FILES), 1_700_000_000)

    with zipfile.ZipFile(write_archive(folder, tmp_path, "part")) as archive:
        modes = {each.filename: each.external_attr >> 16 & 0o777 for each in archive.infolist()}
        contents = {name: archive.read(name) for name in modes}

    assert modes == {"app/a.py": 0o644, "app/b.py": 0o644, "bin/tool": 0o755}
    assert contents == FILES


def test_a_folder_without_files_was_not_built(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing"):
        write_archive(tmp_path / "missing", tmp_path, "part")


def test_a_link_is_refused(tmp_path: Path) -> None:
    folder = a_folder(tmp_path / "folder", list(FILES), 1_700_000_000)
    (folder / "link").symlink_to("app")

    with pytest.raises(ValueError, match="link"):
        write_archive(folder, tmp_path, "part")
