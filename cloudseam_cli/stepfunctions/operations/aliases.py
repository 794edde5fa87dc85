"""Aliases of state machines: made, looked at, changed, removed."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.aliases import Alias
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault, invalid
from cloudseam_cli.stepfunctions.operations import Answered, Told
from cloudseam_cli.stepfunctions.operations.found import machine_named, version_in
from cloudseam_cli.stepfunctions.page import page

# What the weights of an alias are together.
WHOLE = 100


def create(engine: Engine, told: Told) -> Answered:
    """CreateStateMachineAlias. Made again just as it is, it stays."""
    now = time.time()
    machine, routing = _routing(told["routingConfiguration"])
    alias = Alias(machine, told["name"], routing, told.get("description", ""), now, now)
    known = engine.aliases.find(machine, alias.name)
    if known is None:
        _check_versions(engine, machine, routing)
        engine.aliases.put(alias)
    elif (known.routing, known.description) != (routing, alias.description):
        raise ApiFault(
            "ConflictException",
            "Failed to create alias because an alias with the same name and a different routing "
            "configuration already exists.",
        )
    return {
        "stateMachineAliasArn": arn.qualified_arn(machine, alias.name),
        "creationDate": (known or alias).created,
    }


def describe(engine: Engine, told: Told) -> Answered:
    """DescribeStateMachineAlias."""
    alias = _named(engine, told["stateMachineAliasArn"])
    described: Answered = {
        "stateMachineAliasArn": arn.qualified_arn(alias.machine, alias.name),
        "name": alias.name,
        "routingConfiguration": [
            {"stateMachineVersionArn": arn.qualified_arn(alias.machine, number), "weight": weight}
            for number, weight in alias.routing.items()
        ],
        "creationDate": alias.created,
        "updateDate": alias.updated,
    }
    return described | ({"description": alias.description} if alias.description else {})


def update(engine: Engine, told: Told) -> Answered:
    """UpdateStateMachineAlias."""
    alias = _named(engine, told["stateMachineAliasArn"])
    if "description" not in told and "routingConfiguration" not in told:
        raise invalid("Either description or routingConfiguration must be specified")
    routing = alias.routing
    if "routingConfiguration" in told:
        machine, routing = _routing(told["routingConfiguration"])
        if machine != alias.machine:
            raise invalid("An alias leads to versions of its own state machine.")
        _check_versions(engine, machine, routing)
    description = told.get("description", alias.description)
    changed = replace(alias, routing=routing, description=description, updated=time.time())
    engine.aliases.put(changed)
    return {"updateDate": changed.updated}


def delete(engine: Engine, told: Told) -> Answered:
    """DeleteStateMachineAlias. One that there is none of is gone, too."""
    engine.aliases.remove(*_parts(told["stateMachineAliasArn"]))
    return {}


def list_aliases(engine: Engine, told: Told) -> Answered:
    """ListStateMachineAliases: of a state machine, or of one of its versions."""
    text = told["stateMachineArn"]
    match arn.parts_of(text, arn.STATE_MACHINE):
        case (_, name, number):
            found = [each for each in engine.aliases.of(name) if number in each.routing]
        case _:
            found = list(engine.aliases.of(machine_named(engine, text).name))
    listed = [
        {
            "stateMachineAliasArn": arn.qualified_arn(each.machine, each.name),
            "creationDate": each.created,
        }
        for each in found
    ]
    return page("stateMachineAliases", listed, told)


def _routing(told: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, int]]:
    """The state machine, and the weight of each of its versions."""
    versions = [version_in(each["stateMachineVersionArn"]) for each in told]
    machines = {name for name, _ in versions}
    if len(machines) > 1 or len(set(versions)) < len(versions):
        raise invalid("Routing configuration must have different versions of one state machine")
    if sum(each["weight"] for each in told) != WHOLE:
        raise invalid("Sum of routing configuration weights must equal 100")
    weights = (each["weight"] for each in told)
    return versions[0][0], {
        str(number): weight for (_, number), weight in zip(versions, weights, strict=True)
    }


def _check_versions(engine: Engine, machine: str, routing: Mapping[str, int]) -> None:
    for number in routing:
        if engine.published.find(machine, int(number)) is None:
            raise _not_found()


def _named(engine: Engine, text: str) -> Alias:
    alias = engine.aliases.find(*_parts(text))
    if alias is None:
        raise _not_found()
    return alias


def _parts(text: str) -> tuple[str, str]:
    match arn.parts_of(text, arn.STATE_MACHINE):
        case (_, machine, name):
            return machine, name
    raise ApiFault("InvalidArn", f"Invalid Arn: '{text}'")


def _not_found() -> ApiFault:
    text = "Request references a resource that does not exist."
    return ApiFault("ResourceNotFound", text)


OPERATIONS = {
    "CreateStateMachineAlias": create,
    "DescribeStateMachineAlias": describe,
    "UpdateStateMachineAlias": update,
    "DeleteStateMachineAlias": delete,
    "ListStateMachineAliases": list_aliases,
}
