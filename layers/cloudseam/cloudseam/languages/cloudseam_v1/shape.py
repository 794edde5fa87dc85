"""What a task's config may look like, as a value: keys, which of them are needed, and of what."""

import re
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.part import Part
from cloudseam.languages.rule import Rule
from cloudseam.languages.wording import SHOWN_CHARACTERS, shown
from cloudseam.languages.yaml_tree import Node, ScalarNode

# Only what needs no quotes in YAML; a URL has a colon.
PATH = re.compile(rf"[A-Za-z_./][\w./-]{{0,{SHOWN_CHARACTERS - 1}}}", re.ASCII)

DOTTED_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", re.ASCII)


class Shape(Protocol):
    """What one value may be. `example` is how a message writes one."""

    @property
    def example(self) -> str:
        """A value of this shape, as YAML."""

    @property
    def is_required(self) -> bool:
        """Whether its key has to be there."""

    def check(self, part: Part) -> None:
        """Reports whatever does not fit."""


class Text(NamedTuple):
    """Text that is not empty."""

    example: str
    is_required: bool = True

    def check(self, part: Part) -> None:
        """See `Shape.check`."""
        part.text(f"text such as `{self.example}`")


class DottedName(NamedTuple):
    """The name of a class in a module of Python."""

    example: str
    is_required: bool = True

    def check(self, part: Part) -> None:
        """See `Shape.check`."""
        text = part.text(f"text such as `{self.example}`")
        if text is not None and not DOTTED_NAME.fullmatch(text):
            part.add(rules.NOT_A_DOTTED_NAME, name=shown(text), example=self.example)


class OneOf(NamedTuple):
    """One of a few texts. `what` says what they are."""

    what: str
    choices: tuple[str, ...]
    is_required: bool = True

    @property
    def example(self) -> str:
        """See `Shape.example`."""
        return self.choices[0]

    def check(self, part: Part) -> None:
        """See `Shape.check`."""
        part.one_of(self.choices, self.what)


class FreeMapping(NamedTuple):
    """A mapping of any content, save a few keys; it may be left out."""

    example: str
    is_required: bool = False
    refused: Mapping[str, Rule] = {}

    def check(self, part: Part) -> None:
        """See `Shape.check`."""
        for key, entry in (part.entries(f"`{self.example}`") or {}).items():
            if key in self.refused:
                entry.add_at_key(self.refused[key])


class Keys(NamedTuple):
    """A mapping of known keys. `what` says what it is.

    `elsewhere` says of some other keys where they belong.
    """

    what: str
    keys: Mapping[str, Shape]
    is_required: bool = True
    elsewhere: Mapping[str, str] = {}

    @property
    def example(self) -> str:
        """See `Shape.example`."""
        needed = (
            f"{key}: {shape.example}" for key, shape in self.keys.items() if shape.is_required
        )
        return f"{{{', '.join(needed)}}}"

    def check(self, part: Part) -> None:
        """See `Shape.check`."""
        entries = part.entries(f"`{self.example}`")
        if entries is None:
            return
        part.check_keys(entries, list(self.keys), self.what, self.elsewhere)
        for key, shape in self.keys.items():
            if key in entries:
                shape.check(entries[key])
            elif shape.is_required:
                part.missing(key, f"`{key}: {shape.example}`")


class Kinds(NamedTuple):
    """A mapping whose `type` says which keys it has. `what` says what it is.

    A path that stands in its place is probably meant for the only key of the kind `of_path`.
    """

    what: str
    kinds: Mapping[str, Mapping[str, Shape]]
    of_path: str = ""
    is_required: bool = True

    @property
    def example(self) -> str:
        """See `Shape.example`."""
        return self._keys(next(iter(self.kinds))).example

    def check(self, part: Part) -> None:
        """See `Shape.check`."""
        entries = part.entries(f"`{self._example_for(part.node)}`")
        if entries is None:
            return
        if "type" not in entries:
            part.missing("type", " or ".join(f"`type: {kind}`" for kind in self.kinds))
            return
        kind = entries["type"].one_of(list(self.kinds), f"a type of {self.what}")
        if kind is not None:
            self._keys(kind).check(part)

    def _example_for(self, node: Node) -> str:
        """The example that comes nearest to what is written."""
        written = node.value if isinstance(node, ScalarNode) else None
        if not isinstance(written, str):
            return self.example
        if written in self.kinds:
            return self._keys(written).example
        if not self.of_path or not PATH.fullmatch(written):
            return self.example
        return f"{{type: {self.of_path}, {next(iter(self.kinds[self.of_path]))}: {written}}}"

    def _keys(self, kind: str) -> Keys:
        kind_of = OneOf(f"a type of {self.what}", (kind,))
        return Keys(f"{self.what} of type {kind}", {"type": kind_of, **self.kinds[kind]})
