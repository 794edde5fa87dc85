"""What is allowed but looks like a mistake: states, events and tasks that lead nowhere."""

from collections.abc import Mapping

from cloudseam.event import NEXT
from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.languages.part import Part
from cloudseam.languages.wording import shown
from cloudseam.stack import INITIAL_STATE


def check_flow(
    definition: Definition,
    events: Mapping[str, Part],
    states: Mapping[str, Part],
    tasks: Mapping[str, Part],
) -> None:
    """Reports warnings for a definition that has no errors."""
    _check_states(definition, states)
    used_events = {event for state in definition.states.values() for event in state.on}
    for name, part in events.items():
        if name not in used_events:
            part.add(rules.EVENT_UNUSED, name=shown(name))
    used_tasks = {task for state in definition.states.values() for task in state.tasks}
    for name, part in tasks.items():
        if name not in used_tasks:
            part.add_at_key(rules.TASK_UNUSED, name=shown(name))


def _check_states(definition: Definition, parts: Mapping[str, Part]) -> None:
    reached = reachable(definition)
    for name, state in definition.states.items():
        if name not in reached:
            parts[name].add_at_key(rules.UNREACHABLE, state=shown(name))
        if not state.terminal and not targets(state) - {name}:
            parts[name].add_at_key(rules.DEAD_END, state=shown(name))
        if NEXT in state.on and not state.tasks:
            handler = parts[name].at("on", NEXT)
            handler.add_at_key(rules.NEXT_NEVER_FIRES, state=shown(name))


def reachable(definition: Definition) -> set[str]:
    """The states that a stack can come to."""
    reached: set[str] = set()
    waiting = [INITIAL_STATE]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(targets(definition.states[name]))
    return reached


def targets(state: State) -> set[str]:
    """The states it can lead to. NEXT fires only where there are tasks."""
    return {
        handler.advance_to
        for event, handler in state.on.items()
        if handler.advance_to is not None and (event != NEXT or state.tasks)
    }
