"""Where actions are: one folder, out of which nothing is imported that lies elsewhere.

A name comes with a message. Before any code of a module is run, the file that Python would import
under that name has to lie in the folder, links followed.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from threading import Lock
from types import ModuleType
from typing import Any, Protocol, cast

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.python.raised import described

NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", re.ASCII)
MAX_NAME_CHARACTERS = 250
NOT_FOUND = "ActionNotFound"


class RunnableAction(Protocol):
    """An action, made for one run of it."""

    def execute(self, context: Any, obj: Any) -> Any:
        """See `cloudseam.actions.Action.execute`."""


Maker = Callable[[], RunnableAction]


class ActionPath:
    """The actions under a folder, each imported when it is first asked for. Threads may share it.

    The folder is put last on Python's path, so that modules in it find each other, and hide none
    of Python's own or of this function.
    """

    def __init__(self, folder: str) -> None:
        self.root = os.path.realpath(folder)
        self._makers: dict[str, Maker] = {}
        self._on_path = Lock()

    def find(self, name: str) -> Maker:
        """What makes the action of a dotted name.

        Raises:
            TaskFailedError: there is none; or its module cannot be imported, and then the kind of
                failure is the name of what was raised.
        """
        if name not in self._makers:
            self._makers[name] = self._found(name)
        return self._makers[name]

    def _found(self, name: str) -> Maker:
        if len(name) > MAX_NAME_CHARACTERS or not NAME.fullmatch(name):
            raise TaskFailedError(
                f"Action '{name[:80]}' has no name of a class in a module, such as "
                "`orders.actions.Charge`.",
                error=NOT_FOUND,
            )
        self._put_on_path()
        module_name, _, class_name = name.rpartition(".")
        action = vars(self._imported(module_name, name)).get(class_name)
        if not inspect.isclass(action) or not callable(getattr(action, "execute", None)):
            raise TaskFailedError(
                f"Action '{name}' is not there: module '{module_name}' has no class "
                f"'{class_name}' with a method `execute`.",
                error=NOT_FOUND,
            )
        return _maker(action, name)

    def _put_on_path(self) -> None:
        with self._on_path:
            if self.root not in sys.path:
                sys.path.append(self.root)

    def _imported(self, module_name: str, action: str) -> ModuleType:
        """The module, after its packages: each is looked at before its code is run."""
        parts = module_name.split(".")
        module = None
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            try:
                self._ensure_inside(_spec(name), name, action)
                module = importlib.import_module(name)
            except TaskFailedError:
                raise
            except (Exception, SystemExit) as error:  # the module's own code
                raise TaskFailedError(
                    f"Action '{action}' cannot be imported: module '{name}' raised "
                    f"{described(error, self.root)}",
                    error=type(error).__name__,
                ) from error
        assert module is not None  # a dotted name has a module
        return module

    def _ensure_inside(self, spec: ModuleSpec | None, module: str, action: str) -> None:
        if spec is None:
            raise TaskFailedError(
                f"Action '{action}' is not there: ACTIONS_PATH has no module '{module}'.",
                error=NOT_FOUND,
            )
        places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or ())
        if not places or not all(self._has(place) for place in places if place is not None):
            raise TaskFailedError(
                f"Action '{action}' is not imported: Python has another module '{module}', "
                "outside of ACTIONS_PATH. Give yours another name.",
                error=NOT_FOUND,
            )

    def _has(self, place: str) -> bool:
        return os.path.realpath(place).startswith(os.path.join(self.root, ""))


def _spec(module: str) -> ModuleSpec | None:
    """What Python would import, or has imported, under that name. Its packages are imported."""
    try:
        return importlib.util.find_spec(module)
    except ModuleNotFoundError:  # what should be its package is a module
        return None
    except ValueError:  # it has been imported by something that leaves no word of where from
        return ModuleSpec(module, None, origin=None)


def _maker(action: Any, name: str) -> Maker:
    """An action takes its name, as those of `cloudseam.actions.Action` do, or nothing."""
    try:
        inspect.signature(action).bind(name)
    except (TypeError, ValueError):
        return lambda: cast(RunnableAction, action())
    return lambda: cast(RunnableAction, action(name))
