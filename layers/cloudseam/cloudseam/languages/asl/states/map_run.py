"""The run of a distributed Map: what is kept of it, and what it asks of the outside."""

from typing import Any

from cloudseam.languages.asl import failure
from cloudseam.languages.asl.definition import State, is_jsonata
from cloudseam.languages.asl.execution import Phase, Status, Thread, Work
from cloudseam.languages.asl.failure import StateFailure, runtime
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.resource import READER, WRITER
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import number
from cloudseam.languages.asl.template import filled, queried

FAILURES = {READER: failure.ITEM_READER_FAILED, WRITER: failure.RESULT_WRITER_FAILED}
# How many iterations run at once: they are one row with its pieces, and so are their tasks.
MOST_AT_ONCE = 400


def begin_run(run: Run, thread: Thread, state: State, scope: Scope) -> None:
    """Gives the run its name, which has the execution's so that it can be found, and its limits.

    What is kept of it: its `arn` and `limits`; how many `items` there are, in how many iterations
    that `succeeded`, and how many items of those that did and did not, of which a batch may have
    several; the records of iterations that `failed`; and how many `bytes` wait or were gathered.

    Raises:
        StateFailure: a limit is no number.
    """
    facts = run.execution.facts
    machine = facts["StateMachine"]["Id"].replace(":stateMachine:", ":mapRun:")
    name = f"{facts['Execution']['Name']}-{run.token()}"
    arn = f"{machine}/{state.get('Label', thread.state)}:{name}"
    thread.previous = run.log(thread, "MapRunStarted", mapRunArn=arn)
    thread.map_run = {
        **{"arn": arn, "limits": {}, "items": 0, "failed": {}, "bytes": 0},
        **{"succeeded": 0, "succeeded_items": 0, "failed_items": 0},
    }
    _tell(run, arn, status=Status.RUNNING.value, started=run.now, stopped=0)
    percentage = number(state, scope, "ToleratedFailurePercentage", whole=False)
    if percentage is not None and percentage > 100:
        raise runtime(f"ToleratedFailurePercentage is above 100: {text_of(percentage)}")
    limits = {
        "maxConcurrency": thread.at_once,
        "toleratedFailureCount": number(state, scope, "ToleratedFailureCount", whole=True),
        "toleratedFailurePercentage": percentage,
    }
    keep(thread, limits=limits)


def apply_limits(thread: Thread) -> None:
    """Has the run keep to its limits: none of its items may fail, unless they say so. Of a number
    and a percentage the lower one counts."""
    limits, items = kept(thread)["limits"], kept(thread)["items"]
    count, percentage = limits["toleratedFailureCount"], limits["toleratedFailurePercentage"]
    tolerated = [count, None if percentage is None else items * percentage / 100]
    thread.tolerated = min((each for each in tolerated if each is not None), default=0)
    thread.at_once = min(limits["maxConcurrency"] or MOST_AT_ONCE, MOST_AT_ONCE)


def end_run(run: Run, thread: Thread, status: Status) -> None:
    """Ends the run of a distributed Map, and keeps how it went."""
    if thread.map_run is not None:
        arn = kept(thread)["arn"]
        _tell(run, arn, status=status.value, stopped=run.now, **counts(thread, status))
        thread.map_run = None


def counts(thread: Thread, status: Status) -> dict[str, Any]:
    """How far a run is, as DescribeMapRun has it, with its `limits`: its items and its iterations,
    each as if it were an execution."""
    told = kept(thread)
    pending = [each[-1] for each in thread.waiting_items]
    is_batched = bool(pending) and told["items"] != thread.length
    pending_items = sum(len(each["Items"]) if is_batched else 1 for each in pending)
    is_written = "result" in told
    return {
        "limits": told["limits"],
        "itemCounts": _counts(
            told["items"],
            pending_items,
            told["succeeded_items"],
            told["failed_items"],
            status,
            is_written,
        ),
        "executionCounts": _counts(
            thread.length, len(pending), told["succeeded"], thread.failures, status, is_written
        ),
    }


def _counts(
    total: int, pending: int, succeeded: int, failed: int, status: Status, is_written: bool
) -> dict[str, int]:
    open_, is_over = total - succeeded - failed, status is not Status.RUNNING
    return {
        "pending": 0 if is_over else pending,
        "running": 0 if is_over else open_ - pending,
        "succeeded": succeeded,
        "failed": failed,
        "timedOut": 0,
        "aborted": open_ if is_over else 0,
        "total": total,
        "resultsWritten": total if is_written else 0,
    }


def _tell(run: Run, arn: str, **told: Any) -> None:
    known = run.execution.map_runs
    run.execution.map_runs = {**known, arn: {**known.get(arn, {}), **told}}


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
