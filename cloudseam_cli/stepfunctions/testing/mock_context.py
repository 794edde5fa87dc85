"""The context object that TestState is given instead of an execution's own."""

from collections.abc import Mapping
from typing import Any

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.json_text import is_number
from cloudseam.languages.asl.resource import SYNC, SYNC_2, WAIT_FOR_TOKEN, integration_of
from cloudseam_cli.stepfunctions.fault import ApiFault, invalid
from cloudseam_cli.stepfunctions.json_input import NoJsonError, parsed

TEXT, NUMBER, ANYTHING = "string", "number", ""
FIELDS: Mapping[str, Mapping[str, str]] = {
    "Execution": {
        "Id": TEXT,
        "Input": ANYTHING,
        "Name": TEXT,
        "RedriveCount": NUMBER,
        "RedriveTime": TEXT,
        "RoleArn": TEXT,
        "StartTime": TEXT,
    },
    "State": {"EnteredTime": TEXT, "Name": TEXT, "RetryCount": NUMBER},
    "StateMachine": {"Id": TEXT, "Name": TEXT},
    "Task": {"Token": TEXT},
}


def mock_context(text: str, state: State) -> dict[str, Any]:
    """The context object that a call gives.

    Raises:
        ApiFault: ValidationException: it is none that this state could have.
    """
    try:
        context = parsed(text)
    except NoJsonError:
        raise _invalid("must be valid JSON") from None
    if not isinstance(context, dict):
        raise _invalid("must be a JSON object")
    if "Map" in context:
        raise _invalid("'Map' field is not supported when mocking a Context object")
    for name, value in context.items():
        _check_part(name, value)
    if "Task" in context and not _is_called_back(state):
        raise _invalid(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or "
            "'.waitForTaskToken' service integration pattern"
        )
    return context


def _check_part(name: str, value: Any) -> None:
    if name not in FIELDS:
        raise _invalid(f"Field '{name}' is not allowed")
    if not isinstance(value, dict):
        raise _invalid(f"{name} must be an object")
    for inner, told in value.items():
        kind = FIELDS[name].get(inner)
        if kind is None:
            raise _invalid(f"Field '{inner}' is not allowed")
        if kind == TEXT and not isinstance(told, str):
            raise _invalid(f"{name}.{inner} must be a string")
        if kind == NUMBER and not is_number(told):
            raise _invalid(f"{name}.{inner} must be a number")


def _is_called_back(state: State) -> bool:
    named = integration_of(state.get("Resource", ""))
    return state["Type"] == "Task" and named.pattern in (SYNC, SYNC_2, WAIT_FOR_TOKEN)


def _invalid(why: str) -> ApiFault:
    return invalid(f"Invalid Context object provided: {why}")
