"""JSONata (https://docs.jsonata.org), as far as Step Functions has it, by `jsonata-python`."""

import hashlib
import json
import random
import re
import uuid
from functools import lru_cache
from typing import Any

from cloudseam.languages.asl.failure import QUERY_EVALUATION_ERROR, StateFailure
from cloudseam.languages.asl.json_text import read_json, text_of
from cloudseam.languages.asl.scope import Scope

OPEN, CLOSE = "{%", "%}"
# One evaluation may take so long, in milliseconds, and so many levels of calls.
TIME_LIMIT_MS, DEPTH_LIMIT = 5_000, 500

PLACE_HOLDER = re.compile(r"\{\{\w+\}\}")


def is_query(value: Any) -> bool:
    """Whether a text is an expression."""
    return isinstance(value, str) and value.startswith(OPEN) and value.endswith(CLOSE)


def query_of(text: str) -> str:
    """The expression inside its marks."""
    return text[len(OPEN) : -len(CLOSE)].strip()


def evaluate(text: str, scope: Scope, field: str) -> Any:
    """What an expression gives.

    Raises:
        StateFailure: it gives nothing, or cannot be evaluated.
    """
    query = query_of(text)
    states = {**scope.states, "context": scope.context}
    try:
        # Inside an object nothing and null are told apart.
        compiled = _compiled(query)
        frame = compiled.create_frame()
        frame.set_runtime_bounds(TIME_LIMIT_MS, DEPTH_LIMIT)
        for name, value in {**scope.variables, "states": states}.items():
            frame.bind(name, value)
        _bind_functions(frame)
        found = compiled.evaluate(None, frame)
    except StateFailure:
        raise
    except Exception as error:  # the library raises what Python does, besides its own
        raise _failed(query, field, f"threw an error during evaluation. {error}") from None
    if not isinstance(found, dict) or "r" not in found:
        raise _failed(query, field, "returned nothing (undefined).")
    try:
        # Lists and numbers of the library's own become plain; a function is none.
        return json.loads(json.dumps(found["r"], allow_nan=False))
    except (TypeError, ValueError):
        raise _failed(query, field, "returned an unsupported result type.") from None


class InvalidQueryError(ValueError):
    """A text is no JSONata; the message is what JSONata says of it."""


def syntax_tree(query: str) -> Any:
    """The expression as the library's parser has it.

    Raises:
        InvalidQueryError: it is none.
        RecursionError: it is nested too deeply.
    """
    import jsonata

    try:
        return jsonata.Jsonata(query).ast
    except jsonata.JException as error:
        raise InvalidQueryError(_said(error)) from None
    except RecursionError:
        raise
    except Exception as error:  # the library raises what Python does, besides its own
        raise InvalidQueryError(str(error)) from None


def _said(error: Any) -> str:
    """The message of an error with what it quotes in quotes, as JSONata's own has it."""
    quoted = iter((error.current, error.expected, error.extra))
    template = error.error_codes.get(error.error, "")
    said = PLACE_HOLDER.sub(lambda _: json.dumps(str(next(quoted, ""))), template)
    return said if "{" not in said else str(error)


def _failed(query: str, field: str, what: str) -> StateFailure:
    cause = f"The JSONata expression '{query}' specified for the field '{field}' {what}"
    return StateFailure(QUERY_EVALUATION_ERROR, cause, field=field)


def unexpected(text: str, field: str, wanted: str, value: Any) -> StateFailure:
    """The failure of an expression that gave something, but nothing of the kind that is wanted."""
    query = query_of(text) if is_query(text) else text
    return _failed(
        query,
        field,
        f"returned an unexpected result type. Expected '{wanted}', but was '{_type_of(value)}' "
        f"for value: {text_of(value)}",
    )


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "number"


@lru_cache(maxsize=1024)
def _compiled(query: str) -> Any:
    import jsonata

    return jsonata.Jsonata(f'{{"r": ({query}\n)}}')


def _bind_functions(frame: Any) -> None:
    """The functions that Step Functions adds (developer guide, "Transforming data")."""
    import jsonata

    for name, (function, signature) in ADDED.items():
        frame.bind(name, jsonata.Jsonata.JFunction(_Callable(function), signature))


class _Callable:
    """A function as the library calls it."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def call(self, value: Any, arguments: list[Any]) -> Any:
        """Called with what is given; the rest is left to the function's defaults."""
        return self._function(*arguments)


def _partition(array: list[Any], size: float) -> list[Any]:
    return [array[start : start + int(size)] for start in range(0, len(array), int(size))]


def _range(start: float, end: float, step: float) -> list[int]:
    by = int(step)
    return list(range(int(start), int(end) + (1 if by > 0 else -1), by))


def _hash(value: Any, algorithm: str) -> str:
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return hashlib.new(algorithm.replace("SHA-", "SHA"), text.encode()).hexdigest()


def _random(seed: float | None = None) -> float:
    return random.random() if seed is None else random.Random(seed).random()


def _no_eval(*arguments: Any) -> Any:
    raise ValueError("$eval is not supported")


ADDED: dict[str, tuple[Any, str | None]] = {
    "partition": (_partition, "<an:a>"),
    "range": (_range, "<nnn:a>"),
    "hash": (_hash, "<xs:s>"),
    "random": (_random, "<n?:n>"),
    "uuid": (lambda: str(uuid.uuid4()), "<:s>"),
    "parse": (read_json, "<s:x>"),
    "eval": (_no_eval, None),
}
