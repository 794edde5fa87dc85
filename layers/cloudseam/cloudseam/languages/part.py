"""One value of a file with its place: what a language's reader is made of."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cloudseam.event import Json
from cloudseam.languages.place import Place
from cloudseam.languages.report import Mark, Report
from cloudseam.languages.rule import Rule
from cloudseam.languages.wording import DidYouMean, listed, short, shown
from cloudseam.languages.yaml_tree import (
    BrokenNode,
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
    kind_of,
    plain,
)

NOT_A_MAPPING = Rule("This must be a mapping, but is {kind}.", "Write it as {example}.")
NOT_A_LIST = Rule("This must be a list, but is {kind}.", "Write it as {example}.")
NOT_TEXT = Rule("This must be text, but is {kind}.", "{hint}")
EMPTY_TEXT = Rule("This must not be empty.", "Write {example}.")
NOT_ONE_OF = Rule("{value} is not {what}.", "{hint}Use one of: {choices}.")
KEY_MISSING = Rule("`{key}` is missing.", "Add {example}.")
KEY_MISPLACED = Rule("`{key}` does not belong in {what}.", "Move it {where}.")
KEY_UNKNOWN = Rule("`{key}` is not a key of {what}.", "{hint}Its keys are: {keys}.")


class Part(NamedTuple):
    """A value, the path to it, and where its key is written (itself, if it has none)."""

    node: Node
    place: Place
    key_at: Mark
    report: Report

    @property
    def is_broken(self) -> bool:
        """Whether it has been reported as unreadable."""
        return isinstance(self.node, BrokenNode)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is known to be missing that the file says."""
        return not isinstance(self.node, MappingNode) or self.node.is_complete

    def add(self, rule: Rule, **words: object) -> None:
        """Reports what the rule says about the value."""
        self.report.add(rule, self.node.at, self.place, **words)

    def add_at_key(self, rule: Rule, **words: object) -> None:
        """Reports what the rule says about the key, or about the whole value."""
        self.report.add(rule, self.key_at, self.place, **words)

    def value(self) -> Json:
        """The plain value."""
        return plain(self.node)

    def at(self, *keys: str) -> "Part":
        """The part at the end of a path of keys.

        Raises:
            KeyError: there is none.
        """
        part = self
        for key in keys:
            part = part._entries()[key]
        return part

    def entries(self, example: str) -> dict[str, "Part"] | None:
        """The parts of a mapping, by key. None, and reported, if it is something else."""
        if not isinstance(self.node, MappingNode):
            self._is_not(NOT_A_MAPPING, example=example)
            return None
        return self._entries()

    def items(self, example: str) -> list["Part"] | None:
        """The parts of a list. None, and reported, if it is something else."""
        if not isinstance(self.node, SequenceNode):
            self._is_not(NOT_A_LIST, example=example)
            return None
        return [
            Part(item, self.place.below(position), item.at, self.report)
            for position, item in enumerate(self.node.items)
        ]

    def text(self, example: str) -> str | None:
        """Text that is not empty. None, and reported, if it is something else."""
        node = self.node
        if isinstance(node, ScalarNode) and isinstance(node.value, str):
            if not node.value:
                self.add(EMPTY_TEXT, example=example)
            return node.value or None
        written = node.text.strip("~") if isinstance(node, ScalarNode) else ""
        hint = f"Quote it: {shown(written)}." if written else f"Write {example}."
        self._is_not(NOT_TEXT, hint=hint)
        return None

    def one_of(self, choices: Sequence[str], what: str) -> str | None:
        """One of a few texts. None, and reported, if it is something else."""
        text = self.text(f"one of: {listed(choices)}")
        if text is None or text in choices:
            return text
        hint = DidYouMean(text, choices)
        self.add(NOT_ONE_OF, value=shown(text), what=what, hint=hint, choices=listed(choices))
        return None

    def check_keys(
        self,
        entries: Mapping[str, "Part"],
        known: Sequence[str],
        what: str,
        elsewhere: Mapping[str, str] | None = None,
    ) -> None:
        """Reports keys that are not among the known ones. `elsewhere`: where some belong."""
        for key, part in entries.items():
            if elsewhere and key in elsewhere:
                part.add_at_key(KEY_MISPLACED, key=key, what=what, where=elsewhere[key])
            elif key not in known:
                hint = DidYouMean(key, known)
                words = {"key": short(key), "what": what, "hint": hint, "keys": listed(known)}
                part.add_at_key(KEY_UNKNOWN, **words)

    def missing(self, key: str, example: str) -> None:
        """Reports that a key is missing, unless a merge that failed might have had it."""
        if self.is_complete:
            self.add_at_key(KEY_MISSING, key=key, example=example)

    def _entries(self) -> dict[str, "Part"]:
        entries = self.node.entries if isinstance(self.node, MappingNode) else {}
        return {
            key: Part(entry.value, self.place.below(key), entry.key_at, self.report)
            for key, entry in entries.items()
        }

    def _is_not(self, rule: Rule, **words: object) -> None:
        if not self.is_broken:
            self.add(rule, kind=kind_of(self.node), **words)


def whole(root: Node, report: Report) -> Part:
    """The part that is a whole file."""
    return Part(root, Place(), root.at, report)
