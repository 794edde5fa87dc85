"""What must hold of every execution in Amazon States Language, as code.

The numbers are those of docs/reliability.md.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from cloudseam.event import ANSWERS, CANCEL_TASKS, START, STOP_EXECUTION, TASK_COMPLETED, Answer
from cloudseam.languages.asl.execution import Status
from cloudseam.languages.asl.history import ENDS
from cloudseam.languages.asl.json_text import same
from cloudseam.stack import Stack
from cloudseam.step import Verdict
from tests.simulation.executions import DEFINITIONS, MACHINES, undisturbed
from tests.simulation.invariants import Invariants, Move, Seen
from tests.simulation.record import Log

CLOSED = ("Succeeded", "Failed", "TimedOut")
TASKS = ("LambdaFunction", "Task")
STATUS = {
    "ExecutionSucceeded": Status.SUCCEEDED,
    "ExecutionFailed": Status.FAILED,
    "ExecutionTimedOut": Status.TIMED_OUT,
    "ExecutionAborted": Status.ABORTED,
}


def _lives(seen: Seen) -> Iterator[list[Move]]:
    """The moves of each execution; a stack that had expired may be started anew."""
    for moves in seen.moves.values():
        life: list[Move] = []
        for move in moves:
            if move.after.machine not in MACHINES:
                continue
            if move.before is None and life:
                yield life
                life = []
            life.append(move)
        if life:
            yield life


def started_once(seen: Seen) -> Iterator[str]:
    """I17. An execution begins with one START and its input; no other one changes it."""
    for life in _lives(seen):
        for number, move in enumerate(life):
            stack_id, told = move.after.id, move.after.memory["execution"]
            if number == 0 and move.event.name != START:
                yield f"{stack_id} was begun by {move.event.name}"
            if number and move.event.name == START and _run_of(move.before) != told:
                yield f"{stack_id} was changed by START {move.event.id}"
            if move.event.name == START and not same(told["input"], move.event.payload["input"]):
                yield f"{stack_id} took START {move.event.id} with another input"


def ended_once(seen: Seen) -> Iterator[str]:
    """I18. An execution ends once, and nothing changes it from then on."""
    for life in _lives(seen):
        stack_id, ends = life[0].after.id, 0
        for move in life:
            was_over = move.before is not None and _has_ended(move.before)
            ends += _has_ended(move.after) and not was_over
            if was_over and _run_of(move.before) != _run_of(move.after):
                yield f"{stack_id} was changed after its end by {move.event.name}"
            if move.after.state != _run_of(move.after)["status"]:
                yield f"{stack_id} is {move.after.state}, and its execution is not"
        if ends != 1:
            yield f"{stack_id} ended {ends} times"


def as_undisturbed(seen: Seen) -> Iterator[str]:
    """I19. An execution ends as if nothing had gone wrong, unless it was stopped or timed out."""
    for life in _lives(seen):
        end = next((move for move in life if _has_ended(move.after)), None)
        if end is None:
            continue
        stack_id, told = end.after.id, _run_of(end.after)
        if told["status"] == Status.ABORTED:
            if end.event.name not in (STOP_EXECUTION, CANCEL_TASKS):
                yield f"{stack_id} was aborted by {end.event.name}"
        elif told["status"] == Status.TIMED_OUT:
            limit = DEFINITIONS[end.after.machine].get("TimeoutSeconds", 1e9)
            if told["stopped_at"] - told["started_at"] < 1000 * limit:
                yield f"{stack_id} timed out before its time"
        else:
            wanted = undisturbed(end.after.machine_digest, told["input"])
            found = tuple(told[name] for name in ("status", "output", "error", "cause"))
            if not same(list(found), list(wanted)):
                yield f"{stack_id} ended with {found!s:.300}, not with {wanted!s:.300}"


def used_once(seen: Seen) -> Iterator[str]:
    """I20. What an attempt of a task gave is used once, by the state that waited for it."""
    for life in _lives(seen):
        used: set[str] = set()
        for move in life:
            answer, before = move.event.answer, move.before
            if answer is None or before is None or move.verdict is not Verdict.APPLIED:
                continue
            if move.event.name not in ANSWERS or _is_handed_over(answer):
                continue
            if not any(task.token == answer.token for task in before.tasks):
                yield f"{before.id} used an answer of {answer.task} that it did not wait for"
            if answer.token in used:
                yield f"{before.id} used two answers of one attempt of {answer.task}"
            used.add(answer.token)
            if any(task.token == answer.token for task in move.after.tasks):
                yield f"{before.id} still waits for {answer.task}, which was answered"


def results_are_logged(seen: Seen) -> Iterator[str]:
    """I20. Of all that was used the log tells, once each."""
    for life in _lives(seen):
        told = Counter[str]()
        succeeded = 0
        for move in life:
            answer = move.event.answer
            is_taken = answer is not None and move.verdict is Verdict.APPLIED
            if is_taken and move.event.name == TASK_COMPLETED and answer is not None:
                succeeded += not _is_handed_over(answer) and "failure" not in (answer.result or {})
        for commit in {id(move.commit): move.commit for move in life}.values():
            told.update(event["type"] for event in commit.written.log)
        logged = sum(told[f"{kind}Succeeded"] for kind in TASKS)
        # One inside a distributed Map leaves no events.
        if logged > succeeded or (logged < succeeded and not told["MapRunStarted"]):
            yield f"{life[0].after.id} used {succeeded} results, and its log has {logged}"


def logged(seen: Seen) -> Iterator[str]:
    """I21. The log in the store has all events of one life, numbered from 1, and one end."""
    for log in seen.record.logs:
        if log.stack.machine in MACHINES:
            for what in (*_gaps(log), *_ends(log), *_unlike_commits(seen, log)):
                yield f"the log of {log.stack.id} {what}"


def _gaps(log: Log) -> Iterator[str]:
    numbers = [event["id"] for event in log.events]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"has the numbers {numbers}"
    if any(event["previousEventId"] >= event["id"] for event in log.events):
        yield "has an event that follows a later one"
    closed = Counter(
        event["previousEventId"]
        for event in log.events
        if event["type"] in {f"{kind}{how}" for kind in TASKS for how in CLOSED}
    )
    if twice := [number for number, times in closed.items() if times > 1]:
        yield f"has two ends of the tasks that began at {twice}"


def _ends(log: Log) -> Iterator[str]:
    types = [event["type"] for event in log.events]
    if types[:1] != ["ExecutionStarted"] or types.count("ExecutionStarted") != 1:
        yield "does not begin with the one ExecutionStarted"
    ends = [kind for kind in types if kind in ENDS]
    wanted = [kind for kind, status in STATUS.items() if status == log.stack.state]
    if ends != wanted or types[-1:] != (wanted or types[-1:]):
        yield f"ends with {ends}, and the execution is {log.stack.state}"


def _unlike_commits(seen: Seen, log: Log) -> Iterator[str]:
    """Whether it is what the commits of that life told, in order."""
    commits = [each for each in seen.record.commits[log.stack.id] if each.seen < log.seen]
    first = max(n for n, commit in enumerate(commits) if commit.before is None)
    told = [event for commit in commits[first:] for event in commit.written.log]
    if told != list(log.events):
        yield f"has {len(log.events)} events, and its commits told of {len(told)}"
    events = _run_of(commits[-1].after)["events"]
    if events != len(told):
        yield f"has {len(told)} events, and the execution counts {events}"


def cleared(seen: Seen) -> Iterator[str]:
    """I22. What is beside a row goes away after it, and not before."""
    left = {log.stack.id: log.stack for log in seen.record.logs}
    for name, ttl in seen.record.beside:
        _, kind, rest = name.split("#", 2)
        stack_id, version = rest.split("#")[:2]
        stack = left.get(stack_id)
        is_running = stack is not None and not stack.expires_at
        if not ttl and not (kind == "memory" and is_running):
            yield f"{name} is never taken away"
        is_current = kind == "log" or (stack is not None and int(version) == stack.version)
        if stack is not None and ttl and is_current and ttl * 1000 < stack.expires_at:
            yield f"{name} is taken away before its row"


def _is_handed_over(answer: Answer) -> bool:
    """Whether it tells only that a token was handed over, so that the task goes on."""
    told = (answer.result or {}).keys()
    return "submitted" in told and not told & {"output", "failure"}


def _has_ended(stack: Stack) -> bool:
    return bool(_run_of(stack)) and _run_of(stack)["status"] != Status.RUNNING


def _run_of(stack: Stack | None) -> Mapping[str, Any]:
    """The execution that a stack is, as it is kept."""
    run: Mapping[str, Any] = stack.memory.get("execution", {}) if stack is not None else {}
    return run


EXECUTION_INVARIANTS: Invariants = {
    ("I17", "started once, by its name"): started_once,
    ("I18", "ended once"): ended_once,
    ("I19", "ended as if undisturbed"): as_undisturbed,
    ("I20", "each result is used once"): used_once,
    ("I20", "each result is logged once"): results_are_logged,
    ("I21", "the log is whole"): logged,
    ("I22", "nothing stays behind"): cleared,
}
