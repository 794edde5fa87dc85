"""docs/asl.md tells of the operations, states and functions that there are, and its calls work."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudseam.languages.asl.intrinsics import FUNCTIONS
from cloudseam.languages.asl.jsonata_query import ADDED
from cloudseam.languages.asl.states import STATES
from cloudseam_cli.stepfunctions.api import OPERATIONS
from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions

PAGE = (Path(__file__).parents[2] / "docs" / "asl.md").read_text()


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def first_cells(text: str) -> set[str]:
    rows = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_the_table_has_the_operations_that_there_are() -> None:
    assert first_cells(section("Operations")) == set(OPERATIONS)


def test_the_table_has_the_states_that_there_are() -> None:
    assert first_cells(section("States")) == set(STATES)


def test_the_functions_are_those_that_there_are() -> None:
    text = section("Intrinsic functions")

    assert set(re.findall(r"`(States\.\w+)`", text)) == set(FUNCTIONS)
    assert set(re.findall(r"`\$(\w+)`", text)) == set(ADDED)


@pytest.fixture
def server() -> Iterator[LocalStepFunctions]:
    """One that keeps nothing."""
    server = LocalStepFunctions(0)
    server.start()
    yield server
    server.stop()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
def test_the_calls_of_the_page_are_answered(server: LocalStepFunctions) -> None:
    block = re.search(r"<!-- calls: begin -->\n\n```sh\n(.*?)```", PAGE, re.DOTALL)
    assert block
    script = block[1].replace("http://127.0.0.1:8083", server.url)
    script = script.replace('-d "$2"', '-d "$2"; echo')

    said = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True
    ).stdout

    made, started, described, history, listed = map(json.loads, said.splitlines())
    assert made["stateMachineArn"].endswith(":stateMachine:hello")
    assert started["executionArn"] == described["executionArn"]
    assert (described["status"], described["output"]) == ("SUCCEEDED", '"Hello!"')
    assert [event["type"] for event in history["events"]] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [each["name"] for each in listed["executions"]] == ["first"]
