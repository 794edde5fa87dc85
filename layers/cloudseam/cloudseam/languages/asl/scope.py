"""What expressions of a state can see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from cloudseam.languages.asl import json_path
from cloudseam.languages.asl.failure import RUNTIME, StateFailure
from cloudseam.languages.asl.json_text import text_of


@dataclass(frozen=True, slots=True)
class Scope:
    """`value` is what `$` means in JSONPath: the input, the effective one, or the result.

    `draw_context` makes the context object. `states` has what JSONata's `$states` has besides:
    `input`, and where there is one `result` or `errorOutput`.
    """

    value: Any
    draw_context: Callable[[], Mapping[str, Any]]
    variables: Mapping[str, Any] = field(default_factory=dict)
    states: Mapping[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> Mapping[str, Any]:
        """The context object, `$$` or `$states.context`. Few expressions look at it."""
        return self.draw_context()

    def of(self, value: Any) -> Self:
        """The same with another `$`."""
        return type(self)(value, self.draw_context, self.variables, self.states)

    def look_up(self, path: str, field_name: str) -> Any:
        """What a path of JSONPath means: of the context (`$$`), a variable (`$name`) or `$`.

        Raises:
            StateFailure: it leads nowhere.
        """
        try:
            return self._found(path)
        except (json_path.PathNotFoundError, json_path.InvalidPathError):
            raise StateFailure(
                RUNTIME,
                f"The JSONPath '{path}' specified for the field '{field_name}' could not be found "
                f"in the input '{text_of(self._root(path))}'",
            ) from None

    def has(self, path: str) -> bool:
        """Whether the path leads anywhere."""
        try:
            found = self._found(path)
        except json_path.PathNotFoundError:
            return False
        return found != [] or json_path.steps_of(_plain(path)) is not None

    def _found(self, path: str) -> Any:
        if path.startswith("$$"):
            return json_path.find(path[1:], self.context)
        if is_variable(path):
            return json_path.find(_plain(path), self.variables)
        return json_path.find(path, self.value)

    def _root(self, path: str) -> Any:
        if path.startswith("$$"):
            return self.context
        return self.variables if is_variable(path) else self.value


def is_variable(path: str) -> bool:
    """Whether a path starts at a variable: `$name`."""
    return len(path) > 1 and path[0] == "$" and (path[1].isalpha() or path[1] == "_")


def _plain(path: str) -> str:
    """The path from the object of all variables, or of the context, on."""
    if path.startswith("$$"):
        return path[1:]
    return f"$.{path[1:]}" if is_variable(path) else path
