"""States in CloudSeam v1: their tasks, and what they do on which event."""

from collections.abc import Mapping

from cloudseam.event import NEXT
from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.cloudseam_v1.definition import Handler, State
from cloudseam.languages.cloudseam_v1.names import Names, check_name, check_use
from cloudseam.languages.part import Part
from cloudseam.languages.scalar import NOT_A_FLAG
from cloudseam.languages.wording import short, shown
from cloudseam.languages.yaml_tree import MappingNode, ScalarNode, kind_of
from cloudseam.stack import INITIAL_STATE

STATE_KEYS = ("terminal", "tasks", "on")
STATE_EXAMPLE = "`{on: {GO: [{action: advance, state: RUN}]}}`, or as `{}`"
ON_EXAMPLE = "`{GO: [{action: advance, state: RUN}]}`"
ACTION_KEYS = {"no-op": ("action",), "advance": ("action", "state")}
ACTION_EXAMPLE = "`{action: advance, state: RUN}`"
TERMINAL_WORDS = {"true": True, "false": False}


def parse_state(name: str, part: Part, names: Names) -> State | None:
    """One state; what is wrong in it is reported and left out. None if it is no mapping."""
    check_name(name, part, "a state")
    entries = part.entries(STATE_EXAMPLE)
    if entries is None:
        return None
    part.check_keys(entries, STATE_KEYS, "a state")
    state = State(
        name,
        _parse_terminal(entries.get("terminal")),
        _parse_tasks(entries.get("tasks"), names),
        _parse_on(entries.get("on"), names),
    )
    _check_tasks_end(state, part, entries)
    return state


def _check_tasks_end(state: State, part: Part, entries: Mapping[str, Part]) -> None:
    """Reports tasks that are never asked for, or whose end nothing follows."""
    if not state.tasks:
        return
    if state.name == INITIAL_STATE:
        entries["tasks"].add_at_key(rules.INIT_HAS_TASKS)
        return
    handlers = entries.get("on", part)
    is_known = part.is_complete and handlers.is_complete and not handlers.is_broken
    if is_known and not state.terminal and NEXT not in state.on:
        part.add_at_key(rules.NEXT_MISSING, state=shown(state.name))


def _parse_terminal(part: Part | None) -> bool:
    """Whether the state is terminal; a value that cannot be read counts as true."""
    if part is None:
        return False
    value = part.node.value if isinstance(part.node, ScalarNode) else None
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in TERMINAL_WORDS:
        return TERMINAL_WORDS[value]
    if not part.is_broken:
        text = shown(value) if isinstance(value, str) else kind_of(part.node)
        part.add(NOT_A_FLAG, key="terminal", value=text, example="true")
    return True


def _parse_tasks(part: Part | None, names: Names) -> tuple[str, ...]:
    found: list[str] = []
    for item in (part and part.items("`[my-task]`")) or ():
        name = item.text("a task's name")
        if name is None:
            continue
        check_use(item, name, names.tasks, rules.TASK_UNKNOWN, "tasks")
        if name in found:
            item.add(rules.TASK_TWICE, name=shown(name))
        else:
            found.append(name)
    return tuple(found)


def _parse_on(part: Part | None, names: Names) -> dict[str, Handler]:
    handlers = {}
    for event, actions in ((part and part.entries(ON_EXAMPLE)) or {}).items():
        check_use(actions, event, names.events, rules.EVENT_UNKNOWN, "events", also=NEXT)
        handlers[event] = _parse_handler(actions, names)
    return handlers


def _parse_handler(part: Part, names: Names) -> Handler:
    target = None
    for action in _actions(part, names) or ():
        to = _parse_action(action, names)
        if to is not None and target is not None:
            action.add(rules.TWO_ADVANCES, state=shown(target))
        target = target or to
    return Handler(target)


def _actions(part: Part, names: Names) -> list[Part] | None:
    """The parts of a handler's list. None, and reported, if it is something else."""
    value = part.node.value if isinstance(part.node, ScalarNode) else None
    if isinstance(value, str) and value in (names.states or ()):
        part.add(rules.HANDLER_IS_STATE, state=short(value))
    elif isinstance(part.node, MappingNode):
        part.add(rules.HANDLER_IS_MAPPING)
    else:
        return part.items(f"`[{ACTION_EXAMPLE.strip('`')}]`, or as `[]`")
    return None


def _parse_action(part: Part, names: Names) -> str | None:
    """The state that the action advances to, if it does."""
    entries = part.entries(ACTION_EXAMPLE)
    if entries is None:
        return None
    if len(entries) == 1 and (key := next(iter(entries))) in ACTION_KEYS:
        entries[key].add_at_key(rules.ACTION_IS_KEY, key=key, action=_meant(key, entries[key]))
        return None
    if "action" not in entries:
        part.missing("action", "`action: no-op` or `action: advance`")
    kind = entries["action"].one_of(list(ACTION_KEYS), "an action") if "action" in entries else None
    part.check_keys(entries, ACTION_KEYS["advance"], "an action")
    if kind == "no-op" and "state" in entries:
        entries["state"].add_at_key(rules.STATE_ON_NO_OP)
    return _parse_target(part, entries, names) if kind == "advance" else None


def _meant(kind: str, part: Part) -> str:
    """What was meant by an action that stands as a key, with the state as its value."""
    if "state" not in ACTION_KEYS[kind]:
        return f"{{action: {kind}}}"
    value = part.node.value if isinstance(part.node, ScalarNode) else None
    state = short(value) if isinstance(value, str) and value else "…"
    return f"{{action: {kind}, state: {state}}}"


def _parse_target(part: Part, entries: Mapping[str, Part], names: Names) -> str | None:
    if "state" not in entries:
        part.missing("state", "`state:` with the name of the state to advance to")
        return None
    name = entries["state"].text("a state's name")
    if name is not None:
        check_use(entries["state"], name, names.states, rules.STATE_UNKNOWN, "states")
    return name
