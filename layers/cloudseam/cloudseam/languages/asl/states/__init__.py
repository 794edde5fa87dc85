"""The states, each with what it does once it has been entered."""

from collections.abc import Callable

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.execution import Thread
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.states.choice import choose
from cloudseam.languages.asl.states.end import fail, succeed
from cloudseam.languages.asl.states.map import begin_iterations
from cloudseam.languages.asl.states.parallel import begin_branches
from cloudseam.languages.asl.states.pass_on import pass_on
from cloudseam.languages.asl.states.task import ask
from cloudseam.languages.asl.states.wait import wait

# Each raises StateFailure where the state fails.
STATES: dict[str, Callable[[Run, Thread, State], None]] = {
    "Choice": choose,
    "Fail": fail,
    "Map": begin_iterations,
    "Parallel": begin_branches,
    "Pass": pass_on,
    "Succeed": succeed,
    "Task": ask,
    "Wait": wait,
}
