"""The ends of threads: of the execution itself, and of branches and iterations."""

from typing import Any

from cloudseam.languages.asl.definition import State, is_distributed
from cloudseam.languages.asl.execution import Phase, Status, Thread
from cloudseam.languages.asl.failure import DATA_LIMIT_EXCEEDED, StateFailure
from cloudseam.languages.asl.history import payload
from cloudseam.languages.asl.json_text import size_of
from cloudseam.languages.asl.leaving import complete
from cloudseam.languages.asl.payload_limit import limit
from cloudseam.languages.asl.resource import WRITER
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.states.iterations import iterate
from cloudseam.languages.asl.states.map_run import end_run, keep, kept
from cloudseam.languages.asl.states.records import note_success
from cloudseam.languages.asl.states.result_writer import begin_writing, is_written, shaped

# Of all that waits in a distributed Map or was gathered by it: an execution has to keep it.
MAX_RUN_BYTES = 900_000
# Of what is kept of an iteration beside its output.
RECORD_BYTES = 80


def ended(run: Run, thread: Thread) -> None:
    """A thread has come to its end: the execution's, or one that its parent waits for."""
    run.drop(thread)
    if thread.parent is None:
        execution = run.execution
        execution.output, execution.status = thread.input, Status.SUCCEEDED
        execution.stopped_at, execution.due = run.now, 0
        told = payload("output", thread.input)
        run.history.log("ExecutionSucceeded", thread.previous, **told)
        return
    parent = run.parent_of(thread)
    state = run.state_of(parent)
    if is_distributed(state):
        note_success(parent, thread, state, run.now)
        keep(parent, bytes=kept(parent)["bytes"] + size_of(thread.input) + RECORD_BYTES)
        go_on(run, parent, state)
        return
    parent.results[str(thread.index)] = thread.input
    if state["Type"] == "Map":
        thread.previous = run.log(
            thread, "MapIterationSucceeded", name=parent.state, index=thread.index
        )
    if len(parent.results) == parent.length:
        parent.previous = thread.previous
    go_on(run, parent, state)


def go_on(run: Run, thread: Thread, state: State) -> None:
    """One branch or iteration of a thread has ended: all of them have, or others may begin."""
    if len(thread.results) + thread.failures == thread.length or _is_overfull(thread):
        thread.phase = Phase.GATHERED
        run.ready.appendleft(thread)
    elif state["Type"] == "Map":
        iterate(run, thread, state)


def gathered(run: Run, thread: Thread) -> None:
    """All branches or iterations of a state have ended well, or as many of them as have to.

    Raises:
        StateFailure: together their results are too large, or no output can be made of them.
    """
    state = run.state_of(thread)
    if _is_overfull(thread):
        raise StateFailure(
            DATA_LIMIT_EXCEEDED,
            f"What the Map state '{thread.state}' waits for and has gathered has more than "
            f"{MAX_RUN_BYTES} bytes. Here a Map is one execution, which has to keep all of it.",
        )
    if is_written(state) and "result" not in kept(thread):
        begin_writing(run, thread, state)
        return
    result = _result(thread, state)
    if is_distributed(state):
        thread.previous = run.log(thread, "MapRunSucceeded")
    if state["Type"] == "Map":
        run.log(thread, "MapStateSucceeded")
    end_run(run, thread, Status.SUCCEEDED)
    thread.results = {}
    limit(thread.state, result)
    complete(run, thread, state, result)


def _result(thread: Thread, state: State) -> Any:
    if is_written(state):
        return kept(thread)["result"]
    if WRITER in state:
        return shaped(thread, state)
    numbers = map(str, range(thread.length))
    return [thread.results[number] for number in numbers if number in thread.results]


def _is_overfull(thread: Thread) -> bool:
    return thread.map_run is not None and thread.map_run["bytes"] > MAX_RUN_BYTES
