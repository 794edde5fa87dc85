"""Wait: for so many seconds, or until a moment."""

from datetime import datetime
from typing import Any

from cloudseam.languages.asl import failure
from cloudseam.languages.asl.conditions import timestamp
from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.execution import Phase, Thread
from cloudseam.languages.asl.failure import StateFailure, runtime
from cloudseam.languages.asl.json_text import is_number, text_of
from cloudseam.languages.asl.leaving import complete
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import effective_input, scope_of
from cloudseam.languages.asl.template import queried

# The longest wait, in seconds (developer guide, "Service quotas": an execution has a year).
LONGEST_WAIT = 31_536_000


def wait(run: Run, thread: Thread, state: State) -> None:
    """Waits; one whose moment has passed already is left at once."""
    until = _until(run, thread, state)
    if until <= run.now:
        waited(run, thread, state)
        return
    thread.due, thread.phase = until, Phase.WAITING


def waited(run: Run, thread: Thread, state: State) -> None:
    """Leaves the state, as its wait is over."""
    complete(run, thread, state, effective_input(run, thread, state))


def _until(run: Run, thread: Thread, state: State) -> int:
    """The moment until which it waits, in epoch milliseconds."""
    scope = scope_of(run, thread, state).of(effective_input(run, thread, state))
    if "SecondsPath" in state:
        return run.now + 1000 * _seconds_at_path(state["SecondsPath"], scope)
    if "Seconds" in state:
        seconds = queried(state["Seconds"], scope, "Seconds")
        name = f"The Seconds parameter {{}}: {text_of(seconds)}"
        return run.now + 1000 * _whole_seconds(seconds, name, failure.QUERY_EVALUATION_ERROR)
    moment = round(_moment(state, scope).timestamp() * 1000)
    if moment > run.now + 1000 * LONGEST_WAIT:
        raise runtime("The wait would end too far in the future.")
    return moment


def _seconds_at_path(path: str, scope: Scope) -> int:
    try:
        seconds = scope.look_up(path, "SecondsPath")
    except StateFailure:
        raise runtime(
            f"The SecondsPath parameter does not reference an input value: {path}"
        ) from None
    name = f"The SecondsPath parameter {{}}: {path} == {text_of(seconds)}"
    return _whole_seconds(seconds, name, failure.RUNTIME)


def _whole_seconds(seconds: Any, name: str, error: str) -> int:
    if not is_number(seconds) or seconds != int(seconds):
        raise StateFailure(error, name.format("cannot be parsed as a long value"), field="Seconds")
    if seconds < 0:
        raise StateFailure(error, name.format("references a negative value"), field="Seconds")
    if seconds > LONGEST_WAIT:
        raise StateFailure(error, name.format("is too far in the future"), field="Seconds")
    return int(seconds)


def _moment(state: State, scope: Scope) -> datetime:
    if "TimestampPath" in state:
        path = state["TimestampPath"]
        text = scope.look_up(path, "TimestampPath")
        wrong = runtime(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset "
            f"date-time format string: {path} == {text}"
        )
    else:
        text = queried(state["Timestamp"], scope, "Timestamp")
        wrong = StateFailure(
            failure.QUERY_EVALUATION_ERROR,
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time "
            f"format string: {text}",
            field="Timestamp",
        )
    moment = timestamp(text)
    if moment is None:
        raise wrong
    return moment
