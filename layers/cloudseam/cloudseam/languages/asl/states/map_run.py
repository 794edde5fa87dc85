"""The run of a distributed Map: what is kept of it, and what it asks of the outside."""

from typing import Any

from cloudseam.languages.asl import failure
from cloudseam.languages.asl.definition import State, is_jsonata
from cloudseam.languages.asl.execution import Phase, Thread, Work
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.template import filled, queried

# The fields of a Map that need the outside.
READER, WRITER = "ItemReader", "ResultWriter"
FAILURES = {READER: failure.ITEM_READER_FAILED, WRITER: failure.RESULT_WRITER_FAILED}


def begin_run(run: Run, thread: Thread, state: State) -> None:
    """Gives the run its name. What is kept: its `arn`; how many `failed_items` there are, of which
    a batch may have several; the records of iterations that `failed`; and how many `bytes` wait or
    have been gathered."""
    machine = run.execution.facts["StateMachine"]["Id"].replace(":stateMachine:", ":mapRun:")
    arn = f"{machine}/{state.get('Label', thread.state)}:{run.token()}"
    thread.previous = run.log(thread, "MapRunStarted", mapRunArn=arn)
    thread.map_run = {"arn": arn, "failed_items": 0, "failed": {}, "bytes": 0}


def kept(thread: Thread) -> dict[str, Any]:
    """What is kept of the run. It is replaced, by `keep`, and never changed in place."""
    if thread.map_run is None:
        raise AssertionError("a distributed Map that has begun has a run")
    return thread.map_run


def keep(thread: Thread, **told: Any) -> None:
    """Keeps something else of the run."""
    thread.map_run = {**kept(thread), **told}


def parameters(run: Run, state: State, scope: Scope, name: str) -> dict[str, Any]:
    """The parameters of the call that `ItemReader` or `ResultWriter` describes.

    Raises:
        StateFailure: they cannot be evaluated.
    """
    fields = state[name]
    if is_jsonata(run.definition, state):
        told = queried(fields.get("Arguments", {}), scope, f"{name}/Arguments")
    else:
        told = filled(fields.get("Parameters", {}), scope)
    if not isinstance(told, dict):
        raise StateFailure(FAILURES[name], "The parameters are no object.")
    return told


def ask(run: Run, thread: Thread, state: State, name: str, arguments: dict[str, Any]) -> None:
    """Has something read or written, for the field of that name."""
    resource = state[name]["Resource"]
    thread.token, thread.phase = run.token(), Phase.TASK
    thread.task = {"resource": resource, "arguments": arguments, "timeout": None, "field": name}
    run.work.append(Work(thread.token, resource, arguments))


def field_of(thread: Thread) -> str:
    """The field of a Map for which something is read or written; empty for any other task."""
    return str((thread.task or {}).get("field", ""))


def refusal(thread: Thread, cause: str | None) -> StateFailure:
    """The failure of a Map whose items could not be read, or its results not written."""
    return StateFailure(FAILURES[field_of(thread)], cause, is_placed=True)


def too_many_failures() -> StateFailure:
    """The failure of a Map of whose items more have failed than it tolerates."""
    return StateFailure(
        failure.EXCEED_TOLERATED_FAILURE_THRESHOLD,
        "The specified tolerated failure threshold was exceeded",
        is_placed=True,
    )
