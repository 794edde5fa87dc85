"""What would become of each stack of the original, by its row and its machine's file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from cloudseam.errors import (
    CloudSeamError,
    InvalidDefinitionError,
    MachineNotFoundError,
    MigrationRefusedError,
)
from cloudseam.finding import Finding, FindingsError, Severity
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.limits import StackId
from cloudseam.persistence.row import MAX_ROW_BYTES, to_row
from cloudseam.stack import Stack, TaskStatus
from cloudseam_cli.takeover.found_row import FoundRow
from cloudseam_cli.takeover.remark import About, Remark

if TYPE_CHECKING:
    from cloudseam.locators import MachineLocator
    from cloudseam.machine import Machine

AN_ID = TypeAdapter[str](StackId)
MEND = (
    "Put state and tasks back into the file until the stack has left that state, or rename the "
    "state in the row while nothing runs."
)
STUCK = (
    "The original lost what was to follow. Set the status of one of its tasks to ERROR in the row; "
    "once CloudSeam runs, `cloudseam retry {id}` has that task run again, and the stack goes on."
)


def row_remarks(row: FoundRow) -> Iterator[Remark]:
    """What is wrong with a row, whatever its machine."""
    if row.stack is None:
        fix = "Mend or remove the row." if "Repair" not in row.problem else ""
        yield Remark(About.STACK, row.id, row.problem, fix, blocks=True)
        return
    try:
        AN_ID.validate_python(row.id)
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        yield _remark(row.id, f"events for it will be refused: its id {why}.", "Launch it anew.")
    if row.nameless:
        yield _remark(
            row.id,
            f"tasks of it without a name: {row.nameless}. The original adds them for an answer to "
            "no task.",
            "They are left out: nothing could satisfy them.",
            Severity.WARNING,
        )
    size = _size(row.stack)
    if size > MAX_ROW_BYTES:
        yield _remark(
            row.id,
            f"its row would have {size} bytes, and at most {MAX_ROW_BYTES} can be kept.",
            "Move large values of its metadata elsewhere.",
        )


def machine_remarks(locator: MachineLocator) -> Iterator[Remark]:
    """All findings of all machine files, each with its fix, warnings included."""
    from cloudseam.languages import read_machine

    for name in locator.names():
        try:
            machine = locator.get(name)
        except FindingsError as error:
            yield from map(_finding, error.findings)
        except CloudSeamError as error:
            yield Remark(About.MACHINE, name, str(error), "")
        else:
            yield from map(_finding, read_machine(name, machine.source, name).findings)
            yield from _terraform_remarks(machine)


def _terraform_remarks(machine: Machine) -> Iterator[Remark]:
    """Tasks whose Terraform state the original kept under a name that is none for us."""
    tasks = machine.definition.tasks if isinstance(machine, StatesMachine) else {}
    for name, task in tasks.items():
        source = task.config.get("source") if task.executor == "terraform" else None
        fix = _state_fix(task.config, source) if isinstance(source, dict) else ""
        if fix:
            problem = f"task '{name}' would not find the Terraform state that the original kept."
            yield Remark(About.MACHINE, machine.name, problem, fix, Severity.WARNING)


def _state_fix(config: Mapping[str, Any], source: Mapping[str, Any]) -> str:
    """See docs/executors.md, "Coming from the original"."""
    if source.get("type") == "local" and "state" not in config:
        return "If its module has a backend block, write `state: undefined` into its config."
    if source.get("type") == "s3" and str(source.get("key", "")).endswith("/"):
        return (
            "Before the first event move each object MACHINE/STACK/KEY/ of the backend to the name "
            "without the slash: docs/executors.md."
        )
    return ""


def place_remarks(stack: Stack, locator: MachineLocator) -> Iterator[Remark]:
    """Whether the stack's machine has a place for it: its state, with the same tasks."""
    try:
        locator.get(stack.machine).adopt(stack, {})
    except MachineNotFoundError:
        problem = f"its machine '{stack.machine}' has no file."
        fix = "Put the file beside the others, under that name."
        yield _remark(stack.id, problem, fix)
    except InvalidDefinitionError:
        problem = f"its machine '{stack.machine}' has errors."
        yield _remark(stack.id, problem, "Mend the file: its findings are among these.")
    except MigrationRefusedError as error:
        why = str(error).partition("cannot be moved: ")[2] or str(error)
        is_stuck = stack.tasks and stack.is_satisfied and "are done" in why
        yield _remark(stack.id, why, STUCK.format(id=stack.id) if is_stuck else MEND)


def token_remarks(stacks: Sequence[Stack]) -> Iterator[Remark]:
    """Whether answers are still to come that have no token."""
    waiting = [
        task
        for stack in stacks
        for task in stack.tasks
        if task.status is TaskStatus.PENDING and not task.token
    ]
    if waiting:
        yield Remark(
            About.QUEUE,
            "of events",
            f"answers without a token are to come: tasks of the original that are PENDING: "
            f"{len(waiting)}.",
            "Leave REQUIRE_TASK_TOKEN off until there are none.",
            Severity.WARNING,
        )


def _finding(finding: Finding) -> Remark:
    where = f"{finding.file}:{finding.line}:{finding.column}"
    place = f"{finding.place}: " if finding.place else ""
    return Remark(About.MACHINE, where, f"{place}{finding.problem}", finding.fix, finding.severity)


def _size(stack: Stack) -> int:
    return len(json.dumps(to_row(stack)))


def _remark(name: str, problem: str, fix: str, severity: Severity = Severity.ERROR) -> Remark:
    return Remark(About.STACK, name, problem, fix, severity)


def stack_view(row: FoundRow) -> dict[str, Any]:
    """A stack as JSON, without its metadata."""
    stack = row.stack
    return {
        "id": row.id,
        "machine": stack.machine if stack else None,
        "state": stack.state if stack else None,
        "tasks": {task.name: task.status.value for task in stack.tasks} if stack else {},
        "takenOver": row.is_ours,
    }
