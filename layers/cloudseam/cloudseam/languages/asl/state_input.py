"""What a state works on: its effective input, its arguments, and what its expressions see."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from cloudseam.languages.asl import json_path
from cloudseam.languages.asl.definition import State, is_jsonata
from cloudseam.languages.asl.execution import Thread
from cloudseam.languages.asl.failure import StateFailure, runtime
from cloudseam.languages.asl.json_text import is_number, text_of
from cloudseam.languages.asl.jsonata_query import unexpected
from cloudseam.languages.asl.moment import moment_text
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.template import filled, queried
from cloudseam.task_token import TaskToken


def scope_of(
    run: Run,
    thread: Thread,
    state: State,
    *,
    item: dict[str, Any] | None = None,
    states: Mapping[str, Any] | None = None,
) -> Scope:
    """What the state's expressions see.

    `item`: of the Map whose items are being selected, instead of the one around it. `states`: what
    `$states` has beside the context; the input if nothing is given.
    """
    seen = {"input": thread.input} if states is None else states
    context = partial(_context, run, thread, state, item)
    return Scope(thread.input, context, thread.variables, seen)


def _context(run: Run, thread: Thread, state: State, item: dict[str, Any] | None) -> dict[str, Any]:
    """The context object (developer guide, "Accessing execution data from the Context object")."""
    inside = item if item is not None else thread.item
    if run.context is not None:
        return dict(run.context) if inside is None else {**run.context, "Map": {"Item": inside}}
    context: dict[str, Any] = {
        **run.execution.facts,
        "State": {
            "EnteredTime": moment_text(thread.entered_at),
            "Name": thread.state,
        },
    }
    if state.get("Retry") is not None or state["Type"] == "Task":
        context["State"]["RetryCount"] = sum(thread.retries)
    if thread.token and state["Type"] == "Task":
        token = TaskToken(run.stack_id, thread.task_name, thread.token)
        context["Task"] = {"Token": token.as_text()}
    if inside is not None:
        context["Map"] = {"Item": inside}
    return context


def effective_input(run: Run, thread: Thread, state: State) -> Any:
    """The input after `InputPath`."""
    if is_jsonata(run.definition, state) or "InputPath" not in state:
        return thread.input
    path = state["InputPath"]
    return {} if path is None else at_path(path, scope_of(run, thread, state))


def arguments(run: Run, thread: Thread, state: State) -> Any:
    """What a Pass, Task or Parallel works on: `Arguments`, or `Parameters` of the input."""
    scope = scope_of(run, thread, state)
    if is_jsonata(run.definition, state):
        told = state.get("Arguments")
        return queried(told, scope, "Arguments") if told is not None else thread.input
    effective = effective_input(run, thread, state)
    if "Parameters" not in state:
        return effective
    return filled(state["Parameters"], scope.of(effective))


def seconds(run: Run, thread: Thread, state: State, name: str) -> float | None:
    """`TimeoutSeconds` or `HeartbeatSeconds`, by number, path or expression; None without."""
    scope = scope_of(run, thread, state)
    if f"{name}Path" in state:
        effective = effective_input(run, thread, state)
        told = scope.of(effective).look_up(state[f"{name}Path"], f"{name}Path")
    elif name in state:
        told = queried(state[name], scope, name)
    else:
        return None
    if not is_number(told) or told <= 0:
        raise runtime(f"The field '{name}' has to be a number of seconds above 0.")
    found: float = told
    return found


def number(
    fields: Mapping[str, Any], scope: Scope, name: str, *, whole: bool, least: float = 0
) -> float | None:
    """A field of a Map or of a part of it that is a number, or leads to one; None without it.

    Raises:
        StateFailure: it is no number, not a whole one, or below the least.
    """
    path = fields.get(f"{name}Path")
    if path is not None:
        told = _numeric(scope.look_up(path, f"{name}Path"))
        if not is_number(told) or (whole and told != int(told)):
            shown = told if isinstance(told, str) else text_of(told)
            kind = "integer" if whole else "number"
            raise runtime(
                f'The {name}Path field refers to value "{shown}" which is not a valid {kind}: '
                f"{path}"
            )
    elif name in fields:
        told = queried(fields[name], scope, name)
        if not is_number(told):
            raise unexpected(str(fields[name]), name, "number", told)
    else:
        return None
    if told < least:
        raise runtime(f"Expected non-negative integer for {name}, got {text_of(told)}")
    found: float = told
    return found


def _numeric(value: Any) -> Any:
    """A text of digits as the number that AWS takes it for, as recorded."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def at_path(path: str, scope: Scope) -> Any:
    """What `InputPath` or `OutputPath` leads to.

    Raises:
        StateFailure: it leads nowhere.
    """
    try:
        return scope.look_up(path, path)
    except StateFailure:
        shown = "".join(
            f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in _steps(path)
        )
        raise runtime(f"Invalid path '{path}' : No results for path: ${shown}") from None


def _steps(path: str) -> tuple[str | int, ...]:
    try:
        return json_path.steps_of(path) or ()
    except json_path.InvalidPathError:
        return ()
