"""What the two functions find in their environment on this computer."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from cloudseam.settings import Settings
from cloudseam_cli.dev import actions_folder
from cloudseam_cli.embedded_aws import EmbeddedAws
from cloudseam_cli.local.environment import functions_environment
from cloudseam_cli.local.resources import Resources
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings

AWS = EmbeddedAws(4999)


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    return functions_environment(
        environ or {},
        AWS.environment,
        Resources.at(AWS.url),
        machines=Path("machines"),
        terraform_state=Path("state"),
    )


@pytest.mark.parametrize("settings", [StateMachineSettings, TaskSatisfierSettings])
def test_it_has_every_setting_that_a_function_needs(settings: type[Settings]) -> None:
    assert settings.from_environment(environment())


def test_the_settings_name_the_queues_the_table_and_the_folders() -> None:
    machine = StateMachineSettings.from_environment(environment())
    satisfier = TaskSatisfierSettings.from_environment(environment())
    resources = Resources.at(AWS.url)

    assert machine.event_queue_url == satisfier.event_queue_url == resources.event_queue
    assert machine.task_queue_url == satisfier.task_queue_url == resources.task_queue
    assert machine.container_task_queue_url == resources.task_queue
    assert machine.dead_letter_queue_url == resources.event_dead_letters
    assert satisfier.dead_letter_queue_url == resources.task_dead_letters
    assert machine.dynamodb_table == satisfier.dynamodb_table == resources.table
    assert machine.machine_spec_dir == str(Path("machines").absolute())
    assert satisfier.context_bucket == resources.context_bucket
    assert satisfier.terraform_state_dir == str(Path("state").absolute())


def test_actions_are_where_the_console_says_or_else_the_user() -> None:
    beside = functions_environment(
        {"ACTIONS_PATH": "/mine"},
        AWS.environment,
        Resources.at(AWS.url),
        machines=Path("machines"),
        terraform_state=Path("state"),
        actions=Path("actions"),
    )

    assert beside["ACTIONS_PATH"] == str(Path("actions").absolute())
    assert environment({"ACTIONS_PATH": "/mine"})["ACTIONS_PATH"] == "/mine"
    assert "ACTIONS_PATH" not in environment()


def test_actions_are_looked_for_beside_the_machines_unless_they_are_named(tmp_path: Path) -> None:
    named, of_environment = Path("named"), {"ACTIONS_PATH": "/mine"}
    assert actions_folder(None, tmp_path, {}) is None

    (tmp_path / "actions").mkdir()

    assert actions_folder(None, tmp_path, {}) == tmp_path / "actions"
    assert actions_folder(None, tmp_path, of_environment) == Path("/mine")
    assert actions_folder(named, tmp_path, of_environment) == named


@pytest.mark.parametrize(
    "name",
    [
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_SQS",
        "AWS_ROLE_ARN",
        "POSTGRES_CONNECTION_SECRET",
        "TERRAFORM_STATE_BUCKET",
        "CONTEXT_PREFIX",
        "LOCAL_MODE",
        "SKIP_TASK_EXECUTION",
        "SQS_EVENT_QUEUE_ARN",
        "TIMER_ROLE_ARN",
        "TIMER_SCHEDULE_GROUP",
    ],
)
def test_what_belongs_to_a_real_installation_is_left_out(name: str) -> None:
    assert name not in environment({name: "real"})


@pytest.mark.parametrize(
    "name",
    ["AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY", "SQS_EVENT_QUEUE_URL", "DYNAMODB_TABLE"],
)
def test_what_belongs_to_a_real_installation_is_replaced(name: str) -> None:
    assert environment({name: "real"})[name] == environment()[name] != "real"


@pytest.mark.parametrize(
    "name", ["PATH", "TERRAFORM_BIN", "SENSITIVE_METADATA_KEYS", "MAX_RECEIVE_COUNT", "TF_VAR_x"]
)
def test_the_users_other_settings_hold(name: str) -> None:
    assert environment({name: "3"})[name] == "3"


@pytest.mark.parametrize(
    ("environ", "direct"),
    [
        pytest.param({}, "127.0.0.1", id="no-proxy"),
        pytest.param({"NO_PROXY": "intranet"}, "intranet,127.0.0.1", id="upper-case"),
        pytest.param({"no_proxy": "intranet"}, "intranet,127.0.0.1", id="lower-case"),
    ],
)
def test_the_emulator_is_never_reached_through_a_proxy(
    environ: Mapping[str, str], direct: str
) -> None:
    found = environment({"HTTP_PROXY": "http://proxy", **environ})

    assert (found["NO_PROXY"], found["no_proxy"]) == (direct, direct)
