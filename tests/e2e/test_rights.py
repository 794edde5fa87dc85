"""Each function needs its rights: a deployment that lacks one fails, and says what it lacks."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.installation import Cloud, Installation
from tests.postgres import PASSWORD
from tests.processes import wait_until

# By function: its role, and an action of which it needs all it has.
MISSING = {
    "state-machine": ("StateMachineRole", "dynamodb:PutItem"),
    "task-satisfier": ("TaskSatisfierRole", "lambda:InvokeFunction"),
}


def without(packaged: Path, role: str, action: str) -> Any:
    """The template with a role that may not do one thing."""
    template = yaml.safe_load(packaged.read_text())
    [policy] = template["Resources"][role]["Properties"]["Policies"]
    told = json.dumps(policy)
    policy.update(json.loads(told.replace(f'"{action}"', '"iam:GetUser"')))
    assert json.dumps(policy) != told
    return template


@pytest.mark.parametrize("function", MISSING)
def test_a_function_without_one_of_its_rights_does_not_work_and_says_so(
    cloud: Cloud, tmp_path: Path, function: str
) -> None:
    derived = tmp_path / "template.yaml"
    derived.write_text(yaml.safe_dump(without(cloud.packaged, *MISSING[function])))
    installation = Installation(cloud, f"poor-{function}")
    installation.deploy(derived)
    installation.put_machines()

    installation.send("s", "LAUNCH", machine="functions")

    assert wait_until(lambda: "AccessDenied" in installation.log(function), 60, pause=0.2)
    stack = installation.stack("s")
    assert stack is None or stack.state == "GREET"


@pytest.mark.parametrize("function", MISSING)
def test_a_function_is_told_of_a_database_by_its_secret_alone(
    cloud: Cloud, on_postgres: Installation, function: str
) -> None:
    told = cloud.client("lambda").get_function_configuration(FunctionName=f"on-postgres-{function}")

    environment = told["Environment"]["Variables"]
    assert environment["POSTGRES_CONNECTION_SECRET"] == on_postgres.parameters["PostgresSecretArn"]
    assert PASSWORD not in json.dumps(told)
    assert "DYNAMODB_TABLE" not in environment
