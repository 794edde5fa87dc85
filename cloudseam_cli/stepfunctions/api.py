"""The operations of the API: from a name and JSON to JSON (API reference of Step Functions)."""

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from cloudseam.languages.asl.json_text import text_of
from cloudseam.stack import Stack
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.state_machines import StateMachine

Told = Mapping[str, Any]
ACCOUNT, REGION = "000000000000", "us-east-1"
PLACE = f"arn:aws:states:{REGION}:{ACCOUNT}"
NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
RUNNING = "RUNNING"


class StepFunctionsApi:
    """Answers calls. `call` is all there is to it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def call(self, operation: str, told: Told) -> dict[str, Any]:
        """The answer of an operation, such as `StartExecution`.

        Raises:
            ApiFault: as the operation models its errors.
        """
        if operation not in OPERATIONS:
            raise ApiFault("UnknownOperationException", f"There is no operation {operation}.")
        return OPERATIONS[operation](self, told)

    # State machines

    def create_state_machine(self, told: Told) -> dict[str, Any]:
        name = _name(told.get("name"))
        definition = _text(told, "definition")
        known = self._engine.machines.find(name)
        kind = told.get("type", "STANDARD")
        _check_definition(definition)
        made = StateMachine(
            f"{PLACE}:stateMachine:{name}",
            name,
            definition,
            _text(told, "roleArn"),
            kind,
            time.time(),
            str(uuid4()),
            told.get("loggingConfiguration") or {"level": "OFF", "includeExecutionData": False},
            told.get("tracingConfiguration") or {"enabled": False},
            told.get("encryptionConfiguration") or {"type": "AWS_OWNED_KEY"},
        )
        if known is not None:
            if (known.definition, known.role, known.kind) != (definition, made.role, kind):
                raise ApiFault(
                    "StateMachineAlreadyExists",
                    f"State Machine Already Exists: '{known.arn}'",
                )
            return {"stateMachineArn": known.arn, "creationDate": known.created}
        self._engine.machines.put(made)
        self._tag(made.arn, told.get("tags", []))
        return {"stateMachineArn": made.arn, "creationDate": made.created}

    def describe_state_machine(self, told: Told) -> dict[str, Any]:
        machine = self._machine(told)
        return {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "status": "ACTIVE",
            "definition": machine.definition,
            "roleArn": machine.role,
            "type": machine.kind,
            "creationDate": machine.created,
            "loggingConfiguration": machine.logging,
            "tracingConfiguration": machine.tracing,
            "encryptionConfiguration": machine.encryption,
            "revisionId": machine.revision,
        }

    def update_state_machine(self, told: Told) -> dict[str, Any]:
        machine = self._machine(told)
        definition = told.get("definition", machine.definition)
        _check_definition(definition)
        changed = StateMachine(
            machine.arn,
            machine.name,
            definition,
            told.get("roleArn", machine.role),
            machine.kind,
            machine.created,
            str(uuid4()),
            told.get("loggingConfiguration", machine.logging),
            told.get("tracingConfiguration", machine.tracing),
            told.get("encryptionConfiguration", machine.encryption),
        )
        self._engine.machines.put(changed)
        return {"updateDate": time.time(), "revisionId": changed.revision}

    def delete_state_machine(self, told: Told) -> dict[str, Any]:
        arn = _arn(told, "stateMachineArn")
        self._engine.machines.remove(arn.rsplit(":", 1)[-1])
        return {}

    def list_state_machines(self, told: Told) -> dict[str, Any]:
        found = [
            {
                "stateMachineArn": each.arn,
                "name": each.name,
                "type": each.kind,
                "creationDate": each.created,
            }
            for each in self._engine.machines.all()
        ]
        return _page("stateMachines", found, told)

    def describe_state_machine_for_execution(self, told: Told) -> dict[str, Any]:
        stack = self._execution(told)
        machine = self._engine.machines.find(stack.machine)
        if machine is None:
            raise ApiFault("StateMachineDoesNotExist", "State Machine Does Not Exist")
        described = self.describe_state_machine({"stateMachineArn": machine.arn})
        described["updateDate"] = described.pop("creationDate")
        return described

    # Executions

    def start_execution(self, told: Told) -> dict[str, Any]:
        machine = self._machine(told)
        name = _name(told["name"]) if told.get("name") else str(uuid4())
        given = _input(told)
        stack_id = f"{machine.name}:{name}"
        arn = f"{PLACE}:execution:{machine.name}:{name}"
        known = self._engine.find(stack_id)
        if known is None:
            payload = {"input": given, "role": machine.role, "place": PLACE}
            outcome = self._engine.start(stack_id, machine.name, payload)
            if outcome.error is not None:
                raise outcome.error
            known = outcome.after
        elif not _is_same_start(known, given):
            raise ApiFault("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        started = _run(known)["started_at"] if known else 0
        return {"executionArn": arn, "startDate": started / 1000}

    def start_sync_execution(self, told: Told) -> dict[str, Any]:
        machine = self._machine(told)
        if machine.kind != "EXPRESS":
            raise ApiFault(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            )
        started = self.start_execution(told)
        stack_id = _stack_id(started["executionArn"])
        stack = self._engine.wait_for(stack_id, lambda each: each.state != RUNNING, 300)
        described = self.describe_execution({"executionArn": started["executionArn"]})
        if stack is None:
            raise ApiFault("ExecutionDoesNotExist", "Execution Does Not Exist")
        milliseconds = _run(stack)["stopped_at"] - _run(stack)["started_at"]
        described["billingDetails"] = {
            "billedDurationInMilliseconds": max(100, -(-milliseconds // 100) * 100),
            "billedMemoryUsedInMB": 64,
        }
        described.pop("redriveCount", None)
        return described

    def describe_execution(self, told: Told) -> dict[str, Any]:
        stack = self._execution(told)
        run = _run(stack)
        facts = run["facts"]
        described: dict[str, Any] = {
            "executionArn": facts["Execution"]["Id"],
            "stateMachineArn": facts["StateMachine"]["Id"],
            "name": facts["Execution"]["Name"],
            "status": run["status"],
            "startDate": run["started_at"] / 1000,
            "input": text_of(run["input"]),
            "inputDetails": {"included": True},
            "redriveCount": 0,
        }
        if run["status"] != RUNNING:
            described["stopDate"] = run["stopped_at"] / 1000
            described["redriveStatus"] = "NOT_REDRIVABLE"
        if run["status"] == "SUCCEEDED":
            described["output"] = text_of(run["output"])
            described["outputDetails"] = {"included": True}
        for name in ("error", "cause"):
            if run[name] is not None:
                described[name] = run[name]
        return described

    def stop_execution(self, told: Told) -> dict[str, Any]:
        stack = self._execution(told)
        payload = {name: told[name] for name in ("error", "cause") if told.get(name)}
        outcome = self._engine.stop(stack.id, payload)
        after = outcome.after or stack
        return {"stopDate": _run(after)["stopped_at"] / 1000}

    def list_executions(self, told: Told) -> dict[str, Any]:
        machine = self._machine(told)
        status = told.get("statusFilter")
        found = [
            {
                "executionArn": run["facts"]["Execution"]["Id"],
                "stateMachineArn": machine.arn,
                "name": run["facts"]["Execution"]["Name"],
                "status": run["status"],
                "startDate": run["started_at"] / 1000,
                **({"stopDate": run["stopped_at"] / 1000} if run["stopped_at"] else {}),
            }
            for run in map(_run, self._engine.stacks.scan(machine.name, status))
        ]
        found.sort(key=lambda each: each["startDate"], reverse=True)
        return _page("executions", found, told)

    def get_execution_history(self, told: Told) -> dict[str, Any]:
        stack = self._execution(told)
        events = [{**event, "timestamp": event["timestamp"] / 1000} for event in self._engine.log(stack)]
        if told.get("reverseOrder"):
            events.reverse()
        if told.get("includeExecutionData") is False:
            events = [_without_data(event) for event in events]
        return _page("events", events, told)

    # Tags

    def tag_resource(self, told: Told) -> dict[str, Any]:
        arn = self._resource(told)
        self._tag(arn, told.get("tags", []))
        return {}

    def untag_resource(self, told: Told) -> dict[str, Any]:
        arn = self._resource(told)
        gone = set(told.get("tagKeys", []))
        kept = {key: value for key, value in self._engine.machines.tags(arn).items() if key not in gone}
        self._engine.machines.tag(arn, kept)
        return {}

    def list_tags_for_resource(self, told: Told) -> dict[str, Any]:
        tags = self._engine.machines.tags(self._resource(told))
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _tag(self, arn: str, tags: Any) -> None:
        new = {each["key"]: each.get("value", "") for each in tags}
        if new:
            self._engine.machines.tag(arn, {**self._engine.machines.tags(arn), **new})

    # What calls name

    def _machine(self, told: Told) -> StateMachine:
        arn = _arn(told, "stateMachineArn")
        machine = self._engine.machines.find(arn.rsplit(":", 1)[-1])
        if machine is None or machine.arn != arn:
            raise ApiFault("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return machine

    def _execution(self, told: Told) -> Stack:
        arn = _arn(told, "executionArn")
        stack = self._engine.find(_stack_id(arn))
        if stack is None or not stack.memory:
            raise ApiFault("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return stack

    def _resource(self, told: Told) -> str:
        arn = _arn(told, "resourceArn")
        if self._engine.machines.find(arn.rsplit(":", 1)[-1]) is None:
            raise ApiFault("ResourceNotFound", f"Resource not found: '{arn}'")
        return arn


OPERATIONS: dict[str, Callable[[StepFunctionsApi, Told], dict[str, Any]]] = {
    "CreateStateMachine": StepFunctionsApi.create_state_machine,
    "DescribeStateMachine": StepFunctionsApi.describe_state_machine,
    "DescribeStateMachineForExecution": StepFunctionsApi.describe_state_machine_for_execution,
    "UpdateStateMachine": StepFunctionsApi.update_state_machine,
    "DeleteStateMachine": StepFunctionsApi.delete_state_machine,
    "ListStateMachines": StepFunctionsApi.list_state_machines,
    "StartExecution": StepFunctionsApi.start_execution,
    "StartSyncExecution": StepFunctionsApi.start_sync_execution,
    "DescribeExecution": StepFunctionsApi.describe_execution,
    "StopExecution": StepFunctionsApi.stop_execution,
    "ListExecutions": StepFunctionsApi.list_executions,
    "GetExecutionHistory": StepFunctionsApi.get_execution_history,
    "TagResource": StepFunctionsApi.tag_resource,
    "UntagResource": StepFunctionsApi.untag_resource,
    "ListTagsForResource": StepFunctionsApi.list_tags_for_resource,
}


def _run(stack: Stack | None) -> dict[str, Any]:
    run: dict[str, Any] = stack.memory["execution"] if stack else {}
    return run


def _is_same_start(stack: Stack, given: Any) -> bool:
    run = _run(stack)
    return bool(run["status"] == RUNNING and text_of(run["input"]) == text_of(given))


def _stack_id(arn: str) -> str:
    parts = arn.split(":")
    return ":".join(parts[6:8])


def _name(value: Any) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ApiFault("InvalidName", f"Invalid Name: '{value}'")
    return value


def _text(told: Told, name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise ApiFault("ValidationException", f"'{name}' is missing.")
    return value


def _arn(told: Told, name: str) -> str:
    arn = _text(told, name)
    if not arn.startswith("arn:") or arn.count(":") < 6:
        raise ApiFault("InvalidArn", f"Invalid Arn: '{arn}'")
    return arn


def _input(told: Told) -> Any:
    text = told.get("input", "{}")
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        raise ApiFault("InvalidExecutionInput", "Invalid State Machine Execution Input") from None


def _check_definition(definition: str) -> None:
    try:
        parsed = json.loads(definition)
    except (ValueError, RecursionError) as error:
        raise ApiFault("InvalidDefinition", f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'") from None
    if not isinstance(parsed, dict) or "StartAt" not in parsed or "States" not in parsed:
        raise ApiFault("InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt, States] at /'")


def _page(name: str, found: list[dict[str, Any]], told: Told) -> dict[str, Any]:
    """A page of a list; the token of the next tells where that begins."""
    most = told.get("maxResults") or 100
    token = told.get("nextToken")
    try:
        start = int(base64.b64decode(token, validate=True)) if token else 0
    except ValueError:
        raise ApiFault("InvalidToken", f"Invalid Token: '{token}'") from None
    page: dict[str, Any] = {name: found[start : start + most]}
    if start + most < len(found):
        page["nextToken"] = base64.b64encode(str(start + most).encode()).decode()
    return page


def _without_data(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {
            key: part for key, part in value.items() if key not in ("input", "output", "parameters")
        }
        if isinstance(value, dict)
        else value
        for name, value in event.items()
    }
