"""The names a CloudSeam v1 file declares, for checking the ones it uses."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.part import Part
from cloudseam.languages.rule import Rule
from cloudseam.languages.wording import DidYouMean, listed, shown

NAME = re.compile(r"[A-Z0-9-]+")

Declared = Mapping[str, Part] | None


class Names(NamedTuple):
    """What is declared, by name. None: not known, because that part of the file is wrong."""

    events: Declared
    states: Declared
    tasks: Declared


def check_name(name: str, part: Part, what: str) -> None:
    """Reports a name that no event or state may have."""
    if len(name) > rules.MAX_NAME_CHARACTERS:
        part.add_at_key(rules.NAME_TOO_LONG)
    elif not NAME.fullmatch(name):
        better = re.sub(r"[^A-Z0-9]+", "-", _in_words(name).upper()).strip("-")
        hint = f"Did you mean {shown(better)}? " if NAME.fullmatch(better) else ""
        part.add_at_key(rules.NAME_MALFORMED, name=shown(name), what=what, hint=hint)


def check_use(
    part: Part, name: str, declared: Declared, rule: Rule, others: str, *, also: str = ""
) -> None:
    """Reports the use of a name that is not declared.

    The name is the part's key or its value. `others` is the rule's word for what is declared.
    """
    if declared is None or name in declared or name == also:
        return
    words = {"name": shown(name), "hint": DidYouMean(name, declared), others: listed(declared)}
    if part.place.step == name:
        part.add_at_key(rule, **words)
    else:
        part.add(rule, **words)


def _in_words(name: str) -> str:
    """A name in camel case with dashes between its words."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", name)
