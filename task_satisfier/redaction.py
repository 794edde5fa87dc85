"""Keeps sensitive values out of logs, causes and outputs."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Self

from cloudseam.event import Json

# What Terraform itself shows in place of a sensitive value.
MASK = "(sensitive value)"
# Shorter values would be found in every other word.
MIN_CHARACTERS = 4


class Redactor:
    """Replaces the sensitive values it was given wherever they are found.

    A value is found whole, line by line and word by word, since tools wrap the text they print,
    and in the forms that JSON and Terraform give it. Values of fewer than four characters, and
    booleans, are not looked for.
    """

    def __init__(self, values: Iterable[Json] = ()) -> None:
        self._values = tuple(values)
        found = {form for value in self._values for form in _forms(value)}
        ordered = sorted(found, key=len, reverse=True)  # the longest alternative has to win
        self.longest = len(ordered[0]) if ordered else 0
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """The text without sensitive values."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def finds(self, value: Json) -> bool:
        """Whether a sensitive value is in there, at any depth, names included."""
        if isinstance(value, Mapping):
            return any(self.finds(name) or self.finds(item) for name, item in value.items())
        if isinstance(value, list):
            return any(self.finds(item) for item in value)
        if self._pattern is None or isinstance(value, bool):
            return False
        text = value if isinstance(value, str) else json.dumps(value)
        return self._pattern.search(text) is not None

    def shown(self, outputs: Mapping[str, Json], log: Callable[[str], None]) -> Mapping[str, Json]:
        """The outputs that hold no sensitive value; the names of the others go to the log.

        They are left out whole: what is kept with a stack is used, and a value with a mask in it
        is a wrong value. Names are the author's own, and left alone.
        """
        found = {name for name, value in outputs.items() if self.finds(value)}
        for name in sorted(found):
            log(f"Output '{name}' is left out: it holds a sensitive value")
        return {name: value for name, value in outputs.items() if name not in found}

    def also(self, values: Iterable[Json]) -> Self:
        """A redactor for these values as well."""
        return type(self)((*self._values, *values))


def _forms(value: Json) -> Iterator[str]:
    """Every text under which a value could show itself."""
    for text in _texts(value):
        for part in {text, *text.splitlines(), *text.split()}:
            for form in (part, *_escaped(part)):
                if len(form) >= MIN_CHARACTERS and len(part) >= MIN_CHARACTERS:
                    yield form


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool):
        yield json.dumps(value)


def _escaped(text: str) -> Iterator[str]:
    """As JSON writes it, and as Go's JSON does, which also escapes what HTML would mind."""
    for ascii_only in (True, False):
        quoted = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield quoted
        yield quoted.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    yield text.replace("${", "$${").replace("%{", "%%{")
