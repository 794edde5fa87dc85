"""What TestState is told that others answer to a state, instead of their being asked."""

from collections.abc import Mapping
from typing import Any

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.resource import WRITER, integration_of, task_kind
from cloudseam_cli.stepfunctions.fault import invalid
from cloudseam_cli.stepfunctions.json_input import NoJsonError, parsed
from cloudseam_cli.stepfunctions.testing.mock_result import STRICT, check_result
from cloudseam_cli.stepfunctions.testing.state_run import NO_RESULT

MOCKABLE = frozenset({"Task", "Map", "Parallel"})


def mocked_result(state: State, mock: Mapping[str, Any]) -> Any:
    """The result that a mock has, `NO_RESULT` if it is an error.

    Raises:
        ApiFault: ValidationException: the state cannot have such a result.
    """
    kind = state["Type"]
    if kind not in MOCKABLE:
        raise invalid(f"State type '{kind}' is not supported when a mock is specified")
    if ("result" in mock) == ("errorOutput" in mock):
        raise invalid(
            "A test mock should have only one of the following fields: [result, errorOutput]."
        )
    if "result" not in mock:
        return NO_RESULT
    try:
        result = parsed(mock["result"])
    except NoJsonError:
        raise invalid("Mocked result must be valid JSON") from None
    if kind == "Task":
        check_result(state, result, mock.get("fieldValidationMode", STRICT))
    elif "Resource" not in state.get(WRITER, {}) and not isinstance(result, list):
        raise invalid("Mocked result must be an array.")
    elif kind == "Parallel" and len(result) != len(state["Branches"]):
        raise invalid(
            "Mocked result must contain the same number of items as number of Parallel branches."
        )
    return result


def check_without_mock(state: State, configuration: Mapping[str, Any]) -> None:
    """Judges a state that is run as it is.

    Raises:
        ApiFault: ValidationException: it has iterations or branches, or nobody but others could end
            it: an activity's worker, or who is given its token.
    """
    if "mapIterationFailureCount" in configuration:
        raise invalid(
            "TestState does not support MapIterationFailureCount when a mock is not specified."
        )
    kind, is_for_others = state["Type"], False
    if kind == "Task":
        resource = state["Resource"]
        pattern = integration_of(resource).pattern if task_kind(resource) == "Task" else ""
        is_for_others = bool(pattern) or task_kind(resource) == "Activity"
    if kind in ("Map", "Parallel") or is_for_others:
        raise invalid(f"This state of type '{kind}' is not supported when a mock is not specified.")
