"""Pass: gives its input on, or a fixed result."""

from cloudseam.languages.asl.definition import State, is_jsonata
from cloudseam.languages.asl.execution import Thread
from cloudseam.languages.asl.leaving import complete
from cloudseam.languages.asl.payload_limit import limit
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.state_input import arguments


def pass_on(run: Run, thread: Thread, state: State) -> None:
    """Leaves at once. `Result` is no template: keys that end in `.$` stay as they are."""
    if is_jsonata(run.definition, state):
        complete(run, thread, state, thread.input)
        return
    effective = arguments(run, thread, state)
    result = state.get("Result", effective)
    limit(thread.state, result)
    complete(run, thread, state, result)
