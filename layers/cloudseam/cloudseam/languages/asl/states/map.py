"""Map: runs its processor for each item, so many at once, and gathers their outputs."""

from typing import Any

from cloudseam.languages.asl import failure
from cloudseam.languages.asl.definition import State, is_distributed, is_jsonata, processor
from cloudseam.languages.asl.execution import Phase, Thread
from cloudseam.languages.asl.failure import StateFailure, runtime
from cloudseam.languages.asl.json_text import is_number, text_of
from cloudseam.languages.asl.jsonata_query import unexpected
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import effective_input, scope_of
from cloudseam.languages.asl.template import filled, queried

# How many iterations of an inline Map run at once (developer guide, "Map state (inline)").
INLINE_AT_ONCE = 40


def begin_iterations(run: Run, thread: Thread, state: State) -> None:
    """Begins as many iterations as may run at once."""
    effective = effective_input(run, thread, state)
    scope = scope_of(run, thread, state).of(effective)
    jsonata = is_jsonata(run.definition, state)
    items = _queried_items(state, scope, effective) if jsonata else _items_at_path(state, scope)
    at_once = _at_once(state, scope)
    started = run.log(thread, "MapStateStarted", length=len(items))
    if is_distributed(state):
        arn = run.execution.facts["StateMachine"]["Id"].replace(":stateMachine:", ":mapRun:")
        run_arn = f"{arn}/{thread.state}:{run.token()}"
        started = run.log(thread, "MapRunStarted", started, mapRunArn=run_arn)
        at_once = at_once or len(items)
        thread.tolerated = _tolerated(state, scope, len(items))
    thread.previous = started
    thread.at_once = at_once or INLINE_AT_ONCE
    thread.length, thread.results, thread.failures = len(items), {}, 0
    inputs = _inputs(run, thread, state, items, effective)
    thread.waiting_items = [
        [number, value, told]
        for number, (value, told) in enumerate(zip(items, inputs, strict=True))
    ]
    if items:
        thread.phase = Phase.GATHERING
        iterate(run, thread, state)
    else:
        thread.phase = Phase.GATHERED
        run.ready.appendleft(thread)


def iterate(run: Run, thread: Thread, state: State) -> None:
    """Begins iterations, as many as may run at once."""
    running = len(run.children_of(thread))
    start_at = processor(state)["StartAt"]
    while thread.waiting_items and running < thread.at_once:
        number, value, told = thread.waiting_items.pop(0)
        previous = thread.previous
        if not is_distributed(state):
            previous = run.log(thread, "MapIterationStarted", name=thread.state, index=number)
        run.spawn(thread, -1, start_at, told, previous, number, {"Index": number, "Value": value})
        running += 1


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
        raise runtime(f'Reference path "{path}" must point to array.')
    return items


def _at_once(state: State, scope: Scope) -> int:
    """How many iterations may run at once; 0 where the state does not say."""
    return int(_number(state, scope, "MaxConcurrency", whole=True) or 0)


def _tolerated(state: State, scope: Scope, items: int) -> float:
    """How many iterations of a distributed Map may fail: none, unless the state says so. Of a
    number and a percentage the lower one counts."""
    count = _number(state, scope, "ToleratedFailureCount", whole=True)
    percentage = _number(state, scope, "ToleratedFailurePercentage", whole=False)
    if percentage is not None and percentage > 100:
        raise runtime(f"ToleratedFailurePercentage is above 100: {text_of(percentage)}")
    limits = [count, None if percentage is None else items * percentage / 100]
    return min((limit for limit in limits if limit is not None), default=0)


def _number(state: State, scope: Scope, name: str, *, whole: bool) -> float | None:
    """A field that is a number, or leads to one; None where the state does not have it."""
    path = state.get(f"{name}Path")
    if path is not None:
        told = _numeric(scope.look_up(path, f"{name}Path"))
        if not is_number(told) or (whole and told != int(told)):
            shown = told if isinstance(told, str) else text_of(told)
            kind = "integer" if whole else "number"
            raise runtime(
                f'The {name}Path field refers to value "{shown}" which is not a valid {kind}: '
                f"{path}"
            )
    elif name in state:
        told = queried(state[name], scope, name)
        if not is_number(told):
            raise unexpected(str(state[name]), name, "number", told)
    else:
        return None
    if told < 0:
        raise runtime(f"Expected non-negative integer for {name}, got {text_of(told)}")
    number: float = told
    return number


def _numeric(value: Any) -> Any:
    """A text of digits as the number that AWS takes it for, as recorded."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _inputs(run: Run, thread: Thread, state: State, items: list[Any], effective: Any) -> list[Any]:
    """What each iteration gets: its item, or what the selector makes of it."""
    selector = state.get("ItemSelector", state.get("Parameters"))
    if selector is None:
        return items
    inputs = []
    for number, value in enumerate(items):
        item = {"Index": number, "Value": value}
        scope = scope_of(run, thread, state, item=item).of(effective)
        if is_jsonata(run.definition, state):
            inputs.append(queried(selector, scope, "ItemSelector"))
        else:
            inputs.append(filled(selector, scope))
    return inputs
