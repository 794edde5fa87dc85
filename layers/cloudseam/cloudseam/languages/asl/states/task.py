"""Task: has work done outside, and waits for the answer."""

from typing import Any

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.execution import Phase, Thread, Work
from cloudseam.languages.asl.failure import runtime
from cloudseam.languages.asl.history import payload
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.payload_limit import limit
from cloudseam.languages.asl.resource import integration_of, task_kind
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.state_input import arguments, seconds

PREFIXES = {"Lambda": "LambdaFunction", "Activity": "Activity", "Task": "Task"}


def ask(run: Run, thread: Thread, state: State) -> None:
    """Asks for the work. A worker of an activity comes for it, anything else is begun at once."""
    thread.token = run.token()
    told = arguments(run, thread, state)
    limit(thread.state, told)
    resource = state["Resource"]
    if task_kind(resource) == "Activity" and run.is_missing(resource):
        raise runtime(f"The activity {resource} does not exist.")
    timeout = seconds(run, thread, state, "TimeoutSeconds")
    heartbeat = seconds(run, thread, state, "HeartbeatSeconds")
    thread.phase = Phase.TASK
    thread.heartbeat_ms = round(1000 * heartbeat) if heartbeat else 0
    thread.task = {"resource": resource, "timeout": timeout, "arguments": told}
    log_task(run, thread, "Scheduled", **_scheduled(run, resource, told, timeout, heartbeat))
    if task_kind(resource) != "Activity":
        log_task(run, thread, "Started")
        arm(run, thread)
    elif timeout:
        thread.timeout_due = run.now + round(1000 * timeout)
    run.work.append(Work(thread.token, resource, told, timeout, heartbeat))


def _scheduled(
    run: Run, resource: str, told: Any, timeout: float | None, heartbeat: float | None
) -> dict[str, Any]:
    """The details of the event that says that work was asked for."""
    kind = task_kind(resource)
    if kind == "Lambda":
        details: dict[str, Any] = {"resource": resource, **payload("input", told)}
    elif kind == "Activity":
        details = {"resource": resource, **payload("input", told)}
        details["heartbeatInSeconds"] = heartbeat
    else:
        named = integration_of(resource)
        region = run.execution.facts["StateMachine"]["Id"].split(":")[3]
        details = {"resourceType": named.resource_type, "resource": named.resource}
        details |= {"region": region}
        details |= {"parameters": text_of(told), "heartbeatInSeconds": heartbeat}
    details["timeoutInSeconds"] = timeout
    return details


def waiting_for(run: Run, token: str) -> Thread | None:
    """The thread that waits for the answer of a task; None if none does any more."""
    if run.is_over or not token:
        return None
    for thread in run.execution.threads.values():
        if thread.phase is Phase.TASK and thread.token == token:
            return thread
    return None


def arm(run: Run, thread: Thread) -> None:
    """Begins the times after which the task has failed."""
    timeout = (thread.task or {}).get("timeout")
    if timeout:
        thread.timeout_due = run.now + round(1000 * timeout)
    if thread.heartbeat_ms:
        thread.heartbeat_due = run.now + thread.heartbeat_ms


def is_away(thread: Thread) -> bool:
    """Whether somebody outside has the task, so that nothing is sent for it any more."""
    return bool((thread.task or {}).get("is_away"))


def send_away(thread: Thread) -> None:
    """Notes that somebody outside has it."""
    thread.task = {**(thread.task or {}), "is_away": True}


def disarm(thread: Thread) -> None:
    """Ends them: the task has ended."""
    thread.timeout_due = thread.heartbeat_due = 0
    thread.task = None


def log_task(run: Run, thread: Thread, what: str, **details: Any) -> None:
    """Adds an event of a task, under the name that its kind of resource gives."""
    resource = (thread.task or {})["resource"]
    kind = task_kind(resource)
    if kind == "Task" and what != "Scheduled":
        named = integration_of(resource)
        details = {"resourceType": named.resource_type, "resource": named.resource, **details}
    thread.previous = run.log(thread, f"{PREFIXES[kind]}{what}", **details)
