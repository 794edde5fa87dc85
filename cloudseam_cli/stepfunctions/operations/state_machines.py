"""State machines: made, looked at, changed, removed."""

import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.definition import check_definition, diagnostics_of
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault, invalid
from cloudseam_cli.stepfunctions.operations import Answered, Told
from cloudseam_cli.stepfunctions.operations.found import (
    execution_named,
    machine_named,
    qualified,
    run_of,
    unknown_machine,
)
from cloudseam_cli.stepfunctions.operations.tags import check_tags
from cloudseam_cli.stepfunctions.operations.versions import published
from cloudseam_cli.stepfunctions.page import page
from cloudseam_cli.stepfunctions.state_machines import STANDARD, StateMachine

NO_LOGGING = {"level": "OFF", "includeExecutionData": False}
NO_TRACING = {"enabled": False}
OWN_KEY = {"type": "AWS_OWNED_KEY"}
# What an update may change.
CHANGEABLE = (
    "definition",
    "roleArn",
    "loggingConfiguration",
    "tracingConfiguration",
    "encryptionConfiguration",
)
# Of ValidateStateMachineDefinition (API reference, `maxResults`).
MOST_DIAGNOSTICS = 100


def create(engine: Engine, told: Told) -> Answered:
    """CreateStateMachine. Made again just as it is, it stays."""
    name = arn.check_name(told["name"])
    kind = told.get("type") or STANDARD
    _check_versions(told)
    check_definition(told["definition"], kind)
    tags = check_tags(told.get("tags") or [], {})
    now = time.time()
    made = StateMachine(
        arn.state_machine_arn(name),
        name,
        told["definition"],
        told["roleArn"],
        kind,
        created=now,
        updated=now,
        logging=_logging(told, NO_LOGGING),
        tracing=told.get("tracingConfiguration") or NO_TRACING,
        encryption=told.get("encryptionConfiguration") or OWN_KEY,
    )
    known = engine.machines.find(name)
    if known is not None:
        if not _is_same(known, made):
            raise ApiFault(
                "StateMachineAlreadyExists", f"State Machine Already Exists: '{known.arn}'"
            )
        made = known
    else:
        engine.machines.put(made)
        engine.tags.put(made.arn, tags)
    answer = {"stateMachineArn": made.arn, "creationDate": made.created}
    return answer | _published(engine, made, told)


def describe(engine: Engine, told: Told) -> Answered:
    """DescribeStateMachine, or of one of its versions."""
    named = qualified(engine, told["stateMachineArn"])
    machine, version = named.machine, named.version
    described = {
        **_shown(machine, machine.definition),
        "stateMachineArn": told["stateMachineArn"],
        "status": "ACTIVE",
        "type": machine.kind,
        "creationDate": version.created if version else machine.created,
    }
    if version and version.description:
        described["description"] = version.description
    return described


def describe_for_execution(engine: Engine, told: Told) -> Answered:
    """DescribeStateMachineForExecution: the definition is the one the execution began with."""
    stack = execution_named(engine, told["executionArn"])
    facts = run_of(stack)["facts"]["StateMachine"]
    version = engine.versions.get(stack.machine, stack.machine_digest)
    machine = engine.machines.find(stack.machine)
    if version is None or machine is None:
        raise unknown_machine(facts["Id"])
    return {**_shown(machine, version.source), "updateDate": machine.updated}


def update(engine: Engine, told: Told) -> Answered:
    """UpdateStateMachine. Executions under way keep their definition."""
    machine = machine_named(engine, told["stateMachineArn"])
    _check_versions(told)
    if not any(name in told for name in CHANGEABLE):
        names = ", ".join(CHANGEABLE[:-1])
        raise ApiFault(
            "MissingRequiredParameter",
            f"Either {names} or {CHANGEABLE[-1]} must be specified",
        )
    definition = told.get("definition") or machine.definition
    check_definition(definition, machine.kind)
    changed = replace(
        machine,
        definition=definition,
        role=told.get("roleArn") or machine.role,
        updated=time.time(),
        revision=str(uuid4()),
        logging=_logging(told, machine.logging),
        tracing=told.get("tracingConfiguration") or machine.tracing,
        encryption=told.get("encryptionConfiguration") or machine.encryption,
    )
    engine.machines.put(changed)
    answer = {"updateDate": changed.updated, "revisionId": changed.revision}
    return answer | _published(engine, changed, told)


def delete(engine: Engine, told: Told) -> Answered:
    """DeleteStateMachine, with its versions and aliases. One that there is none of is gone, too."""
    match arn.parts_of(told["stateMachineArn"], arn.STATE_MACHINE):
        case (_, name):
            engine.machines.remove(name)
            engine.published.remove_all(name)
            engine.aliases.remove_all(name)
            engine.tags.put(told["stateMachineArn"], {})
    return {}


def list_all(engine: Engine, told: Told) -> Answered:
    """ListStateMachines, the newest first."""
    found = [
        {
            "stateMachineArn": each.arn,
            "name": each.name,
            "type": each.kind,
            "creationDate": each.created,
        }
        for each in engine.machines.all()
    ]
    return page("stateMachines", found, told)


def validate(engine: Engine, told: Told) -> Answered:
    """ValidateStateMachineDefinition."""
    found = diagnostics_of(told["definition"], told.get("type") or STANDARD)
    errors = [each for each in found if each["severity"] == "ERROR"]
    shown = errors if told.get("severity", "ERROR") == "ERROR" else found
    most = told.get("maxResults") or MOST_DIAGNOSTICS
    return {
        "result": "FAIL" if errors else "OK",
        "diagnostics": shown[:most],
        "truncated": len(shown) > most,
    }


def _is_same(known: StateMachine, made: StateMachine) -> bool:
    """Whether making it again changes nothing (API reference, CreateStateMachine, idempotency)."""
    names = ("definition", "kind", "logging", "tracing", "encryption")
    return all(getattr(known, name) == getattr(made, name) for name in names)


def _logging(told: Told, otherwise: Any) -> Any:
    logging = told.get("loggingConfiguration")
    if logging is None:
        return otherwise
    level = logging.get("level", "OFF")
    if level != "OFF" and len(logging.get("destinations") or []) != 1:
        raise ApiFault(
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        )
    return {**NO_LOGGING, **logging}


def _check_versions(told: Told) -> None:
    if told.get("versionDescription") and not told.get("publish"):
        text = "Version description can only be set when publish is true"
        raise invalid(text)


def _published(engine: Engine, machine: StateMachine, told: Told) -> Answered:
    """Where the version is that the call wants to be published; nothing if it wants none."""
    if not told.get("publish"):
        return {}
    version = published(engine, machine, told.get("versionDescription", ""))
    return {"stateMachineVersionArn": arn.qualified_arn(machine.name, str(version.number))}


def _shown(machine: StateMachine, definition: str) -> Answered:
    shown: Answered = {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "definition": definition,
        "roleArn": machine.role,
        "loggingConfiguration": machine.logging,
        "tracingConfiguration": machine.tracing,
        "encryptionConfiguration": machine.encryption,
    }
    return shown | ({"revisionId": machine.revision} if machine.revision else {})


OPERATIONS = {
    "CreateStateMachine": create,
    "DescribeStateMachine": describe,
    "DescribeStateMachineForExecution": describe_for_execution,
    "UpdateStateMachine": update,
    "DeleteStateMachine": delete,
    "ListStateMachines": list_all,
    "ValidateStateMachineDefinition": validate,
}
