"""Names of resources: `arn:aws:states:region:account:kind:name…`."""

import re

from cloudseam.languages.asl.machine import ACCOUNT, REGION
from cloudseam_cli.stepfunctions.fault import ApiFault

PLACE = f"arn:aws:states:{REGION}:{ACCOUNT}"
# Of executions that are given none. Nobody checks it here.
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cloudseam"
STATE_MACHINE, EXECUTION, EXPRESS, ACTIVITY = "stateMachine", "execution", "express", "activity"
MAP_RUN = "mapRun"
KINDS = frozenset({STATE_MACHINE, EXECUTION, EXPRESS, ACTIVITY, MAP_RUN})
MOST_DIGITS = 18
# No white space, brackets, wildcards, special or control characters (API reference,
# CreateStateMachine, `name`).
NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff]{1,80}")


def check_name(name: str) -> str:
    """The name of something that is to be made.

    Raises:
        ApiFault: InvalidName.
    """
    if not NAME.fullmatch(name):
        raise ApiFault("InvalidName", f"Invalid Name: '{name}'")
    return name


def state_machine_arn(name: str) -> str:
    """Of a state machine."""
    return f"{PLACE}:{STATE_MACHINE}:{name}"


def qualified_arn(name: str, qualifier: str) -> str:
    """Of a version of a state machine, by its number, or of an alias."""
    return f"{state_machine_arn(name)}:{qualifier}"


def is_version(qualifier: str) -> bool:
    """Whether it can be the number of a version: what is longer, no database could keep."""
    return qualifier.isascii() and qualifier.isdecimal() and len(qualifier) <= MOST_DIGITS


def execution_arn(machine: str, name: str) -> str:
    """Of an execution of a standard state machine."""
    return f"{PLACE}:{EXECUTION}:{machine}:{name}"


def express_arn(machine: str, name: str, run: str) -> str:
    """Of an execution of an express one, whose names need not be unique."""
    return f"{PLACE}:{EXPRESS}:{machine}:{name}:{run}"


def activity_arn(name: str) -> str:
    """Of an activity."""
    return f"{PLACE}:{ACTIVITY}:{name}"


def parts_of(arn: str, *kinds: str) -> tuple[str, ...]:
    """Kind and names of a resource, such as `("execution", machine, name)`; () if it is none of
    this place.

    Raises:
        ApiFault: InvalidArn: it is no ARN, or one of another kind than these.
    """
    if not arn.startswith("arn:"):
        raise ApiFault("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    place, parts = ":".join(arn.split(":")[:5]), arn.split(":")[5:]
    if not parts:
        raise ApiFault("InvalidArn", f"Invalid Arn: 'Invalid ARN: {arn}'")
    if parts[0] in KINDS and parts[0] not in kinds:
        text = f"Invalid Arn: 'Resource type not valid in this context: {parts[0]}'"
        raise ApiFault("InvalidArn", text)
    return tuple(parts) if place == PLACE and parts[0] in kinds else ()
