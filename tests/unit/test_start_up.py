"""What a container waits for before its first event, and what it does not."""

import json
import subprocess
import sys

import pytest

# Imported where they are needed, if they ever are; docs/decisions/start-up.md says what they cost.
HEAVY = {
    "asyncio": "Powertools' batch processor",
    "aws_lambda_powertools.utilities.batch": "a batch of which something failed",
    "aws_lambda_powertools.utilities.data_classes": "a batch of which something failed",
    "aws_lambda_powertools.utilities.parameters": "nobody: it loads boto3",
    "aws_lambda_powertools.utilities.parser": "nobody: Powertools loads it if pydantic comes first",
    "aws_xray_sdk": "tracing",
    "boto3": "what the lean client cannot do",
    "botocore.client": "what the lean client cannot do",
    "cloudseam.actions": "a Python action, and whoever starts machines",
    "cloudseam.languages.python_actions.machine": "a machine of actions",
    "cloudseam.locators.s3": "machines in a bucket",
    "cloudseam.stored_context": "a Python action",
    "cloudseam.persistence.dynamodb": "stacks in DynamoDB",
    "cloudseam.persistence.postgres": "stacks in PostgreSQL",
    "cloudseam.poller": "a function as a process",
    "cloudseam.sweep": "the sweep",
    "cloudseam.timers.scheduler": "far timers",
    "cloudseam_cli": "the command line",
    "jsonata": "an expression of JSONata",
    "jsonpath": "a path of JSONPath that is not definite",
    "pg8000": "PostgreSQL",
    "snapshot_restore_py": "SnapStart",
    "state_machine.sources.answer": "events that come from elsewhere than the queue",
    "task_satisfier.executors.aws_lambda": "a Lambda task",
    "task_satisfier.executors.python": "a Python action",
    "task_satisfier.executors.states": "a task of Amazon States Language",
    "task_satisfier.executors.terraform": "a Terraform task",
    "yaml": "a machine that is parsed",
}
LOADED = "import json, sys, {}; print(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize("function", ["state_machine", "task_satisfier"])
def test_importing_a_function_imports_nothing_that_its_path_may_not_need(function: str) -> None:
    # As on Lambda: a process of its own, which imports nothing else first.
    ended = subprocess.run(
        [sys.executable, "-c", LOADED.format(f"{function}.app")],
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(json.loads(ended.stdout))

    assert f"{function}.app" in loaded
    assert {name: HEAVY[name] for name in loaded & HEAVY.keys()} == {}


def test_actions_import_nothing_but_the_standard_library_and_errors() -> None:
    # Whoever starts machines pays for sending only when something is sent.
    ended = subprocess.run(
        [sys.executable, "-c", LOADED.format("cloudseam.actions")],
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = set(json.loads(ended.stdout))

    assert "cloudseam.actions.starting" in loaded
    assert {name.partition(".")[0] for name in loaded} & {"boto3", "botocore", "pydantic"} == set()
    assert {name for name in loaded if name.startswith("cloudseam.")} == {
        "cloudseam.actions",
        "cloudseam.actions.action",
        "cloudseam.actions.context",
        "cloudseam.actions.starting",
        "cloudseam.errors",
    }
