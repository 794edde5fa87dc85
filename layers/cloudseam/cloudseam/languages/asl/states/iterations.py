"""The iterations of a Map: what each of them gets, and how many run at once."""

from typing import Any

from cloudseam.languages.asl.definition import State, is_distributed, is_jsonata, processor
from cloudseam.languages.asl.execution import Phase, Thread
from cloudseam.languages.asl.failure import DATA_LIMIT_EXCEEDED, StateFailure
from cloudseam.languages.asl.json_text import size_of
from cloudseam.languages.asl.resource import WRITER
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.state_input import effective_input, scope_of
from cloudseam.languages.asl.states.batches import batches_of
from cloudseam.languages.asl.states.map_run import apply_limits, keep
from cloudseam.languages.asl.template import filled, queried

# How many bytes wait for their turn in a distributed Map. All of it is one row with its pieces.
MAX_WAITING_BYTES = 600_000
# How many bytes the iterations that run were given: each keeps its input in several places.
MAX_RUNNING_BYTES = 150_000


def begin(run: Run, thread: Thread, state: State, items: list[Any]) -> None:
    """Begins as many iterations as may run at once."""
    effective = effective_input(run, thread, state)
    if is_distributed(state):
        keep(thread, items=len(items))
        apply_limits(thread)
    thread.waiting_items = _waiting(run, thread, state, items, effective)
    thread.length, thread.results, thread.failures = len(thread.waiting_items), {}, 0
    if thread.waiting_items:
        thread.phase = Phase.GATHERING
        iterate(run, thread, state)
    else:
        thread.phase = Phase.GATHERED
        run.ready.appendleft(thread)


def iterate(run: Run, thread: Thread, state: State) -> None:
    """Begins iterations, as many as may run at once."""
    children = run.children_of(thread)
    running, size = len(children), sum((child.begun or {}).get("size", 0) for child in children)
    start_at = processor(state)["StartAt"]
    while thread.waiting_items and running < thread.at_once and size < MAX_RUNNING_BYTES:
        index, value, *selected = thread.waiting_items.pop(0)
        told = selected[0] if selected else value
        previous = thread.previous
        if not is_distributed(state):
            previous = run.log(thread, "MapIterationStarted", name=thread.state, index=index)
        item = {"Index": index, "Value": value}
        child = run.spawn(thread, -1, start_at, told, previous, index, item)
        if is_distributed(state):
            own = size_of(told)
            size += own
            other = {"input": told} if selected and WRITER in state else {}
            child.begun = {"at": run.now, "size": own, **other}
        running += 1


def _waiting(
    run: Run, thread: Thread, state: State, items: list[Any], effective: Any
) -> list[list[Any]]:
    """What is to be begun: its number, its item, and what it gets if that is something else.

    Raises:
        StateFailure: it is more than an execution can keep.
    """
    inputs = selected_of(run, thread, state, items, effective)
    if "ItemBatcher" in state:
        scope = scope_of(run, thread, state).of(effective)
        items = inputs = batches_of(
            state["ItemBatcher"], scope, inputs, is_jsonata(run.definition, state)
        )
    waiting = [
        [index, value] if told is value else [index, value, told]
        for index, (value, told) in enumerate(zip(items, inputs, strict=True))
    ]
    if not is_distributed(state):
        return waiting
    size = size_of(waiting)
    keep(thread, bytes=size)
    if size > MAX_WAITING_BYTES:
        raise StateFailure(
            DATA_LIMIT_EXCEEDED,
            f"The items of the Map state '{thread.state}' have more than {MAX_WAITING_BYTES} "
            "bytes. Here a Map is one execution, which has to keep all of them.",
        )
    return waiting


def selected_of(
    run: Run, thread: Thread, state: State, items: list[Any], effective: Any
) -> list[Any]:
    """What the selector makes of each item; without one the items themselves."""
    selector = state.get("ItemSelector", state.get("Parameters"))
    if selector is None:
        return items
    inputs = []
    for index, value in enumerate(items):
        item = {"Index": index, "Value": value}
        scope = scope_of(run, thread, state, item=item).of(effective)
        if is_jsonata(run.definition, state):
            inputs.append(queried(selector, scope, "ItemSelector"))
        else:
            inputs.append(filled(selector, scope))
    return inputs
