"""Succeed and Fail: end the execution, or the branch or iteration they are in."""

from cloudseam.languages.asl.definition import State, is_jsonata
from cloudseam.languages.asl.execution import Thread
from cloudseam.languages.asl.failure import StateFailure, runtime
from cloudseam.languages.asl.leaving import complete
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import effective_input, scope_of
from cloudseam.languages.asl.template import expression, queried


def succeed(run: Run, thread: Thread, state: State) -> None:
    """Ends well, with its input as the output."""
    complete(run, thread, state, effective_input(run, thread, state))


def fail(run: Run, thread: Thread, state: State) -> None:
    """Fails, with the error and the cause that the state has, if any."""
    scope = scope_of(run, thread, state)
    jsonata = is_jsonata(run.definition, state)
    error = _text(state, scope, "Error", jsonata)
    cause = _text(state, scope, "Cause", jsonata)
    raise StateFailure(error, cause, is_placed=True)


def _text(state: State, scope: Scope, name: str, jsonata: bool) -> str | None:
    path = f"{name}Path"
    if path in state:
        told = expression(state[path], scope, path)
    elif name not in state:
        return None
    else:
        told = queried(state[name], scope, name) if jsonata else state[name]
    if not isinstance(told, str):
        raise runtime(f"The field '{name}' has to be a text.")
    return told
