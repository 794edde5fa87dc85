"""What TestState shows of a state: its data after each of the fields that shape it.

Which of them it shows for which type of state is as recorded from AWS.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from cloudseam.languages.asl.definition import State, is_jsonata
from cloudseam.languages.asl.execution import Phase, Thread
from cloudseam.languages.asl.failure import StateFailure, matches
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.leaving import merged
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import arguments, effective_input, number, scope_of
from cloudseam.languages.asl.states.batches import batches_of
from cloudseam.languages.asl.states.iterations import selected_of
from cloudseam.languages.asl.states.map import items_of
from cloudseam.languages.asl.template import filled
from cloudseam_cli.stepfunctions.testing.state_run import NO_RESULT, StateRun, state_run
from cloudseam_cli.stepfunctions.testing.tested_state import TestedState

Shown = Iterator[tuple[str, Any]]
NUMBERS = frozenset({"maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"})


def inspected(tested: TestedState, run: StateRun, result: Any) -> dict[str, Any]:
    """The inspection data as the API has it, up to the field that cannot be evaluated.

    `run` has come to the end of the state; `result` is what others answered, or `NO_RESULT`.
    """
    again = state_run(tested, run.now)
    again.begin(tested.name, tested.input)
    (thread,) = again.execution.threads.values()
    thread.variables = tested.variables
    shown: dict[str, Any] = {"input": text_of(tested.input)}
    with suppress(StateFailure):
        for name, value in _after_each_field(again, thread, tested, result):
            shown[name] = value if name in NUMBERS else text_of(value)
    if run.thread.variables:
        shown["variables"] = text_of(run.thread.variables)
    details = _error_details(run, tested.state)
    return shown | ({"errorDetails": details} if details else {})


def _error_details(run: StateRun, state: State) -> dict[str, int]:
    """Which retrier and which catcher have the failure, and when it is tried again."""
    if run.failed is None:
        return {}
    details = {}
    retrier = _first_for(run.failed, state.get("Retry", ()))
    if retrier is not None:
        details["retryIndex"] = retrier
    if run.thread.phase is Phase.RETRYING:
        details["retryBackoffIntervalSeconds"] = round((run.thread.due - run.now) / 1000)
    catcher = _first_for(run.failed, state.get("Catch", ()))
    if catcher is not None and run.next_state is not None:
        details["catchIndex"] = catcher
    return details


def _first_for(failed: StateFailure, rules: Sequence[Mapping[str, Any]]) -> int | None:
    """The number of the first retrier or catcher that stands for the failure."""
    found = (place for place, rule in enumerate(rules) if matches(rule["ErrorEquals"], failed))
    return next(found, None)


def _after_each_field(run: Run, thread: Thread, tested: TestedState, result: Any) -> Shown:
    state, kind = tested.state, tested.state["Type"]
    is_fixed = kind == "Pass" and "Result" in state
    jsonata = is_jsonata(run.definition, state)
    if jsonata and kind == "Task":
        yield "afterArguments", arguments(run, thread, state)
    if not jsonata and kind != "Parallel" and not is_fixed:
        yield "afterInputPath", effective_input(run, thread, state)
        if kind in ("Pass", "Task"):
            yield "afterParameters", arguments(run, thread, state)
    if kind == "Map":
        yield from _of_map(run, thread, state, tested.items)
    if kind == "Pass" and not jsonata:
        result = state["Result"] if is_fixed else arguments(run, thread, state)
    if result is NO_RESULT:
        return
    if kind == "Task" or is_fixed:
        yield "result", result
    if not jsonata:
        scope = scope_of(run, thread, state)
        if "ResultSelector" in state:
            result = filled(state["ResultSelector"], scope.of(result))
        yield "afterResultSelector", result
        yield "afterResultPath", merged(state, thread.input, result)


def _of_map(run: Run, thread: Thread, state: State, items: list[Any] | None) -> Shown:
    effective = effective_input(run, thread, state)
    scope = scope_of(run, thread, state).of(effective)
    if items is None and "ItemReader" not in state:
        items = items_of(run, state, scope, effective)
        if not is_jsonata(run.definition, state):
            yield "afterItemsPath", items
    elif items is not None and "ItemsPointer" in state["ItemReader"].get("ReaderConfig", {}):
        yield "afterItemsPointer", items
    if items is not None:
        yield from _of_items(run, thread, state, items, scope)
    yield "maxConcurrency", int(number(state, scope, "MaxConcurrency", whole=True) or 0)
    count = number(state, scope, "ToleratedFailureCount", whole=True)
    if count is not None:
        yield "toleratedFailureCount", int(count)
    percentage = number(state, scope, "ToleratedFailurePercentage", whole=False)
    if percentage is not None:
        yield "toleratedFailurePercentage", float(percentage)


def _of_items(run: Run, thread: Thread, state: State, items: list[Any], scope: Scope) -> Shown:
    inputs = selected_of(run, thread, state, items, scope.value)
    if inputs is not items:
        yield "afterItemSelector", inputs
    if "ItemBatcher" in state:
        jsonata = is_jsonata(run.definition, state)
        yield "afterItemBatcher", batches_of(state["ItemBatcher"], scope, inputs, jsonata)
