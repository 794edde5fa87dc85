"""The names in a file of Python-action machines: of machines, states, events and actions."""

import re
from keyword import iskeyword

from cloudseam.event import START, SYSTEM_EVENTS
from cloudseam.languages.part import Part
from cloudseam.languages.python_actions import rules
from cloudseam.languages.python_actions.definition import PSEUDO_FINAL, PSEUDO_INIT
from cloudseam.languages.wording import shown

RESERVED_STATES = frozenset({PSEUDO_INIT, PSEUDO_FINAL})
RESERVED_EVENTS = SYSTEM_EVENTS | RESERVED_STATES | {START}

DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+")
# What a path or a call has where a dotted name has a dot or nothing.
NEARLY = re.compile(r"\(\)$|\.py(?=[:.])|^\.+|[/:\\]")


def read_name(part: Part, what: str, reserved: frozenset[str] = frozenset()) -> str | None:
    """The name. None, and reported, if it is none; one that is merely not allowed is given."""
    name = part.text(f"the name of {what}")
    if name is None:
        return None
    if len(name) > rules.MAX_NAME_CHARACTERS or not name.isprintable():
        part.add(rules.NAME_MALFORMED, name=shown(name), what=what)
    elif name in reserved:
        part.add(rules.NAME_RESERVED, name=shown(name))
    return name


def read_action(part: Part) -> str | None:
    """The dotted name of a class. None, and reported, if it is none."""
    name = part.text("a class, as `orders.actions.Ship`")
    if name is None or is_dotted(name):
        return name
    better = NEARLY.sub(lambda found: "." if found[0] in "/:\\" else "", name)
    hint = f"Did you mean {shown(better)}? " if is_dotted(better) else ""
    part.add(rules.ACTION_MALFORMED, name=shown(name), hint=hint)
    return None


def is_dotted(name: str) -> bool:
    """Whether it can be the name of a module and of a class in it."""
    if len(name) > rules.MAX_NAME_CHARACTERS or not DOTTED.fullmatch(name):
        return False
    return not any(map(iskeyword, name.split(".")))
