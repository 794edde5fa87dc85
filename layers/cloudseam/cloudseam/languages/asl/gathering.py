"""The ends of threads: of the execution itself, and of branches and iterations."""

from cloudseam.languages.asl.definition import State, is_distributed
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
    if not is_distributed(state) and len(parent.results) == parent.length:
        parent.previous = thread.previous
    go_on(run, parent, state)


def go_on(run: Run, thread: Thread, state: State) -> None:
    """One branch or iteration of a thread has ended: all of them have, or others may begin."""
    if len(thread.results) + thread.failures == thread.length:
        thread.phase = Phase.GATHERED
        run.ready.appendleft(thread)
    elif state["Type"] == "Map":
        iterate(run, thread, state)


def gathered(run: Run, thread: Thread) -> None:
    """All branches or iterations of a state have ended well.

    Raises:
        StateFailure: together their results are too large, or no output can be made of them.
    """
    state = run.state_of(thread)
    numbers = map(str, range(thread.length))
    results = [thread.results[number] for number in numbers if number in thread.results]
    if is_distributed(state):
        thread.previous = run.log(thread, "MapRunSucceeded")
    if state["Type"] == "Map":
        run.log(thread, "MapStateSucceeded")
    thread.results = {}
    limit(thread.state, results)
    complete(run, thread, state, results)
