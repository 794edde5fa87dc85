"""Has actions in Python imported anew once their files have changed."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType


class FreshActions:
    """The modules of a folder of actions. `forget` has everything made of them made again."""

    def __init__(self, folder: Path, forget: Callable[[], None]) -> None:
        self._folder = Path(os.path.realpath(folder))
        self._forget = forget
        self._seen = self._stamps()

    def look(self) -> None:
        """To be called while no action runs: the next one that is asked for is as its file is."""
        stamps = self._stamps()
        if stamps == self._seen:
            return
        self._seen = stamps
        for name in [name for name, module in sys.modules.items() if self._has(module)]:
            del sys.modules[name]
        importlib.invalidate_caches()
        self._forget()

    def _has(self, module: ModuleType) -> bool:
        # A folder without an __init__.py is a package that has no file.
        places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", ())]
        return any(Path(os.path.realpath(place)).is_relative_to(self._folder) for place in places)

    def _stamps(self) -> dict[Path, tuple[int, int]]:
        return dict(self._stamped())

    def _stamped(self) -> Iterator[tuple[Path, tuple[int, int]]]:
        for path in self._folder.rglob("*.py"):
            try:
                status = path.stat()
            except OSError:
                continue  # an editor is at it; it will be there again at the next look
            yield path, (status.st_mtime_ns, status.st_size)
