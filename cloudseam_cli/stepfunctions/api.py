"""The API: from the name of an operation and JSON to JSON (API reference of Step Functions)."""

from collections.abc import Mapping
from typing import Any

from cloudseam_cli.stepfunctions.constraints import check
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.operations import (
    Operation,
    activities,
    aliases,
    answers,
    executions,
    map_runs,
    state_machines,
    state_tests,
    tags,
    versions,
)

OPERATIONS: Mapping[str, Operation] = {
    **state_machines.OPERATIONS,
    **executions.OPERATIONS,
    **tags.OPERATIONS,
    **activities.OPERATIONS,
    **answers.OPERATIONS,
    **state_tests.OPERATIONS,
    **versions.OPERATIONS,
    **map_runs.OPERATIONS,
    **aliases.OPERATIONS,
}


def call(engine: Engine, operation: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of an operation, such as `StartExecution`. Times are epoch seconds.

    Raises:
        ApiFault: as the operation models its errors.
    """
    if operation not in OPERATIONS:
        raise ApiFault("UnknownOperationException", f"There is no operation '{operation}' here.")
    check(operation, told)
    # What is null is not given.
    given = {name: value for name, value in told.items() if value is not None}
    return OPERATIONS[operation](engine, given)
