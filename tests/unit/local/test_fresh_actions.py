"""Actions of `cloudseam dev` are as their files are."""

import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from cloudseam_cli.local.fresh_actions import FreshActions
from task_satisfier.executors.python.action_path import ActionPath

_moments = count(1_700_000_000)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def write(path: Path, returns: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        f"class Do:\n    def execute(self, context, obj):\n        return {returns!r}\n"
    )
    moment = next(_moments)
    os.utime(path, (moment, moment))


class Process:
    """A satisfier's, with the actions that it has looked up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = ActionPath(str(folder))
        self.fresh = FreshActions(folder, self.forget)
        self.forgot = 0

    def forget(self) -> None:
        self.forgot += 1
        self.path = ActionPath(str(self.folder))

    def runs(self, name: str) -> object:
        self.fresh.look()
        return self.path.find(name)().execute({}, {})


def test_a_file_that_has_changed_is_imported_anew(folder: Path) -> None:
    write(folder / "fresh_a.py", "before")
    process = Process(folder)
    assert process.runs("fresh_a.Do") == "before"

    write(folder / "fresh_a.py", "after!")  # as long as before

    assert process.runs("fresh_a.Do") == "after!"


def test_so_is_one_in_a_package_without_an_init(folder: Path) -> None:
    write(folder / "fresh_package" / "module.py", "before")
    process = Process(folder)
    assert process.runs("fresh_package.module.Do") == "before"

    write(folder / "fresh_package" / "module.py", "after!")
    write(folder / "fresh_package" / "new.py", "new")

    assert process.runs("fresh_package.module.Do") == "after!"
    assert process.runs("fresh_package.new.Do") == "new"


def test_nothing_is_imported_anew_while_no_file_changes(folder: Path) -> None:
    write(folder / "fresh_b.py", "x")
    process = Process(folder)
    process.runs("fresh_b.Do")
    module = sys.modules["fresh_b"]

    process.runs("fresh_b.Do")

    assert process.forgot == 0
    assert sys.modules["fresh_b"] is module


def test_modules_elsewhere_stay(folder: Path) -> None:
    write(folder / "fresh_c.py", "x")
    process = Process(folder)
    before = sys.modules["json"]

    write(folder / "fresh_c.py", "yy")
    process.fresh.look()

    assert process.forgot == 1
    assert sys.modules["json"] is before
