"""The state that a call of TestState names, and all that it is given."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.diagnostic import MISSING_END_STATE, MISSING_TARGET, refusal
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.moment import moment_text
from cloudseam.languages.asl.resource import READER
from cloudseam.languages.asl.validation import STANDARD, diagnose
from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.fault import ApiFault, invalid
from cloudseam_cli.stepfunctions.json_input import NoJsonError, parsed
from cloudseam_cli.stepfunctions.testing.mock_context import mock_context
from task_satisfier.executors.states.item_formats import UnreadableItemsError, items_of

# What a state is called that is given without a machine.
NAME = "StateName"


@dataclass(frozen=True, slots=True)
class TestedState:
    """A state of a machine, with its input, context object and variables.

    `items` are those that a Map is to have read, if the call has them. `configuration` is the
    call's `stateConfiguration`.
    """

    definition: Mapping[str, Any]
    name: str
    input: Any
    context: dict[str, Any]
    variables: dict[str, Any]
    configuration: Mapping[str, Any]
    items: list[Any] | None

    @property
    def state(self) -> State:
        """Its definition."""
        found: State = self.definition["States"][self.name]
        return found


def tested_state(told: Mapping[str, Any], now: int) -> TestedState:
    """The state of a call. `now` is in epoch milliseconds.

    Raises:
        ApiFault: InvalidDefinition, InvalidExecutionInput, ValidationException.
    """
    definition, name = _machine(told)
    state = definition["States"][name]
    given = _input(told.get("input", "{}"))
    variables = _input(told.get("variables", "{}"))
    if not isinstance(variables, dict):
        raise invalid("The variables must be a JSON object.")
    if "context" in told:
        context = mock_context(told["context"], state)
    else:
        context = _own_context(name, given, told.get("roleArn", arn.ROLE), moment_text(now))
    configuration = told.get("stateConfiguration") or {}
    items = _items(state, configuration)
    return TestedState(definition, name, given, context, variables, configuration, items)


def _machine(told: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The machine of the state, and the state's name in it. A state without a machine may lead to
    any other."""
    if "stateName" in told:
        name = told["stateName"]
        _check(told["definition"])
        whole: dict[str, Any] = json.loads(told["definition"])
        if name not in whole["States"]:
            raise invalid(f"State not found in the definition: '{name}'")
        return whole, name
    try:
        state = parsed(told["definition"])
    except NoJsonError as error:
        text = f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'"
        raise ApiFault("InvalidDefinition", text) from None
    whole = {"StartAt": NAME, "States": {NAME: state}}
    _check(text_of(whole), MISSING_TARGET, MISSING_END_STATE)
    return whole, NAME


def _check(text: str, *unless: str) -> None:
    """Refuses what cannot be run, but for diagnostics of some codes."""
    refused = refusal(each for each in diagnose(text, STANDARD) if each.code not in unless)
    if refused is not None:
        raise ApiFault("InvalidDefinition", refused)


def _input(text: str) -> Any:
    try:
        return parsed(text)
    except NoJsonError as error:
        told = f"Invalid State Machine Execution Input: '{error}'"
        raise ApiFault("InvalidExecutionInput", told) from None


def _own_context(name: str, given: Any, role: str, moment: str) -> dict[str, Any]:
    """The context object of an express execution, as AWS runs it in."""
    execution, machine = str(uuid4()), str(uuid4())
    return {
        "Execution": {
            "Id": arn.express_arn(machine, execution, execution),
            "Input": given,
            "Name": execution,
            "RoleArn": role,
            "StartTime": moment,
        },
        "StateMachine": {"Id": arn.state_machine_arn(machine), "Name": machine},
        "State": {"Name": name, "EnteredTime": moment, "RetryCount": 0},
    }


def _items(state: State, configuration: Mapping[str, Any]) -> list[Any] | None:
    """The items that a Map is to have read, from data as its reader would have found it."""
    data = configuration.get("mapItemReaderData")
    if data is None or READER not in state:
        return None
    try:
        return list(items_of([data.encode()], state[READER].get("ReaderConfig", {})))
    except UnreadableItemsError as error:
        text = f"The data of the item reader cannot be read: {error}"
        raise invalid(text) from None
