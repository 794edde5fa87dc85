"""Recorded executions whose tasks need nothing but the API of Step Functions itself: activities,
nested executions, and its own operations. Run again by the server and its engine.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from threading import Thread
from typing import Any

import pytest

from cloudseam.languages.asl.machine import ACCOUNT
from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions
from tests.conformance.recorded_asl import agrees, cases, opened, why_not
from tests.conformance.recorded_calls import RECORDED_ACCOUNT

OWN = re.compile(r"arn:aws:states:(us-east-1:\d+:activity:|::states:|::aws-sdk:sfn:)")
RESOURCE = re.compile(r'"Resource": "(arn:[^"]+)"')
ACTIVITY = re.compile(r"arn:aws:states:us-east-1:\d+:activity:([\w-]+)")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
# It has a time-out of five seconds; tests/unit/asl/test_time_outs.py has it in no time.
SLOW = "test_activity_task_start_timeout"

numbers = count(1)


def is_own(case: Mapping[str, Any]) -> bool:
    """Whether it needs nobody else, and no time."""
    told = json.dumps([case["definition"], case.get("nested")])
    is_quick = not case.get("lambdas") and not case["id"].endswith(SLOW)
    return is_quick and why_not(case) is None and all(map(OWN.match, RESOURCE.findall(told)))


CASES = [
    case
    for category in ("activity", "service")
    for case in cases(category)
    if is_own(case) and RESOURCE.search(json.dumps(case["definition"]))
]

pytestmark = pytest.mark.skipif(not CASES, reason="the recorded executions are not here")


@pytest.fixture(scope="module")
def server() -> Iterator[LocalStepFunctions]:
    server = LocalStepFunctions(0)
    server.start()
    yield server
    server.stop()


class Stage:
    """What a case needs, under names of its own, and the case on it."""

    def __init__(self, server: LocalStepFunctions, case: Mapping[str, Any]) -> None:
        self.engine = server.engine
        self.case = case
        self.name = f"case-{next(numbers)}"
        self.names = {RECORDED_ACCOUNT: ACCOUNT}
        for inner in case.get("nested", []):
            self.names[inner["name"]] = f"{self.name}-{inner['name']}"

    def call(self, operation: str, **told: Any) -> dict[str, Any]:
        return api.call(self.engine, operation, told)

    def here(self, told: Any) -> str:
        text = json.dumps(told)
        for recorded, name in self.names.items():
            text = text.replace(recorded, name)
        return text

    def machine(self, name: str, definition: Any) -> str:
        made = self.call(
            "CreateStateMachine", name=name, definition=self.here(definition), roleArn=ROLE
        )
        return str(made["stateMachineArn"])

    def run(self) -> dict[str, Any]:
        """DescribeExecution at its end."""
        for inner in self.case.get("nested", []):
            self.machine(self.names[inner["name"]], inner["definition"])
        worker = self.worker()
        arn = self.machine(self.name, self.case["definition"])
        told = self.here(self.case["input"])
        execution = self.call("StartExecution", stateMachineArn=arn, name="e", input=told)
        self.engine.wait_for_end(f"{self.name}:e", 20)
        worker.join()
        return self.call("DescribeExecution", executionArn=execution["executionArn"])

    def worker(self) -> Thread:
        """Somebody who takes one task of the case's activity, if it has one."""
        found = ACTIVITY.search(json.dumps(self.case["definition"]))
        working = Thread(target=lambda: None)
        if found:
            self.names[found[1]] = f"{self.name}-{found[1]}"
            made = self.call("CreateActivity", name=self.names[found[1]])
            arn = self.names["activity_arn"] = made["activityArn"]
            if self.case["id"].endswith("_on_deleted"):
                self.call("DeleteActivity", activityArn=arn)
            else:
                working = Thread(target=self.work, args=(arn, self.case["worker"]))
        working.start()
        return working

    def work(self, activity: str, told: Mapping[str, Any]) -> None:
        task = self.call("GetActivityTask", activityArn=activity, workerName="w")
        if told["action"] == "failure":
            answer = {"error": told["error"], "cause": task["input"]}
            self.call("SendTaskFailure", taskToken=task["taskToken"], **answer)
        else:
            self.call("SendTaskSuccess", taskToken=task["taskToken"], output=task["input"])


@pytest.mark.parametrize("case", CASES, ids=[case["id"].rpartition("::")[2] for case in CASES])
def test_it_ends_as_recorded(case: Mapping[str, Any], server: LocalStepFunctions) -> None:
    stage = Stage(server, case)

    told = stage.run()

    expected = json.loads(stage.here(case["expected"]))
    found = {name: opened(told.get(name)) for name in ("status", "output", "error", "cause")}
    for name, value in expected.items():
        assert agrees(opened(value), found[name]), (name, value, found)
    asked = {"executionArn": told["executionArn"]}
    events = [event["type"] for event in stage.call("GetExecutionHistory", **asked)["events"]]
    if case.get("expected_events"):
        assert events == case["expected_events"]


def test_these_are_all() -> None:
    assert len(CASES) == 14
