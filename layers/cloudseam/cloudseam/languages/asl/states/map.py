"""Map: runs its processor for each item, so many at once, and gathers their outputs."""

from typing import Any

from cloudseam.languages.asl import failure
from cloudseam.languages.asl.definition import State, is_distributed, is_jsonata
from cloudseam.languages.asl.execution import Thread
from cloudseam.languages.asl.failure import StateFailure, runtime
from cloudseam.languages.asl.jsonata_query import unexpected
from cloudseam.languages.asl.resource import READER
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import effective_input, number, scope_of
from cloudseam.languages.asl.states.item_reader import ask_for_items
from cloudseam.languages.asl.states.iterations import begin
from cloudseam.languages.asl.states.map_run import begin_run
from cloudseam.languages.asl.template import queried

# How many iterations of an inline Map run at once (developer guide, "Map state (inline)").
INLINE_AT_ONCE = 40


def begin_iterations(run: Run, thread: Thread, state: State) -> None:
    """Begins as many iterations as may run at once, or asks for the items first."""
    effective = effective_input(run, thread, state)
    scope = scope_of(run, thread, state).of(effective)
    items = None if READER in state else items_of(run, state, scope, effective)
    at_once = number(state, scope, "MaxConcurrency", whole=True)
    thread.at_once = int(at_once or 0)
    thread.previous = run.log(thread, "MapStateStarted", length=len(items or ()))
    if is_distributed(state):
        begin_run(run, thread, state, scope)
    else:
        thread.at_once = thread.at_once or INLINE_AT_ONCE
    if items is None:
        ask_for_items(run, thread, state, scope)
    else:
        begin(run, thread, state, items)


def items_of(run: Run, state: State, scope: Scope, effective: Any) -> list[Any]:
    """The items of a Map that reads none.

    Raises:
        StateFailure: there is no array.
    """
    if is_jsonata(run.definition, state):
        return _queried_items(state, scope, effective)
    return _items_at_path(state, scope)


def _queried_items(state: State, scope: Scope, effective: Any) -> list[Any]:
    told = state.get("Items")
    items = queried(told, scope, "Items") if told is not None else effective
    if isinstance(items, list):
        return items
    if isinstance(told, str):
        raise unexpected(told, "Items", "array", items)
    raise StateFailure(failure.QUERY_EVALUATION_ERROR, "Map has no array.", field="Items")


def _items_at_path(state: State, scope: Scope) -> list[Any]:
    path = state.get("ItemsPath", "$")
    try:
        items = scope.look_up(path, "ItemsPath")
    except StateFailure:
        raise runtime(
            f"Invalid path '{path}': The Map state's items path references nothing."
        ) from None
    if not isinstance(items, list):
        # AWS names a path into the context object without its first `$`.
        shown = path[1:] if path.startswith("$$") else path
        raise runtime(f'Reference path "{shown}" must point to array.')
    return items
