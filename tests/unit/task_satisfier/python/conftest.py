"""A folder of actions for each test, of which nothing stays imported."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Write = Callable[[str, str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    actions = tmp_path / "actions"
    actions.mkdir()
    path, modules = list(sys.path), set(sys.modules)
    yield actions
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", None) or actions).startswith(str(tmp_path)):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a module under the folder, with `Action` at hand."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"from cloudseam.actions import Action\n{text}")
        importlib.invalidate_caches()
        return path

    return write
