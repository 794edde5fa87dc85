"""A YAML document as a tree of values that know where they are written.

A value that an alias or a merge brings in is the same node in each place, so that a small file
stays a small tree; its mark is where it is written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cloudseam.event import Json, Scalar
from cloudseam.languages.report import Mark


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value. `size` and `depth` are those of the value with every alias written out."""

    at: Mark
    size: int = field(kw_only=True)
    depth: int = field(kw_only=True, default=1)


@dataclass(frozen=True, slots=True, eq=False)
class ScalarNode(Node):
    """A single value; `text` is how it is written."""

    value: Scalar
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class SequenceNode(Node):
    """A list."""

    items: tuple[Node, ...]


class Entry(NamedTuple):
    """One key's value, and where the key is written."""

    key_at: Mark
    value: Node


@dataclass(frozen=True, slots=True, eq=False)
class MappingNode(Node):
    """A mapping with its merges done. `is_complete` is false where one of them had to be left."""

    entries: Mapping[str, Entry]
    is_complete: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class BrokenNode(Node):
    """Stands for a value that could not be read and has been reported."""


def kind_of(node: Node) -> str:
    """What the node is, for a message."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    value = node.value if isinstance(node, ScalarNode) else None
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    return "text" if isinstance(value, str) else "a number"


def plain(node: Node) -> Json:
    """The value without its marks, every alias written out."""
    if isinstance(node, MappingNode):
        return {key: plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    return node.value if isinstance(node, ScalarNode) else None
