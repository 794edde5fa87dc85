"""CloudSeam v1: from a file's tree to a machine, with everything that is wrong in it at once."""

import hashlib
import json
from collections.abc import Mapping

from cloudseam.event import NEXT, SYSTEM_EVENTS, Json
from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.languages.cloudseam_v1.flow import check_flow
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.languages.cloudseam_v1.names import Names, check_name
from cloudseam.languages.cloudseam_v1.state_spec import parse_state
from cloudseam.languages.cloudseam_v1.task_spec import parse_tasks
from cloudseam.languages.part import Part
from cloudseam.languages.wording import shown
from cloudseam.languages.yaml_tree import ScalarNode, kind_of
from cloudseam.stack import INITIAL_STATE
from cloudseam.task_spec import TaskSpec

TOP_LEVEL = {
    "version": "`version: 1`",
    "events": "`events:` with the list of the machine's events",
    "states": "`states:` with INIT and the states after it",
    "tasks": "`tasks:` with the machine's tasks, or `tasks: {}`",
}
FREE_PREFIX = "x-"
STATES_EXAMPLE = "`{INIT: {on: {GO: [{action: advance, state: RUN}]}}}`"
TASKS_EXAMPLE = "`network: {executor: …, config: …}`, or as `{}`"

Entries = dict[str, Part]


def parse_spec(name: str, root: Part) -> StatesMachine | None:
    """The machine of that name, or None when the report has errors."""
    entries = root.entries("`version: 1`, `events`, `states` and `tasks`")
    if entries is None:
        return None
    bound = {key: part for key, part in entries.items() if not key.startswith(FREE_PREFIX)}
    root.check_keys(bound, [*TOP_LEVEL, f"{FREE_PREFIX}…"], "a machine")
    for key, example in TOP_LEVEL.items():
        if key not in bound:
            root.missing(key, example)
    if "version" in bound:
        _check_version(bound["version"])
    return _parse_body(name, root, bound)


def _parse_body(name: str, root: Part, bound: Entries) -> StatesMachine | None:
    events = _parse_events(bound.get("events"))
    states = _entries(bound.get("states"), STATES_EXAMPLE)
    tasks = _entries(bound.get("tasks"), TASKS_EXAMPLE)
    names = Names(
        events, _declared(bound.get("states"), states), _declared(bound.get("tasks"), tasks)
    )
    specs = parse_tasks(tasks or {})
    parsed = _parse_states(bound.get("states"), states, names)
    if root.report.has_errors:
        return None
    definition = Definition(tuple(events or ()), parsed, specs)
    check_flow(definition, events or {}, states or {}, tasks or {})
    return StatesMachine(name, digest_of(definition), definition)


def digest_of(definition: Definition) -> str:
    """SHA-256 of what the definition says, however its file is written."""
    canonical = {
        "language": "cloudseam/1",
        "events": definition.events,
        "states": {
            state.name: {
                "terminal": state.terminal,
                "tasks": state.tasks,
                "on": {event: handler.advance_to for event, handler in state.on.items()},
            }
            for state in definition.states.values()
        },
        "tasks": {
            task.name: {"executor": task.executor, "config": task.config, **_timing(task)}
            for task in definition.tasks.values()
        },
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _timing(task: TaskSpec) -> Mapping[str, Json]:
    """The timing of a task, as far as there is any: without it a digest is what it always was."""
    timing: dict[str, Json] = {}
    if task.timeout is not None:
        timing["timeout"] = float(task.timeout)
    if task.retry is not None:
        timing["retry"] = {
            "attempts": task.retry.attempts,
            "wait": float(task.retry.wait),
            "factor": float(task.retry.factor),
            "longest": float(task.retry.longest),
            "jitter": task.retry.jitter,
            "on": list[Json](sorted(task.retry.on)),
        }
    return timing


def _check_version(part: Part) -> None:
    """`version: 1` may also be written as 1.0, or as the text "1"; so it is with the original."""
    value = part.node.value if isinstance(part.node, ScalarNode) else None
    is_one = value == "1" or (isinstance(value, int | float) and value == 1)
    if part.is_broken or (is_one and not isinstance(value, bool)):
        return
    text = part.node.text if isinstance(part.node, ScalarNode) else ""
    part.add(rules.VERSION_UNSUPPORTED, version=shown(text) if text else kind_of(part.node))


def _parse_events(part: Part | None) -> Entries | None:
    """The events by name; None when not all of them can be known."""
    items = part.items("`[LAUNCH, DESTROY]`") if part else None
    if items is None:
        return None
    declared: Entries = {}
    for item in items:
        name = item.text("an event's name")
        if name is not None:
            _check_event(name, item, declared)
            declared.setdefault(name, item)
    return None if any(item.is_broken for item in items) else declared


def _check_event(name: str, part: Part, declared: Entries) -> None:
    if name == NEXT:
        part.add(rules.EVENT_IS_NEXT)
    elif name in SYSTEM_EVENTS:
        part.add(rules.EVENT_OF_THE_SYSTEM, name=shown(name))
    elif name in declared:
        first = str(declared[name].node.at.line)
        part.add(rules.EVENT_TWICE, name=shown(name), line=first)
    else:
        check_name(name, part, "an event")


def _entries(part: Part | None, example: str) -> Entries | None:
    return part.entries(example) if part else None


def _declared(part: Part | None, entries: Entries | None) -> Entries | None:
    """The names, or None when the mapping may have more than could be read."""
    return entries if part and part.is_complete else None


def _parse_states(part: Part | None, entries: Entries | None, names: Names) -> dict[str, State]:
    if part is None or entries is None:
        return {}
    parsed = {name: parse_state(name, state, names) for name, state in entries.items()}
    states = {name: state for name, state in parsed.items() if state is not None}
    if part.is_complete and INITIAL_STATE not in parsed:
        part.add_at_key(rules.INIT_MISSING)
    is_known = part.is_complete and len(states) == len(parsed)
    if is_known and not any(state.terminal for state in states.values()):
        part.add_at_key(rules.TERMINAL_MISSING)
    return states
