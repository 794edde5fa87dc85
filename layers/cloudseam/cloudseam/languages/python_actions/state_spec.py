"""The states of a Python-action machine, with their actions."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cloudseam.languages.part import Part
from cloudseam.languages.python_actions import rules
from cloudseam.languages.python_actions.definition import State
from cloudseam.languages.python_actions.names import RESERVED_STATES, read_action, read_name
from cloudseam.languages.python_actions.transition_spec import parse_transitions
from cloudseam.languages.scalar import Flag
from cloudseam.languages.wording import shown

FLAG = Flag("true")
STATE_KEYS = (
    *("name", "initial", "final"),
    *("entry_action", "do_action", "exit_action"),
    "transitions",
)
STATE_EXAMPLE = "`{name: Shipping, do_action: orders.actions.Ship}`"
STATES_EXAMPLE = "`[{name: Shipping, initial: true, final: true}]`"


class Named(NamedTuple):
    """A state's part, its keys, and its name, if it has one that can be read."""

    part: Part
    entries: Mapping[str, Part]
    name: str | None


def parse_states(part: Part) -> tuple[dict[str, State], dict[str, Part]]:
    """The states by name, and their parts. What is wrong is reported and left out."""
    items = part.items(STATES_EXAMPLE)
    if items is None:
        return {}, {}
    found = [state for item in items if (state := _named(item)) is not None]
    parts = _declared(found)
    is_known = len(found) == len(items) and all(state.name is not None for state in found)
    states = [_parse_state(state, parts if is_known else None) for state in found]
    if len(found) == len(items):
        _check_initial(part, found)
    return {state.name: state for state in states}, parts


def _named(part: Part) -> Named | None:
    entries = part.entries(STATE_EXAMPLE)
    if entries is None:
        return None
    if "name" not in entries:
        part.missing("name", "`name:` with a name of the state's own")
        return Named(part, entries, None)
    return Named(part, entries, read_name(entries["name"], "a state", RESERVED_STATES))


def _declared(states: Sequence[Named]) -> dict[str, Part]:
    """The parts by name; a name that comes twice is reported."""
    parts: dict[str, Part] = {}
    for state in states:
        if state.name is None:
            continue
        first = parts.setdefault(state.name, state.part)
        if first is not state.part:
            line = str(first.at("name").node.at.line)
            state.entries["name"].add(rules.STATE_TWICE, name=shown(state.name), line=line)
    return parts


def _parse_state(state: Named, declared: Mapping[str, Part] | None) -> State:
    part, entries, name = state
    part.check_keys(entries, STATE_KEYS, "a state")
    transitions = entries.get("transitions")
    return State(
        name or "",
        initial=_flag(entries, "initial"),
        final=_flag(entries, "final"),
        entry_action=_action(entries, "entry_action"),
        do_action=_action(entries, "do_action"),
        exit_action=_action(entries, "exit_action"),
        on=parse_transitions(transitions, name, declared) if transitions else {},
    )


def _flag(entries: Mapping[str, Part], key: str) -> bool:
    return key in entries and FLAG.read(entries[key]) is True


def _action(entries: Mapping[str, Part], key: str) -> str | None:
    return read_action(entries[key]) if key in entries else None


def _check_initial(part: Part, states: Sequence[Named]) -> None:
    """Reports that no state is initial, or more than one; a value that is wrong may be either."""
    written = [state.entries["initial"] for state in states if "initial" in state.entries]
    initial = [each for each in written if each.value() is True]
    for each in initial[1:]:
        each.add(rules.INITIAL_TWICE, line=str(initial[0].node.at.line))
    is_known = part.is_complete and all(state.part.is_complete for state in states)
    if is_known and not initial and all(each.value() is False for each in written):
        part.add_at_key(rules.INITIAL_MISSING)
