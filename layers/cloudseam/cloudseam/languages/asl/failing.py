"""A state fails: it is tried again, its failure is caught, or all around it fails, too."""

from typing import Any

from cloudseam.languages.asl import failure
from cloudseam.languages.asl.definition import WITH_RESULT, State, is_distributed, is_jsonata
from cloudseam.languages.asl.execution import Phase, Status, Thread
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.gathering import go_on
from cloudseam.languages.asl.leaving import exit_state, merged
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.state_input import scope_of
from cloudseam.languages.asl.states.map_run import end_run, keep, kept, too_many_failures
from cloudseam.languages.asl.states.records import note_failure, note_unfinished
from cloudseam.languages.asl.states.result_writer import begin_writing, is_written
from cloudseam.languages.asl.states.wait import LONGEST_WAIT
from cloudseam.languages.asl.template import filled, queried

# What a retrier has that does not say (spec, "Retrying after error").
INTERVAL_SECONDS, MAX_ATTEMPTS, BACKOFF_RATE = 1, 3, 2.0
# Errors whose cause tells where they happened.
PLACED_ERRORS = frozenset(
    {
        failure.RUNTIME,
        failure.QUERY_EVALUATION_ERROR,
        failure.INTRINSIC_FAILURE,
        failure.RESULT_PATH_MATCH_FAILURE,
        failure.NO_CHOICE_MATCHED,
    }
)


def fail(run: Run, thread: Thread, failed: StateFailure) -> None:
    """Does what the state of a thread says about this failure of it."""
    state = run.state_of(thread)
    is_own, failed = not failed.is_placed, _placed(thread, failed)
    if is_own and failed.error == failure.QUERY_EVALUATION_ERROR:
        told: dict[str, Any] = {"error": failed.error, "cause": failed.cause}
        run.log(thread, "EvaluationFailed", **told, location=failed.field, state=thread.state)
    _drop_children(run, thread)
    _end_map_run(run, thread, failed)
    if state["Type"] not in WITH_RESULT:
        _fail_thread(run, thread, failed)
        return
    if _retried(run, thread, state, failed):
        return
    number = _catcher_of(state, failed)
    if _is_noted(run, state, failed, is_caught=number is not None):
        thread.previous = run.log(thread, f"{state['Type']}StateFailed")
    if number is None:
        _fail_thread(run, thread, failed)
    else:
        _catch(run, thread, state, failed, number)


def _is_noted(run: Run, state: State, failed: StateFailure, *, is_caught: bool) -> bool:
    """Whether there is an event that a Map or Parallel failed. As recorded from AWS there is none
    for one of JSONata that catches it, nor for a failure of the machine itself."""
    if state["Type"] == "Task" or failed.error == failure.RUNTIME:
        return False
    return not (is_caught and is_jsonata(run.definition, state))


def _placed(thread: Thread, failed: StateFailure) -> StateFailure:
    if failed.is_placed or failed.error not in PLACED_ERRORS:
        return failed
    cause = (
        f"An error occurred while executing the state '{thread.state}' (entered at the event "
        f"id #{thread.entered}). {failed.cause}"
    )
    return StateFailure(failed.error, cause, field=failed.field, is_placed=True)


def _retried(run: Run, thread: Thread, state: State, failed: StateFailure) -> bool:
    """Whether there will be another attempt. The first retrier that knows the error decides."""
    for number, retrier in enumerate(state.get("Retry", ())):
        if not failure.matches(retrier["ErrorEquals"], failed):
            continue
        done = thread.retries[number]
        if done >= retrier.get("MaxAttempts", MAX_ATTEMPTS):
            return False
        thread.retries[number] = done + 1
        delay = _delay(retrier, done)
        if retrier.get("JitterStrategy") == "FULL":
            delay *= run.chance()
        thread.phase, thread.due = Phase.RETRYING, run.now + round(1000 * delay)
        return True
    return False


def _delay(retrier: State, done: int) -> float:
    """Seconds before the next attempt, after so many of this retrier."""
    longest: float = retrier.get("MaxDelaySeconds", LONGEST_WAIT)
    try:
        delay: float = (
            retrier.get("IntervalSeconds", INTERVAL_SECONDS)
            * retrier.get("BackoffRate", BACKOFF_RATE) ** done
        )
    except OverflowError:
        return longest
    return min(delay, longest)


def _catcher_of(state: State, failed: StateFailure) -> int | None:
    """The number of the catcher that has the failure: the first that knows it."""
    for number, catcher in enumerate(state.get("Catch", ())):
        if failure.matches(catcher["ErrorEquals"], failed):
            return number
    return None


def _catch(run: Run, thread: Thread, state: State, failed: StateFailure, number: int) -> None:
    # One that says nothing at all, as a bare SendTaskFailure, has null for both.
    cause = failed.cause if failed.error is None else failed.cause or ""
    told = {"Error": failed.error, "Cause": cause}
    try:
        _leave_for(run, thread, state, state["Catch"][number], told, f"Catch[{number}]")
    except StateFailure as again:
        _fail_thread(run, thread, _placed(thread, again))


def _leave_for(
    run: Run, thread: Thread, state: State, catcher: State, told: dict[str, Any], place: str
) -> None:
    """Leaves the state for the one that the catcher names."""
    assigned, output = None, told
    if is_jsonata(run.definition, state):
        states = {"input": thread.input, "errorOutput": told}
        scope = scope_of(run, thread, state, states=states)
        if "Assign" in catcher:
            assigned = queried(catcher["Assign"], scope, f"{place}/Assign")
        if "Output" in catcher:
            output = queried(catcher["Output"], scope, f"{place}/Output")
    else:
        scope = scope_of(run, thread, state).of(told)
        if "Assign" in catcher:
            assigned = filled(catcher["Assign"], scope)
        output = merged(catcher, thread.input, told)
    exit_state(run, thread, state, output, assigned, catcher["Next"])


def _fail_thread(run: Run, thread: Thread, failed: StateFailure) -> None:
    if thread.parent is None:
        kind = "ExecutionFailed"
        run.stop(Status.FAILED, kind, failed.error, failed.cause, thread.previous)
        return
    parent = run.parent_of(thread)
    state = run.state_of(parent)
    thread.phase = Phase.FAILED
    if is_distributed(state):
        note_failure(parent, thread, state, run.now, failed)
        if kept(parent)["failed_items"] <= parent.tolerated:
            run.drop(thread)
            go_on(run, parent, state)
        else:
            _exceed(run, parent, state)
        return
    if state["Type"] == "Map":
        parent.previous = run.log(
            thread, "MapIterationFailed", name=parent.state, index=thread.index
        )
    else:
        parent.previous = thread.previous
    outer = StateFailure(failed.error, failed.cause, is_placed=True, also=failed.also)
    fail(run, parent, outer)


def _end_map_run(run: Run, thread: Thread, failed: StateFailure) -> None:
    if thread.map_run is not None:
        thread.previous = run.log(thread, "MapRunFailed", error=failed.error, cause=failed.cause)
        end_run(run, thread, Status.FAILED)


def _exceed(run: Run, thread: Thread, state: State) -> None:
    """More items of a distributed Map have failed than it tolerates. What it has is still
    written."""
    if is_written(state):
        note_unfinished(thread, run.children_of(thread), run.now)
        keep(thread, exceeded=True)
        results = thread.results
        _drop_children(run, thread)
        thread.results = results
        try:
            begin_writing(run, thread, state)
        except StateFailure as failed:
            fail(run, thread, failed)
    else:
        fail(run, thread, too_many_failures())


def _drop_children(run: Run, thread: Thread) -> None:
    """Ends what still runs under a state that failed."""
    thread.waiting_items, thread.results = [], {}
    # The one that failed comes last, as AWS tells of it.
    for child in sorted(run.children_of(thread), key=lambda child: child.phase is Phase.FAILED):
        _drop_children(run, child)
        end_run(run, child, Status.ABORTED)
        run.drop(child)
        if run.state_of(child)["Type"] == "Task":
            run.log(child, "TaskStateAborted")
        if run.state_of(thread)["Type"] == "Map" and child.phase is not Phase.FAILED:
            run.log(child, "MapIterationAborted", name=thread.state, index=child.index)
