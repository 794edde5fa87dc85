"""The transitions of a state of a Python-action machine."""

from collections.abc import Mapping

from cloudseam.languages.part import Part
from cloudseam.languages.python_actions import rules
from cloudseam.languages.python_actions.definition import Transition
from cloudseam.languages.python_actions.names import RESERVED_EVENTS, read_action, read_name
from cloudseam.languages.scalar import Flag
from cloudseam.languages.wording import DidYouMean, listed, shown

TRANSITION_KEYS = ("event", "target", "action", "local")
TRANSITION_EXAMPLE = "`{event: done, target: Shipped}`"
LOCAL = Flag("true")


def parse_transitions(
    part: Part, state: str | None, declared: Mapping[str, Part] | None
) -> dict[str, Transition]:
    """The transitions of a state by event. `declared`: all states, if they are known."""
    items = part.items(f"`[{TRANSITION_EXAMPLE.strip('`')}]`") or ()
    found: dict[str, Transition] = {}
    firsts: dict[str, Part] = {}
    for item in items:
        entries = item.entries(TRANSITION_EXAMPLE)
        if entries is None:
            continue
        transition = _parse_transition(item, entries, declared)
        if transition is None:
            continue
        first = firsts.setdefault(transition.event, entries["event"])
        if first is not entries["event"]:
            line = str(first.node.at.line)
            words = {"event": shown(transition.event), "state": shown(state or "")}
            entries["event"].add(rules.EVENT_TWICE, line=line, **words)
        found.setdefault(transition.event, transition)
    return found


def _parse_transition(
    part: Part, entries: Mapping[str, Part], declared: Mapping[str, Part] | None
) -> Transition | None:
    """One transition; None if its event cannot be read."""
    part.check_keys(entries, TRANSITION_KEYS, "a transition")
    for key, example in (("event", "`event: done`"), ("target", "`target:` with a state's name")):
        if key not in entries:
            part.missing(key, example)
    event = read_name(entries["event"], "an event", RESERVED_EVENTS) if "event" in entries else None
    target = _read_target(entries["target"], declared) if "target" in entries else None
    action = read_action(entries["action"]) if "action" in entries else None
    local = LOCAL.read(entries["local"]) if "local" in entries else False
    return Transition(event, target or "", action, bool(local)) if event is not None else None


def _read_target(part: Part, declared: Mapping[str, Part] | None) -> str | None:
    name = part.text("a state's name")
    if name is not None and declared is not None and name not in declared:
        hint = DidYouMean(name, declared)
        part.add(rules.TARGET_UNKNOWN, name=shown(name), hint=hint, states=listed(declared))
    return name
