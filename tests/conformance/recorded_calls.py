"""Calls of the API of Step Functions as they were recorded, and whether answers are the same."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name

from cloudseam.languages.asl.json_text import is_number
from cloudseam.languages.asl.machine import ACCOUNT
from cloudseam_cli.stepfunctions.constraints import service_model
from cloudseam_cli.stepfunctions.fault import ApiFault

RECORDED_ACCOUNT = "111111111111"
# What the recorder put in the place of what differs each time.
REDACTED = frozenset(
    {
        *("date", "datetime", "timestamp", "creation-date", "time", "start-date", "stop-date"),
        *("snf_role_arn", "sfn_role_arn", "activity_arn", "activity_name", "sm_nonexistent_arn"),
        *("state_machine_alias_name", "state_machine_alias_base_name"),
        *("ssm_nonexistent_arn", "invalid_execution_arn", "task_token", "token", "log_group_arn"),
    }
)
ROLE = r"s[nf]f_role_arn(?:_\w+)?|sfn_role_arn(?:_\w+)?"
PLACEHOLDER = re.compile(r"<[A-Za-z_][\w .\-]*(?::\d+)?>|" + "|".join([ROLE, *sorted(REDACTED)]))
TOKEN = "fake-nextToken"
# What it put in the place of what an earlier answer had.
FAKE = "arn:aws:fake:us-east-1:111111111111:"
VERSION, ALIAS = f"{FAKE}stateMachineVersionArn", f"{FAKE}stateMachineAliasArn"
REVISION = "fake-revisionId"
# Recordings are from before the answers had it.
NEWER = frozenset({"encryptionConfiguration"})
EXECUTION = re.compile(r"arn:aws:states:us-east-1:\d{12}:execution:x:\d+")
OPERATIONS = {xform_name(name): name for name in service_model().operation_names}

Call = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


class Replay:
    """Makes the calls of one case again."""

    def __init__(self, call: Call, wait: Callable[[str], None]) -> None:
        self._call = call
        self._wait = wait
        self._execution = self._token = ""
        self._versions: list[str] = []
        self._aliases: list[str] = []
        self._revisions: list[str] = []

    def differences(self, case: Mapping[str, Any]) -> list[str]:
        """What was answered in another way than it is recorded."""
        found = []
        for number, step in enumerate(case["steps"]):
            if _was_never_sent(step):
                continue
            told = json.dumps(step.get("expected")).replace(RECORDED_ACCOUNT, ACCOUNT)
            expected, got = json.loads(told), self._made(step)
            if expected is None:
                continue
            if isinstance(expected, dict) and "events" in expected and "events" not in got:
                got = self._call("GetExecutionHistory", {"executionArn": self._execution})
            if not _is_as_recorded(expected, got):
                shown = json.dumps(got, default=str)
                found.append(
                    f"{number} {step['op']}: {json.dumps(expected)[:700]}\n   {shown[:700]}"
                )
        return found

    def _made(self, step: Mapping[str, Any]) -> Mapping[str, Any]:
        text = EXECUTION.sub(self._execution, json.dumps(step["kw"]))
        operation = OPERATIONS[step["op"]]
        text = self._without_fakes(text.replace(TOKEN, self._token), operation)
        told = json.loads(text.replace(RECORDED_ACCOUNT, ACCOUNT))
        if "nextToken" in told and told["nextToken"] is None:
            told["nextToken"] = self._token
        try:
            answer = self._call(operation, told)
        except ApiFault as fault:
            return {"Error": {"Code": fault.name, "Message": fault.message}}
        self._token = answer.get("nextToken", "")
        self._note(answer)
        if "executionArn" in answer and operation == "StartExecution":
            self._execution = answer["executionArn"]
            self._wait(self._execution)
        return answer

    def _note(self, answer: Mapping[str, Any]) -> None:
        noted = {
            "stateMachineVersionArn": self._versions,
            "stateMachineAliasArn": self._aliases,
            "revisionId": self._revisions,
        }
        for name, seen in noted.items():
            if name in answer and answer[name] not in seen:
                seen.append(answer[name])

    def _without_fakes(self, text: str, operation: str) -> str:
        """The call with what it had when it was recorded: the newest version, but the second one in
        an alias; the revision before the newest; the newest alias, but the oldest to be deleted."""
        if VERSION in text:
            is_routed = "routingConfiguration" in text
            text = text.replace(VERSION, self._versions[1 if is_routed else -1])
        if ALIAS in text:
            is_deleted = operation == "DeleteStateMachineAlias"
            alias = self._aliases[0 if is_deleted else -1]
            if is_deleted and len(self._aliases) > 1:
                del self._aliases[0]
            text = text.replace(ALIAS, alias)
        return text.replace(REVISION, self._revisions[-2]) if REVISION in text else text


def _was_never_sent(step: Mapping[str, Any]) -> bool:
    """Whether the client refused the call."""
    return "Parameter validation failed" in json.dumps(step.get("expected"))


def _is_as_recorded(expected: Any, got: Mapping[str, Any]) -> bool:
    error = got.get("Error")
    if isinstance(expected, str):
        return error is not None and _same(expected.rpartition("operation: ")[2], error["Message"])
    if "exception_value" in expected:
        text = expected["exception_value"].rpartition("operation: ")[2]
        return error is not None and _same(text, error["Message"])
    if "Error" in expected:
        return error is not None and _same(expected["Error"], error)
    if error is not None:
        return False
    wanted = {name: value for name, value in expected.items() if name != "ResponseMetadata"}
    newer = NEWER - wanted.keys()
    return _same(_read(wanted), _read({k: v for k, v in got.items() if k not in newer}))


def _read(value: Any) -> Any:
    """JSON texts as what they hold."""
    if isinstance(value, Mapping):
        return {name: _read(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_read(part) for part in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, Mapping):
        return (
            isinstance(got, Mapping)
            and expected.keys() == got.keys()
            and all(_same(expected[name], got[name]) for name in expected)
        )
    if isinstance(expected, list):
        return (
            isinstance(got, list) and len(expected) == len(got) and all(map(_same, expected, got))
        )
    if isinstance(expected, str) and (expected in REDACTED or re.fullmatch(ROLE, expected)):
        return isinstance(got, str) or is_number(got)
    if isinstance(expected, str) and isinstance(got, str):
        pattern = ".*".join(re.escape(part) for part in PLACEHOLDER.split(expected))
        return re.fullmatch(pattern, got, re.DOTALL) is not None
    return bool(expected == got)


def reason_against(case: Mapping[str, Any], otherwise: Mapping[str, str]) -> str:
    """Why a case is not answered as it is recorded, by a part of its id; empty if it is."""
    return next((reason for part, reason in otherwise.items() if part in case["id"]), "")
