"""Parallel: runs its branches side by side, and gathers their outputs."""

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.execution import Phase, Thread
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.state_input import arguments


def begin_branches(run: Run, thread: Thread, state: State) -> None:
    """Begins all branches."""
    told = arguments(run, thread, state)
    started = run.log(thread, "ParallelStateStarted")
    thread.phase, thread.results = Phase.GATHERING, {}
    thread.length = len(state["Branches"])
    for number, branch in enumerate(state["Branches"]):
        run.spawn(thread, number, branch["StartAt"], told, started, number)
