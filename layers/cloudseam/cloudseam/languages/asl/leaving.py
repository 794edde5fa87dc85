"""Leaving a state: from its result to its output, its variables and its next state."""

from collections.abc import Mapping
from typing import Any

from cloudseam.languages.asl import failure, json_path
from cloudseam.languages.asl.definition import WITH_RESULT, State, is_jsonata
from cloudseam.languages.asl.execution import Phase, Thread
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.history import WHOLE, payload_text
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.payload_limit import limit
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import at_path, scope_of
from cloudseam.languages.asl.template import filled, queried


def complete(run: Run, thread: Thread, state: State, result: Any) -> None:
    """Leaves a state with its result, through all fields that shape the output.

    Raises:
        StateFailure: one of them leads nowhere, or the output is too large.
    """
    if is_jsonata(run.definition, state):
        leave(run, thread, state, state, result, state.get("Next"))
        return
    scope = scope_of(run, thread, state)
    if "ResultSelector" in state:
        result = filled(state["ResultSelector"], scope.of(result))
    assigned = filled(state["Assign"], scope.of(result)) if "Assign" in state else None
    output = _selected(state, scope, merged(state, thread.input, result))
    exit_state(run, thread, state, output, assigned, state.get("Next"))


def leave(
    run: Run, thread: Thread, state: State, fields: State, result: Any, after: str | None
) -> None:
    """Leaves a Choice, or a state of JSONata: only `Assign` and `Output` in `fields` shape it."""
    if is_jsonata(run.definition, state):
        states = {"input": thread.input}
        if state["Type"] in WITH_RESULT:
            states["result"] = result
        scope = scope_of(run, thread, state, states=states)
        assigned = queried(fields["Assign"], scope, "Assign") if "Assign" in fields else None
        output = queried(fields["Output"], scope, "Output") if "Output" in fields else result
    else:
        scope = scope_of(run, thread, state).of(result)
        assigned = filled(fields["Assign"], scope) if "Assign" in fields else None
        output = _selected(state, scope, result)
    exit_state(run, thread, state, output, assigned, after)


def merged(fields: State, told: Any, result: Any) -> Any:
    """The input with the result in the place that `ResultPath` names.

    Raises:
        StateFailure: the input has no such place.
    """
    path = fields.get("ResultPath", "$")
    if path is None:
        return told
    try:
        return json_path.put(path, result, told)
    except (json_path.PathNotFoundError, json_path.InvalidPathError):
        raise StateFailure(
            failure.RESULT_PATH_MATCH_FAILURE,
            f"Unable to apply ReferencePath {path} to input {text_of(told)}",
        ) from None


def exit_state(
    run: Run,
    thread: Thread,
    state: State,
    output: Any,
    assigned: Mapping[str, Any] | None,
    after: str | None,
) -> None:
    """Leaves a state for the one after it, or for the end of the thread.

    Raises:
        StateFailure: the output is too large.
    """
    told = payload_text("output", limit(thread.state, output))
    if assigned:
        thread.variables = {**thread.variables, **assigned}
        told["assignedVariables"] = {name: text_of(value) for name, value in assigned.items()}
        told["assignedVariablesDetails"] = WHOLE
    exited = f"{state['Type']}StateExited"
    thread.previous = run.log(thread, exited, name=thread.state, **told)
    thread.input = output
    if after is None:
        thread.phase = Phase.DONE
        run.ready.appendleft(thread)
    else:
        thread.state, thread.phase = after, Phase.READY
        run.ready.append(thread)


def _selected(state: State, scope: Scope, output: Any) -> Any:
    """The output after `OutputPath`."""
    if "OutputPath" not in state:
        return output
    path = state["OutputPath"]
    return {} if path is None else at_path(path, scope.of(output))
