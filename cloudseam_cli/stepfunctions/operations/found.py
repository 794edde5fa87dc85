"""What calls name by ARN, found."""

import random
from dataclasses import dataclass
from typing import Any

from cloudseam.stack import Stack
from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.activities import Activity
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.state_machines import StateMachine
from cloudseam_cli.stepfunctions.versions import Version


def machine_named(engine: Engine, text: str) -> StateMachine:
    """The state machine of an ARN.

    Raises:
        ApiFault: InvalidArn, StateMachineDoesNotExist.
    """
    match arn.parts_of(text, arn.STATE_MACHINE):
        case (_, name) if machine := engine.machines.find(name):
            return machine
    raise unknown_machine(text)


@dataclass(frozen=True, slots=True)
class Qualified:
    """What an ARN of a state machine names: it as it is, or as a version of it was; and how."""

    machine: StateMachine
    version: Version | None = None
    alias: str = ""


def qualified(engine: Engine, text: str) -> Qualified:
    """The state machine of an ARN, which may name a version or an alias. Of the versions of an
    alias one is drawn, by their weights.

    Raises:
        ApiFault: InvalidArn, StateMachineDoesNotExist.
    """
    match arn.parts_of(text, arn.STATE_MACHINE):
        case (_, name, qualifier):
            alias = "" if arn.is_version(qualifier) else qualifier
            found = engine.aliases.find(name, alias) if alias else None
            number = str(found.version(random.random())) if found else qualifier
            if arn.is_version(number) and (version := engine.published.find(name, int(number))):
                return Qualified(version.machine, version, alias)
            raise unknown_machine(text)
    return Qualified(machine_named(engine, text))


def version_in(text: str) -> tuple[str, int]:
    """The state machine's name and the number that the ARN of a version has.

    Raises:
        ApiFault: InvalidArn.
    """
    match arn.parts_of(text, arn.STATE_MACHINE):
        case (_, name, number) if arn.is_version(number):
            return name, int(number)
    raise ApiFault("InvalidArn", f"Invalid Arn: '{text}'")


def unknown_machine(text: str) -> ApiFault:
    """The fault that names a state machine there is none of."""
    return ApiFault("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{text}'")


def execution_named(engine: Engine, text: str) -> Stack:
    """The execution of an ARN.

    Raises:
        ApiFault: InvalidArn, ExecutionDoesNotExist.
    """
    stack = engine.find(_stack_id(text))
    if stack is None or not stack.memory:
        raise _unknown_execution(text)
    return stack


def run_named(engine: Engine, text: str) -> dict[str, Any]:
    """The same as JSON, without the rest of its stack; see `run_of`.

    Raises:
        ApiFault: InvalidArn, ExecutionDoesNotExist.
    """
    memory = engine.stacks.memory(_stack_id(text))
    if not memory:
        raise _unknown_execution(text)
    run: dict[str, Any] = memory["execution"]
    return run


def _stack_id(text: str) -> str:
    match arn.parts_of(text, arn.EXECUTION):
        case (_, machine, name):
            return f"{machine}:{name}"
    raise _unknown_execution(text)


def _unknown_execution(text: str) -> ApiFault:
    return ApiFault("ExecutionDoesNotExist", f"Execution Does Not Exist: '{text}'")


def activity_named(engine: Engine, text: str) -> Activity:
    """The activity of an ARN.

    Raises:
        ApiFault: InvalidArn, ActivityDoesNotExist.
    """
    arn.parts_of(text, arn.ACTIVITY)
    activity = engine.activities.find(text)
    if activity is None:
        raise ApiFault("ActivityDoesNotExist", f"Activity Does Not Exist: '{text}'")
    return activity


def run_of(stack: Stack) -> dict[str, Any]:
    """The execution that a stack is, as JSON."""
    run: dict[str, Any] = stack.memory["execution"]
    return run
