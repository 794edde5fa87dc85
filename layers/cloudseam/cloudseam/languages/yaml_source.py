"""YAML text to a tree of values that know where they are written.

Built on PyYAML's parser only: its composer has no limits, its resolver is of YAML 1.1 and its
constructor makes objects. Depth, aliases and size are bounded while events arrive, so that a
hostile file is refused before it costs anything.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from cloudseam.event import Scalar
from cloudseam.languages import yaml_rules as rules
from cloudseam.languages.core_schema import core_value
from cloudseam.languages.json_pairs import joined_pairs
from cloudseam.languages.place import Place
from cloudseam.languages.report import START, Mark, Report
from cloudseam.languages.rule import Rule
from cloudseam.languages.wording import DidYouMean, short, shown
from cloudseam.languages.yaml_syntax import report_syntax_error
from cloudseam.languages.yaml_tree import (
    BrokenNode,
    Entry,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    kind_of,
)

# The parser in C where PyYAML was built with it: about ten times faster.
PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MERGE = "<<"
TAG_PREFIX = "tag:yaml.org,2002:"
# What a scalar may be by its tag; without one, anything.
SCALAR_TAGS: dict[str | None, tuple[type, ...]] = {
    None: (str, bool, int, float, type(None)),
    "bool": (bool,),
    "float": (float,),
    "int": (int,),
    "null": (type(None),),
}
# Everything that YAML 1.2 calls printable (section 5.1), half surrogate pairs left out.
UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HALF_PAIR = re.compile("[\ud800-\udfff]")
# What a list or mapping counts beside what is in it, and a scalar beside its text.
OWN_SIZE = 8
ROOT = Place()


def parse_yaml(text: str | bytes, report: Report, parser: Any = PARSER) -> Node | None:
    """The one document of the text, or None when nothing can be read.

    Findings go to the report; a value that cannot be read stands in the tree as a `BrokenNode`.
    """
    try:
        decoded = _decoded(text, report)
        return _Composer(decoded, report, parser).document()
    except _UnusableError:
        return None


class _UnusableError(Exception):
    """The text cannot be read any further; the report says why."""


class _RefusedError(Exception):
    """One scalar cannot be read; the rest can."""

    def __init__(self, rule: Rule, **words: str) -> None:
        self.rule = rule
        self.words = words


def _refuse(report: Report, rule: Rule, at: Mark, place: Place = ROOT, **words: str) -> NoReturn:
    report.add(rule, at, place, **words)
    raise _UnusableError


def _decoded(text: str | bytes, report: Report) -> str:
    if len(text) > rules.MAX_BYTES:
        _refuse(report, rules.TOO_LARGE, START)
    text = _unicode(text, report).removeprefix("\ufeff")
    text = joined_pairs(text)
    bad = UNPRINTABLE.search(text)
    if bad:
        code, at = ord(bad[0]), _mark_at(text[: bad.start()])
        escape = f"\\u{code:04x}"
        _refuse(report, rules.BAD_CHARACTER, at, code=f"U+{code:04X}", escape=escape)
    return text


def _unicode(text: str | bytes, report: Report) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        _refuse(report, rules.NOT_UTF8, _mark_at(text[: error.start].decode()))


def _mark_at(before: str) -> Mark:
    """Where the text that follows `before` begins."""
    lines = re.split(r"\r\n|\r|\n", before.removeprefix("\ufeff"))
    return Mark(len(lines), len(lines[-1]) + 1)


def _mark(event: Any) -> Mark:
    mark = event.start_mark
    return Mark(mark.line + 1, mark.column + 1)


class _Entries:
    """What one mapping says itself, while it is being read."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.merge: Entry | None = None
        self.is_complete = True

    def first(self, key: str, is_merge: bool) -> Entry | None:
        """The earlier entry of the same key."""
        return self.merge if is_merge else self.entries.get(key)


class _Composer:
    """Makes one tree of the parser's events."""

    def __init__(self, text: str, report: Report, parser: Any) -> None:
        self._report = report
        self._events = _events(text, report, parser)
        # None while the anchored value is still being read.
        self._anchors: dict[str, Node | None] = {}
        self._aliases = 0
        self._expanded = 0

    def document(self) -> Node:
        """The tree of the only document."""
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            _refuse(self._report, rules.EMPTY, START)
        root = self._node(next(self._events), ROOT, 1)
        next(self._events)  # the end of the document
        following = next(self._events)
        if isinstance(following, yaml.DocumentStartEvent):
            _refuse(self._report, rules.SECOND_DOCUMENT, _mark(following))
        if isinstance(root, ScalarNode) and root.value is None:
            _refuse(self._report, rules.EMPTY, START)
        return root

    def _node(self, event: yaml.Event, place: Place, level: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, place)
        if level > rules.MAX_DEPTH:
            _refuse(self._report, rules.TOO_DEEP, _mark(event), place)
        anchor = event.anchor  # type: ignore[attr-defined]
        if anchor is not None:
            self._anchors[anchor] = None
        node = self._anchored(event, place, level)
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _anchored(self, event: yaml.Event, place: Place, level: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, place)
        at = _mark(event)
        self._count(OWN_SIZE, at, place)
        is_list = isinstance(event, yaml.SequenceStartEvent)
        node = self._sequence(at, place, level) if is_list else self._mapping(at, place, level)
        tag: str | None = event.tag  # type: ignore[attr-defined]
        if tag in (None, "!", TAG_PREFIX + ("seq" if is_list else "map")):
            return node
        self._report.add(rules.FOREIGN_TAG, at, place, tag=_written(tag or ""))
        return BrokenNode(at, size=node.size, depth=node.depth)

    def _sequence(self, at: Mark, place: Place, level: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, place.below(len(items)), level + 1))
        return SequenceNode(at, tuple(items), **_measures(items))

    def _mapping(self, at: Mark, place: Place, level: int) -> Node:
        own = _Entries()
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            is_merge = _is_merge(event)
            key = self._key(event, place, level)
            inside = place if key is None else place.below(key)
            entry = Entry(_mark(event), self._node(next(self._events), inside, level + 1))
            if key is None:
                own.is_complete = False
            elif (first := own.first(key, is_merge)) is not None:
                rule = rules.MERGE_TWICE if is_merge else rules.KEY_TWICE
                words = {"key": shown(key), "line": str(first.key_at.line)}
                self._report.add(rule, entry.key_at, place, **words)
            elif is_merge:
                own.merge = entry
            else:
                own.entries[key] = entry
        return self._merged(at, place, own)

    def _key(self, event: yaml.Event, place: Place, level: int) -> str | None:
        """The text of a key. Any other scalar is reported, and read as the text it looks like."""
        node = self._node(event, place, level + 1)
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            return node.value
        text = node.text if isinstance(node, ScalarNode) else None
        if not isinstance(node, BrokenNode):
            hint = f"Quote it: {shown(text)}." if text else "Write one text before the `:`."
            words = {"kind": kind_of(node), "hint": hint}
            self._report.add(rules.KEY_NOT_TEXT, _mark(event), place, **words)
        return text or None

    def _merged(self, at: Mark, place: Place, own: "_Entries") -> Node:
        """The mapping with what `<<` brings in: its own keys win, then earlier merges."""
        for source in self._sources(own.merge, place):
            if isinstance(source, MappingNode):
                own.is_complete = own.is_complete and source.is_complete
                for key, entry in source.entries.items():
                    own.entries.setdefault(key, entry)
            else:
                own.is_complete = False
        values = [entry.value for entry in own.entries.values()]
        measures = _measures(values, sum(map(len, own.entries)))
        return MappingNode(at, own.entries, own.is_complete, **measures)

    def _sources(self, merge: Entry | None, place: Place) -> Iterator[Node]:
        if merge is None:
            return
        value = merge.value
        for source in value.items if isinstance(value, SequenceNode) else (value,):
            if not isinstance(source, (MappingNode, BrokenNode)):
                self._report.add(rules.BAD_MERGE, merge.key_at, place, kind=kind_of(source))
            yield source

    def _scalar(self, event: yaml.ScalarEvent, place: Place) -> Node:
        at, text = _mark(event), event.value
        size = OWN_SIZE + len(text)
        self._count(size, at, place)
        if HALF_PAIR.search(text):
            # The C parser refuses such an escape by itself.
            _refuse(self._report, rules.BAD_ESCAPE, at, place)
        try:
            return ScalarNode(at, _value(event), text, size=size)
        except _RefusedError as refused:
            self._report.add(refused.rule, at, place, **refused.words)
            return BrokenNode(at, size=size)

    def _alias(self, event: Any, place: Place) -> Node:
        name, at = event.anchor, _mark(event)
        self._aliases += 1
        if self._aliases > rules.MAX_ALIASES:
            _refuse(self._report, rules.TOO_MANY_ALIASES, at, place)
        if name not in self._anchors:
            return self._unknown_alias(name, at, place)
        node = self._anchors[name]
        if node is None:
            _refuse(self._report, rules.SELF_ALIAS, at, place, alias=shown(f"*{name}"))
        self._count(node.size, at, place)
        self._check_depth(node, at, place)
        return node

    def _unknown_alias(self, name: str, at: Mark, place: Place) -> Node:
        self._report.add(
            rules.UNKNOWN_ALIAS,
            at,
            place,
            alias=shown(f"*{name}"),
            anchor=f"`&{short(name)}`",
            hint=DidYouMean(name, self._anchors),
        )
        return BrokenNode(at, size=OWN_SIZE)

    def _check_depth(self, node: Node, at: Mark, place: Place) -> None:
        """Refuses an alias that nests deeper than the text itself may."""
        level, above = 1, place.parent
        while above is not None:
            level, above = level + 1, above.parent
        if level + node.depth - 1 > rules.MAX_DEPTH:
            _refuse(self._report, rules.TOO_DEEP, at, place)

    def _count(self, size: int, at: Mark, place: Place) -> None:
        self._expanded += size
        if self._expanded > rules.MAX_EXPANDED_SIZE:
            _refuse(self._report, rules.TOO_EXPANDED, at, place)


def _events(text: str, report: Report, parser: Any) -> Iterator[Any]:
    """The parser's events, one at a time; what is not YAML ends them."""
    try:
        yield from yaml.parse(text, Loader=parser)
    except yaml.YAMLError as error:
        report_syntax_error(error, text, report)
        raise _UnusableError from None


def _value(event: yaml.ScalarEvent) -> Scalar:
    """The value of a scalar: by its tag if it has one, else by how it is written."""
    name = event.tag.removeprefix(TAG_PREFIX) if event.tag else None
    if name in ("!", "str") or (name is None and not event.implicit[0]):
        return event.value
    if name not in SCALAR_TAGS:
        raise _RefusedError(rules.FOREIGN_TAG, tag=_written(event.tag or ""))
    try:
        value = core_value(event.value)
    except ValueError:
        raise _RefusedError(rules.UNUSABLE_NUMBER) from None
    if name == "float" and type(value) is int:
        return float(value)
    if type(value) not in SCALAR_TAGS[name]:
        raise _RefusedError(rules.TAG_MISMATCH, tag=_written(event.tag or ""))
    return value


def _written(tag: str) -> str:
    """A tag as it stands in a file."""
    return shown("!!" + tag.removeprefix(TAG_PREFIX) if tag.startswith(TAG_PREFIX) else tag)


def _is_merge(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == MERGE and event.implicit[0]


def _measures(nodes: list[Node], keys_size: int = 0) -> dict[str, int]:
    size = OWN_SIZE + keys_size + sum(node.size for node in nodes)
    return {"size": size, "depth": 1 + max((node.depth for node in nodes), default=0)}
