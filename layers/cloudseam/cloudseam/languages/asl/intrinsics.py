"""Intrinsic functions (spec, "Intrinsic Functions"): their grammar, and what each does."""

import base64
import hashlib
import math
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from cloudseam.languages.asl.failure import INTRINSIC_FAILURE, StateFailure
from cloudseam.languages.asl.json_text import is_number, read_json, same, text_of
from cloudseam.languages.asl.scope import Scope

PREFIX = "States."
MAX_LEVELS = 10
NAME = re.compile(r"States\.[A-Za-z0-9]+")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
PATH_END = re.compile(r"[,)\s]")
LITERALS = {"null": None, "true": True, "false": False}
HASHES = {
    "MD5": hashlib.md5,
    "SHA-1": hashlib.sha1,
    "SHA-256": hashlib.sha256,
    "SHA-384": hashlib.sha384,
    "SHA-512": hashlib.sha512,
}
# Developer guide, "Intrinsic functions": what each takes at most.
MAX_RANGE = 1_000
MAX_ENCODED, MAX_HASHED = 10_000, 10_000


class InvalidIntrinsicError(ValueError):
    """The text is no call of an intrinsic function."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, boolean or null as an argument."""

    value: Any


@dataclass(frozen=True, slots=True)
class Path:
    """A JSONPath as an argument."""

    path: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple["Literal | Path | Call", ...]


@lru_cache(maxsize=1024)
def parse(text: str) -> Call:
    """The call that the text is.

    Raises:
        InvalidIntrinsicError: it is none.
    """
    parser = _Parser(text)
    call = parser.call(1)
    parser.skip()
    if parser.position != len(text):
        raise InvalidIntrinsicError(text)
    return call


class _Parser:
    """A recursive descent over one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def call(self, level: int) -> Call:
        self.skip()
        name = self.take(NAME)
        if name not in FUNCTIONS or level > MAX_LEVELS:
            raise InvalidIntrinsicError(self.text)
        self.expect("(")
        arguments: list[Literal | Path | Call] = []
        self.skip()
        if not self.ahead(")"):
            arguments.append(self.argument(level))
            while self.ahead(","):
                self.expect(",")
                arguments.append(self.argument(level))
        self.expect(")")
        return Call(name, tuple(arguments))

    def argument(self, level: int) -> Literal | Path | Call:
        self.skip()
        if self.ahead("'"):
            return Literal(self.quoted())
        if self.ahead("$"):
            return Path(self.path())
        if self.ahead(PREFIX):
            return self.call(level + 1)
        for name, value in LITERALS.items():
            if self.ahead(name):
                self.position += len(name)
                return Literal(value)
        number = self.take(NUMBER)
        return Literal(float(number) if any(mark in number for mark in ".eE") else int(number))

    def quoted(self) -> str:
        """A text in single quotes, with its escapes left for the function that may need them."""
        end = self.position + 1
        while end < len(self.text) and self.text[end] != "'":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise InvalidIntrinsicError(self.text)
        found = self.text[self.position + 1 : end]
        self.position = end + 1
        return found

    def path(self) -> str:
        """A path up to the comma or bracket behind it; it may have brackets and quotes itself."""
        start, depth, quote = self.position, 0, ""
        while self.position < len(self.text):
            character = self.text[self.position]
            if quote:
                quote = "" if character == quote else quote
            elif depth and character in "'\"":
                quote = character
            elif character in "[(":
                depth += 1
            elif depth and character in "])":
                depth -= 1
            elif not depth and PATH_END.match(character):
                break
            self.position += 1
        return self.text[start : self.position]

    def skip(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def ahead(self, text: str) -> bool:
        self.skip()
        return self.text.startswith(text, self.position)

    def expect(self, text: str) -> None:
        if not self.ahead(text):
            raise InvalidIntrinsicError(self.text)
        self.position += len(text)

    def take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.position)
        if found is None:
            raise InvalidIntrinsicError(self.text)
        self.position = found.end()
        return found[0]


def evaluate(text: str, scope: Scope, field: str) -> Any:
    """What the call gives.

    Raises:
        StateFailure: an argument is not there, or is not what the function takes.
    """
    try:
        return _value(parse(text), scope, field)
    except InvalidIntrinsicError:
        raise _failed(f"Invalid intrinsic function: {text}") from None


def _value(part: Literal | Path | Call, scope: Scope, field: str) -> Any:
    if isinstance(part, Path):
        return scope.look_up(part.path, field)
    if isinstance(part, Literal):
        return _unescaped(part.value) if isinstance(part.value, str) else part.value
    if part.name == "States.Format" and part.arguments and isinstance(part.arguments[0], Literal):
        template = part.arguments[0].value
        values = [_value(each, scope, field) for each in part.arguments[1:]]
        return _format(template, values)
    values = [_value(each, scope, field) for each in part.arguments]
    try:
        return FUNCTIONS[part.name](*values)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError) as error:
        raise _failed(f"Function {part.name} failed: {error}") from None


def _failed(cause: str) -> StateFailure:
    return StateFailure(INTRINSIC_FAILURE, cause)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _format(template: Any, values: list[Any]) -> str:
    """The template with each `{}` taken by a value; what stands behind a `\\` is a character."""
    if not isinstance(template, str):
        raise _failed("States.Format takes a template")
    parts: list[str] = []
    rest = list(values)
    position = 0
    while position < len(template):
        character = template[position]
        if character == "\\" and position + 1 < len(template):
            parts.append(template[position + 1])
            position += 2
        elif template.startswith("{}", position):
            if not rest:
                raise _failed("States.Format has more places than arguments")
            parts.append(_shown(rest.pop(0)))
            position += 2
        else:
            parts.append(character)
            position += 1
    if rest:
        raise _failed("States.Format has more arguments than places")
    return "".join(parts)


def _shown(value: Any) -> str:
    """A value as Java's `toString` has it, which is what Step Functions shows."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return text_of(value)


def _array(*values: Any) -> list[Any]:
    return list(values)


def _array_partition(array: Any, size: Any) -> list[Any]:
    chunk = _rounded(size)
    if chunk <= 0:
        raise ValueError("the size has to be above 0")
    return [_list(array)[start : start + chunk] for start in range(0, len(array), chunk)]


def _array_contains(array: Any, value: Any) -> bool:
    return any(same(item, value) for item in _list(array))


def _array_range(start: Any, end: Any, step: Any) -> list[int]:
    first, last, by = _rounded(start), _rounded(end), _rounded(step)
    if by == 0:
        raise ValueError("the step must not be 0")
    numbers = range(first, last + (1 if by > 0 else -1), by)
    if len(numbers) > MAX_RANGE:
        raise ValueError(f"a range has at most {MAX_RANGE} numbers")
    return list(numbers)


def _array_get_item(array: Any, index: Any) -> Any:
    if not is_number(index) or index != int(index) or index < 0:
        raise ValueError("the index has to be a whole number from 0 on")
    return _list(array)[int(index)]


def _array_length(array: Any) -> int:
    return len(_list(array))


def _array_unique(array: Any) -> list[Any]:
    found: list[Any] = []
    for item in _list(array):
        if not any(same(item, known) for known in found):
            found.append(item)
    return found


def _base64_encode(text: Any) -> str:
    return base64.b64encode(_text(text, MAX_ENCODED).encode()).decode()


def _base64_decode(text: Any) -> str:
    return base64.b64decode(_text(text, MAX_ENCODED)).decode()


def _hash(value: Any, algorithm: Any) -> str:
    text = value if isinstance(value, str) else text_of(value)
    return HASHES[algorithm](_text(text, MAX_HASHED).encode()).hexdigest()


def _json_merge(one: Any, other: Any, deep: Any) -> dict[str, Any]:
    if deep is not False:
        raise ValueError("only shallow merging is there: the third argument has to be false")
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise TypeError("two objects are merged")
    return {**one, **other}


def _math_random(start: Any, end: Any, seed: Any = None) -> int:
    first, last = _rounded(start), _rounded(end)
    if last <= first:
        raise ValueError("the end has to be above the start")
    random = Random() if seed is None else Random(_rounded(seed))
    return random.randrange(first, last)


def _math_add(one: Any, other: Any) -> int:
    return _rounded(one) + _rounded(other)


def _string_split(text: Any, separators: Any) -> list[str]:
    pattern = f"[{re.escape(_text(separators))}]"
    return [part for part in re.split(pattern, _text(text)) if part] if separators else [text]


def _string_to_json(text: Any) -> Any:
    return read_json(_text(text)) if text.strip() else None


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("an array is taken")
    return value


def _text(value: Any, longest: int | None = None) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is taken")
    if longest is not None and len(value) > longest:
        raise ValueError(f"a text has at most {longest} characters")
    return value


def _rounded(value: Any) -> int:
    """A number as a whole one, halves up, as Step Functions rounds what it computes with."""
    if not is_number(value):
        raise TypeError("a number is taken")
    number: float = value
    return math.floor(number + 0.5)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "States.Array": _array,
    "States.ArrayPartition": _array_partition,
    "States.ArrayContains": _array_contains,
    "States.ArrayRange": _array_range,
    "States.ArrayGetItem": _array_get_item,
    "States.ArrayLength": _array_length,
    "States.ArrayUnique": _array_unique,
    "States.Base64Encode": _base64_encode,
    "States.Base64Decode": _base64_decode,
    "States.Format": lambda template, *values: _format(template, list(values)),
    "States.Hash": _hash,
    "States.JsonMerge": _json_merge,
    "States.JsonToString": text_of,
    "States.MathAdd": _math_add,
    "States.MathRandom": _math_random,
    "States.StringSplit": _string_split,
    "States.StringToJson": _string_to_json,
    "States.UUID": lambda: str(uuid.uuid4()),
}
