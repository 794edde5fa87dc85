"""SDKs as they come drive the server: boto3, and the one for JavaScript where there is node."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.stepfunctions.roll_die import quick
from tests.processes import wait_until
from tests.stepfunctions_process import StepFunctionsProcess

JAVASCRIPT = Path(__file__).parents[2] / "javascript"
ROLE = "arn:aws:iam::000000000000:role/r"
# In that order, again and again, until the last.
ROUND = [
    *("PassStateEntered", "PassStateExited", "ChoiceStateEntered", "ChoiceStateExited"),
    *("WaitStateEntered", "WaitStateExited"),
]
WON = ["SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]


@pytest.fixture(scope="module")
def server() -> Iterator[StepFunctionsProcess]:
    """One that keeps nothing."""
    server = StepFunctionsProcess()
    yield server
    server.kill()


def judge(types: list[str], output: dict[str, Any]) -> None:
    """Whether it is the history of a die that was rolled until it showed more than 3."""
    rounds, left = divmod(len(types) - 1 - len(WON), len(ROUND))
    assert types == ["ExecutionStarted", *ROUND * rounds, *ROUND[:left], *WON]
    assert left == 4
    assert output["roll"]["value"] in (4, 5, 6)


def test_boto3_rolls_the_die(server: StepFunctionsProcess) -> None:
    client = server.client()
    arn = client.create_state_machine(name="boto3", definition=quick(), roleArn=ROLE)[
        "stateMachineArn"
    ]
    started = client.start_execution(stateMachineArn=arn, name="first", input='{"player": "ada"}')
    execution = started["executionArn"]

    assert wait_until(
        lambda: client.describe_execution(executionArn=execution)["status"] != "RUNNING", 60
    )
    told = client.describe_execution(executionArn=execution)
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=execution, PaginationConfig={"PageSize": 2}
    )
    events = [event for page in pages for event in page["events"]]
    assert told["status"] == "SUCCEEDED"
    judge([event["type"] for event in events], json.loads(told["output"]))
    assert json.loads(told["output"])["player"] == "ada"
    assert events[0]["timestamp"] == started["startDate"]
    listed = client.list_executions(stateMachineArn=arn)["executions"]
    assert [each["name"] for each in listed] == ["first"]
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=arn, name="first")


def test_boto3_gets_the_answer_of_an_express_execution(server: StepFunctionsProcess) -> None:
    client = server.client()
    definition = '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'
    arn = client.create_state_machine(
        name="express", definition=definition, roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]

    told = client.start_sync_execution(stateMachineArn=arn, input='{"a": 1}')

    assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"a": 1})


@pytest.fixture(scope="module")
def javascript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program and the SDK that its lock file names."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not there")
    folder = tmp_path_factory.mktemp("javascript")
    for name in ("package.json", "package-lock.json", "drive.mjs"):
        shutil.copy(JAVASCRIPT / name, folder)
    installed = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if installed.returncode:
        pytest.skip(f"the SDK could not be installed: {installed.stderr[-200:]}")
    return folder


@pytest.mark.once
def test_javascript_rolls_the_die(server: StepFunctionsProcess, javascript: Path) -> None:
    driven = subprocess.run(
        ["node", "drive.mjs", quick()],
        cwd=javascript,
        env={
            **os.environ,
            "AWS_ENDPOINT_URL_SFN": server.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert driven.returncode == 0, driven.stderr
    told = json.loads(driven.stdout)
    assert told["status"] == "SUCCEEDED"
    judge(told["types"], told["output"])
    assert told["executions"] == ["first"]
    assert told["refusal"] == {"name": "ExecutionAlreadyExists", "isItsClass": True}
