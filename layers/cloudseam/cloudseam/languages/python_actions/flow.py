"""What is allowed but looks like a mistake: states and transitions that lead nowhere."""

from collections.abc import Mapping

from cloudseam.languages.part import Part
from cloudseam.languages.python_actions import rules
from cloudseam.languages.python_actions.definition import Definition, State
from cloudseam.languages.wording import shown


def check_flow(definition: Definition, states: Part, parts: Mapping[str, Part]) -> None:
    """Reports warnings for a definition that has no errors. `parts`: its states, by name."""
    if not any(state.final for state in definition.states.values()):
        states.add_at_key(rules.FINAL_MISSING)
    reached = reachable(definition)
    for name, state in definition.states.items():
        part = parts[name]
        if name not in reached:
            part.at("name").add(rules.UNREACHABLE, state=shown(name))
        if state.final and state.on:
            part.at("transitions").add_at_key(rules.FINAL_LEADS_ON, state=shown(name))
        elif not state.final and not targets(state) - {name}:
            part.at("name").add(rules.DEAD_END, state=shown(name))
        if state.do_action is None and not state.final:
            _check_local(state, part)


def reachable(definition: Definition) -> set[str]:
    """The states that a machine that starts in its initial one can come to."""
    reached: set[str] = set()
    waiting = [definition.initial.name]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(targets(definition.states[name]))
    return reached


def targets(state: State) -> set[str]:
    """The states it leads to. A final one leads nowhere: its events are discarded."""
    return set() if state.final else {each.target for each in state.on.values()}


def _check_local(state: State, part: Part) -> None:
    """Reports transitions of the same invocation where no event can come from one."""
    for item in (part.at("transitions").items("") or ()) if state.on else ():
        local = (item.entries("") or {}).get("local")
        if local is not None and local.value() is True:
            local.add_at_key(rules.LOCAL_WITHOUT_DO, state=shown(state.name))
