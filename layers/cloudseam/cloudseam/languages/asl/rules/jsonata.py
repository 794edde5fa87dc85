"""Rules of JSONata (developer guide, "Transforming data with JSONata")."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from cloudseam.languages.asl.diagnostic import INVALID_JSONATA, UNSUPPORTED_JSONATA
from cloudseam.languages.asl.jsonata_query import (
    CLOSE,
    OPEN,
    InvalidQueryError,
    query_of,
    syntax_tree,
)
from cloudseam.languages.asl.rules.value import Setting, Value


def is_queried(value: Value, setting: Setting) -> bool:
    """Whether a value is meant as an expression."""
    text = value.json
    return setting.is_jsonata and isinstance(text, str) and text.startswith(OPEN)


def check_query(value: Value) -> None:
    """Judges an expression: its marks, its syntax, and that it names nothing without a root."""
    text = value.json
    if not text.endswith(CLOSE) or len(text) < len(OPEN) + len(CLOSE):
        value.add(f"JSONata string must start with {OPEN} and end with {CLOSE}")
        return
    reading = _read(query_of(text))
    if reading.problem is not None:
        value.add(reading.problem, INVALID_JSONATA)
    for name in reading.unrooted:
        value.add(f"Reference to '{name}' at the top level is not supported.", UNSUPPORTED_JSONATA)


def query(value: Value, setting: Setting) -> None:
    """An expression, and nothing else."""
    text = value.text()
    if text is None:
        return
    if text.startswith(OPEN):
        check_query(value)
    else:
        value.add(f"JSONata string must start with {OPEN} and end with {CLOSE}")


def arguments(value: Value, setting: Setting) -> None:
    """An object with expressions in it, or an expression."""
    if isinstance(value.json, dict):
        queries(value, setting)
    elif isinstance(value.json, str):
        query(value, setting)
    else:
        value.add("Expected value of type [OBJECT, STRING]")


def queries(value: Value, setting: Setting) -> None:
    """Any JSON, with expressions in it."""
    if is_queried(value, setting):
        check_query(value)
    for part in value.parts():
        queries(part, setting)


class _Reading(NamedTuple):
    """What is to be said of an expression."""

    problem: str | None
    unrooted: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def _read(text: str) -> _Reading:
    try:
        return _Reading(None, tuple(dict.fromkeys(_unrooted(syntax_tree(text)))))
    except InvalidQueryError as error:
        return _Reading(str(error))
    except RecursionError:
        return _Reading("The expression is too deeply nested")


def _unrooted(node: Any) -> Iterator[str]:
    """The names that an expression looks up in what is not there: it has no input of its own.

    What stands inside a path, a predicate or a function has one, and is not looked at.
    """
    kind = getattr(node, "type", None)
    if kind == "path":
        yield from _unrooted(node.steps[0])
    elif kind == "name":
        yield str(node.value)
    elif kind == "variable":
        if node.value in ("", "$"):
            yield f"${node.value}"
    elif kind != "lambda":
        for part in _parts(node):
            yield from _unrooted(part)


def _parts(node: Any) -> Iterator[Any]:
    for name in ("lhs", "rhs", "expression", "condition", "then", "_else"):
        part = getattr(node, name, None)
        if part is not None:
            yield part
    for name in ("expressions", "arguments"):
        yield from getattr(node, name, None) or ()
    for pair in getattr(node, "lhs_object", None) or ():
        yield from pair
