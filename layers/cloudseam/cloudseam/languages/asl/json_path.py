"""JSONPath as Step Functions evaluates it: a definite path gives its value or nothing, any other
one gives the list of all that it finds.

Definite paths, which nearly all are, are read here; the rest is `python-jsonpath`'s.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

# One step of a definite path: `.name`, `['name']`, `["name"]` or `[7]`.
STEP = re.compile(
    r"""\.(?P<name>[^\s.\[\]()*?@$,'"]+)
      | \[\s*(?P<index>-?\d+)\s*\]
      | \[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\]
      | \[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]""",
    re.VERBOSE,
)
ESCAPED = re.compile(r"\\(['\\])")


class PathNotFoundError(LookupError):
    """A definite path leads nowhere."""


class InvalidPathError(ValueError):
    """The text is no JSONPath."""


class Found(NamedTuple):
    """What a path found: its one value, or the list of a path that is not definite."""

    value: Any


@lru_cache(maxsize=4096)
def steps_of(path: str) -> tuple[str | int, ...] | None:
    """The steps of a definite path behind its `$`; None if it is not definite.

    Raises:
        InvalidPathError: it is no path at all.
    """
    if not path.startswith("$"):
        raise InvalidPathError(path)
    steps: list[str | int] = []
    position = 1
    while position < len(path):
        step = STEP.match(path, position)
        if step is None:
            _compiled(path)
            return None
        position = step.end()
        if step["index"] is not None:
            steps.append(int(step["index"]))
        elif step["name"] is not None:
            steps.append(step["name"])
        else:
            quoted = step["single"] if step["single"] is not None else step["double"]
            steps.append(ESCAPED.sub(r"\1", quoted))
    return tuple(steps)


def is_reference_path(path: str) -> bool:
    """Whether it names one place (spec, "Reference Paths")."""
    try:
        return steps_of(path) is not None
    except InvalidPathError:
        return False


def find(path: str, value: Any) -> Any:
    """What the path leads to in the value.

    Raises:
        PathNotFoundError: it is definite, and leads nowhere.
        InvalidPathError: it is no path.
    """
    steps = steps_of(path)
    if steps is None:
        return _compiled(path).findall(value)
    for step in steps:
        value = _next(path, value, step)
    return value


def put(path: str, value: Any, into: Any) -> Any:
    """A copy of `into` with the value at a reference path; objects on the way are made.

    Raises:
        PathNotFoundError: something that is no object is in the way.
        InvalidPathError: it is no reference path.
    """
    steps = steps_of(path)
    if steps is None:
        raise InvalidPathError(path)
    return _put(path, steps, value, into)


def _put(path: str, steps: tuple[str | int, ...], value: Any, into: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        if not isinstance(into, list) or not -len(into) <= step < len(into):
            raise PathNotFoundError(path)
        copy = list(into)
        copy[step] = _put(path, rest, value, copy[step])
        return copy
    if not isinstance(into, dict):
        raise PathNotFoundError(path)
    return {**into, step: _put(path, rest, value, into.get(step, {}))}


def _next(path: str, value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        if isinstance(value, list) and -len(value) <= step < len(value):
            return value[step]
    elif isinstance(value, dict) and step in value:
        return value[step]
    raise PathNotFoundError(path)


@lru_cache(maxsize=1024)
def _compiled(path: str) -> Any:
    # Few machines have such a path, and the library takes a while to import.
    import jsonpath

    try:
        return jsonpath.compile(path)
    except jsonpath.JSONPathError as error:
        raise InvalidPathError(path) from error
