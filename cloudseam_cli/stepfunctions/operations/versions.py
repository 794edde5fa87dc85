"""Versions of state machines: published, listed, removed."""

import time

from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.operations import Answered, Told
from cloudseam_cli.stepfunctions.operations.found import machine_named, version_in
from cloudseam_cli.stepfunctions.page import page
from cloudseam_cli.stepfunctions.state_machines import StateMachine
from cloudseam_cli.stepfunctions.versions import Version

# The revision of a state machine that was never updated (API reference,
# PublishStateMachineVersion).
INITIAL = "INITIAL"


def publish(engine: Engine, told: Told) -> Answered:
    """PublishStateMachineVersion. A revision that is published is not published again."""
    machine = machine_named(engine, told["stateMachineArn"])
    current, wanted = machine.revision or INITIAL, told.get("revisionId")
    if wanted is not None and wanted != current:
        raise ApiFault(
            "ConflictException",
            f"Failed to publish the State Machine version for revision {wanted}. The current "
            f"State Machine revision is {current}.",
        )
    version = published(engine, machine, told.get("description", ""))
    return {
        "stateMachineVersionArn": arn.qualified_arn(machine.name, str(version.number)),
        "creationDate": version.created,
    }


def published(engine: Engine, machine: StateMachine, description: str) -> Version:
    """A version of a state machine as it is."""
    return engine.published.publish(machine, description, time.time())


def list_versions(engine: Engine, told: Told) -> Answered:
    """ListStateMachineVersions, the newest first."""
    parts = arn.parts_of(told["stateMachineArn"], arn.STATE_MACHINE)
    found = [
        {
            "stateMachineVersionArn": arn.qualified_arn(parts[1], str(each.number)),
            "creationDate": each.created,
        }
        for each in (engine.published.of(parts[1]) if len(parts) == 2 else ())
    ]
    return page("stateMachineVersions", found, told)


def delete(engine: Engine, told: Told) -> Answered:
    """DeleteStateMachineVersion. One that there is none of is gone, too."""
    text = told["stateMachineVersionArn"]
    name, number = version_in(text)
    users = [each for each in engine.aliases.of(name) if str(number) in each.routing]
    if users:
        names = ", ".join(each.name for each in users)
        raise ApiFault(
            "ConflictException",
            "Version to be deleted must not be referenced by an alias. Current list of aliases "
            f"referencing this version: [{names}]",
        )
    engine.published.remove(name, number)
    return {}


OPERATIONS = {
    "PublishStateMachineVersion": publish,
    "ListStateMachineVersions": list_versions,
    "DeleteStateMachineVersion": delete,
}
