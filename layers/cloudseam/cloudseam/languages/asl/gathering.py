"""The ends of threads: of the execution itself, and of branches and iterations."""

from cloudseam.languages.asl.definition import is_distributed
from cloudseam.languages.asl.execution import Phase, Status, Thread
from cloudseam.languages.asl.history import payload
from cloudseam.languages.asl.leaving import complete, limit
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.states.map import iterate


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
    parent.results[str(thread.index)] = thread.input
    if state["Type"] == "Map" and not is_distributed(state):
        thread.previous = run.log(
            thread, "MapIterationSucceeded", name=parent.state, index=thread.index
        )
    if len(parent.results) == parent.length:
        if not is_distributed(state):
            parent.previous = thread.previous
        parent.phase = Phase.GATHERED
        run.ready.appendleft(parent)
    elif state["Type"] == "Map":
        iterate(run, parent, state)


def gathered(run: Run, thread: Thread) -> None:
    """All branches or iterations of a state have ended well.

    Raises:
        StateFailure: together their results are too large, or no output can be made of them.
    """
    state = run.state_of(thread)
    results = [thread.results[str(number)] for number in range(thread.length)]
    if is_distributed(state):
        thread.previous = run.log(thread, "MapRunSucceeded")
    if state["Type"] == "Map":
        run.log(thread, "MapStateSucceeded")
    thread.results = {}
    limit(thread.state, results)
    complete(run, thread, state, results)
