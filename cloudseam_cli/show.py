"""`cloudseam show`: all there is to know of one stack."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cloudseam_cli.target import add_target_arguments, find_target
from cloudseam_cli.text import columns, printable

if TYPE_CHECKING:
    from cloudseam.stack import Stack
    from cloudseam_cli.actions_progress import Progress
    from cloudseam_cli.execution_glance import Glance

MASK = "***"
VERSION_CHARACTERS = 12
EPILOG = """\
Values of metadata whose keys SENSITIVE_METADATA_KEYS lists are shown as ***. Of the context of a
machine of actions in Python, and of input and output of an execution in Amazon States Language,
the size is shown, and nothing that is in it; `cloudseam history STACK --log` shows what went in
and out of each state.

examples:
  cloudseam show my-branch
  cloudseam show my-branch --json | jq .outputs

exit codes: 0 shown; 1 there is no such stack; 2 wrong options, or the store does not answer
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("stack", metavar="STACK", help="id of the stack")
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    add_target_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Shows it, or says that it is not there."""
    from cloudseam_cli.stack_store import load_one, stacks_of

    target = find_target(args)
    stack = load_one(stacks_of(target), args.stack)
    if stack is None or stack.is_removed:
        print(f"cloudseam show: {_missing(args.stack, stack)}", file=sys.stderr)
        return 1
    known = view(stack, target.sensitive_keys)
    print(json.dumps(known, indent=2) if args.json else "\n".join(lines(known)))
    return 0


def view(stack: Stack, sensitive_keys: frozenset[str]) -> dict[str, Any]:
    """A stack as JSON, without tokens and sensitive values. Times are epoch milliseconds."""
    from cloudseam_cli.actions_progress import Progress
    from cloudseam_cli.execution_glance import Glance

    progress, execution = Progress.of(stack), Glance.of(stack)
    return {
        "id": stack.id,
        "machine": stack.machine,
        "machineVersion": stack.machine_digest or None,
        "state": stack.state,
        "previousState": stack.previous_state,
        "tasks": [
            {
                "name": task.name,
                "status": task.status.value,
                "attempt": task.attempt,
                "errorMessage": task.error_message,
                "askedAt": task.asked_at or None,
                "deadline": task.deadline or None,
                "retryAt": task.retry_at or None,
            }
            for task in stack.tasks
        ],
        "metadata": {
            key: MASK if key in sensitive_keys else value for key, value in stack.metadata.items()
        },
        "outputs": {task: dict(outputs) for task, outputs in stack.outputs.items()},
        **({} if progress is None else {"progress": _progress(progress)}),
        **({} if execution is None else {"execution": _execution(execution)}),
        "createdAt": stack.created_at,
        "updatedAt": stack.updated_at,
        "version": stack.version,
    }


def _progress(progress: Progress) -> dict[str, Any]:
    return {
        "transition": None if progress.is_waiting else [progress.came_from, progress.event],
        "steps": progress.steps,
        "retries": progress.retries,
        "startedAt": progress.started_at,
        "delaySeconds": progress.delay,
        "context": {
            "bytes": progress.context_bytes,
            "keys": progress.context_keys,
            "stored": progress.context_key,
        },
    }


def _execution(execution: Glance) -> dict[str, Any]:
    return {
        "startedAt": execution.started_at,
        "stoppedAt": execution.stopped_at or None,
        "places": [{"state": state, "about": about} for state, about in execution.places],
        "wakesAt": execution.wakes_at or None,
        "events": execution.events,
        "inputBytes": execution.input_bytes,
        "outputBytes": execution.output_bytes,
        "error": execution.error,
        "cause": execution.cause,
    }


def lines(known: Mapping[str, Any]) -> Iterator[str]:
    """A view as text."""
    from cloudseam_cli.moment import moment

    yield from columns(
        [
            ("stack", known["id"]),
            ("machine", known["machine"]),
            ("version", short_version(known["machineVersion"] or "")),
            ("state", known["state"]),
            ("before", known["previousState"] or "-"),
            ("created", moment(known["createdAt"])),
            ("updated", moment(known["updatedAt"])),
        ]
    )
    if "progress" in known:
        yield from _section("progress", list(_progress_rows(known["progress"], known["state"])))
    if "execution" in known:
        yield from _section("execution", list(_execution_rows(known["execution"])))
    yield from _section("tasks", [_task_row(task) for task in known["tasks"]])
    for task in known["tasks"]:
        if task["errorMessage"]:
            yield f"\nerror of {printable(task['name'])}"
            yield from (f"  {line}" for line in printable(task["errorMessage"]).splitlines())
    yield from _section("metadata", _rows(known["metadata"]))
    for task, outputs in known["outputs"].items():
        yield from _section(f"outputs of {printable(task)}", _rows(outputs))


def _progress_rows(progress: Mapping[str, Any], state: str) -> Iterator[tuple[str, str]]:
    from cloudseam_cli.moment import moment

    yield "transition", _transition(progress["transition"], state)
    yield "steps", f"{progress['steps']}"
    if progress["retries"]:
        yield "retries", f"{progress['retries']}"
    yield "started", moment(progress["startedAt"])
    if progress["delaySeconds"]:
        yield "delay", f"{progress['delaySeconds']:g} s before each transition"
    context = progress["context"]
    where = f"in {context['stored']}" if context["stored"] else f"keys: {context['keys']}"
    yield "context", f"{context['bytes']:,} bytes, {where}"


def _execution_rows(execution: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    from cloudseam_cli.moment import moment

    yield "started", moment(execution["startedAt"])
    if execution["stoppedAt"]:
        yield "stopped", moment(execution["stoppedAt"])
    for place in execution["places"]:
        yield "in", f"{place['state']}: {place['about']}"
    if execution["wakesAt"]:
        yield "goes on", f"at {moment(execution['wakesAt'])}, if nothing comes before"
    yield "events", f"{execution['events']:,}"
    yield "input", f"{execution['inputBytes']:,} bytes"
    if execution["outputBytes"] is not None:
        yield "output", f"{execution['outputBytes']:,} bytes"
    for name in ("error", "cause"):
        if execution[name]:
            yield name, execution[name]


def _transition(made: list[str] | None, state: str) -> str:
    from cloudseam.languages.python_actions.definition import PSEUDO_FINAL, PSEUDO_INIT

    if made is None:
        return "none: it waits for an event from outside"
    came_from, event = made
    if event == PSEUDO_INIT:
        return f"start → {state}"
    return f"{state} → end" if event == PSEUDO_FINAL else f"{came_from} → {state} by {event}"


def _task_row(task: Mapping[str, Any]) -> tuple[str, str, str]:
    from cloudseam_cli.moment import moment

    facts = [f"attempt {task['attempt']}"] if task["attempt"] > 1 else []
    if task["deadline"] and task["status"] == "PENDING":
        facts.append(f"has until {moment(task['deadline'])}")
    if task["retryAt"] and task["status"] == "WAITING":
        facts.append(f"asked for at {moment(task['retryAt'])}")
    if task["retryAt"] and task["status"] == "ERROR":
        facts.append(f"retry at {moment(task['retryAt'])}")
    return task["name"], task["status"], ", ".join(facts)


def _rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (key, value if isinstance(value, str) else json.dumps(value))
        for key, value in values.items()
    ]


def _section(title: str, rows: list[Any]) -> Iterator[str]:
    if rows:
        yield f"\n{title}"
        yield from (f"  {line}" for line in columns(rows))


def short_version(digest: str) -> str:
    """The beginning of a machine's digest, which tells its versions apart; `-` where none is."""
    return digest[:VERSION_CHARACTERS] or "-"


def _missing(stack_id: str, stack: Stack | None) -> str:
    if stack is not None:
        return f"stack '{stack_id}' ended and is gone."
    return f"there is no stack '{stack_id}'. `cloudseam stacks` lists those there are."
