"""Parameters are the functions' settings, with their defaults and bounds."""

import tomllib
from pathlib import Path

import pytest

from cloudseam.settings import Settings
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings
from tests.template import RESOURCES, TEMPLATE

ROOT = Path(__file__).parents[3]
# What both functions need to start.
NEEDED = {
    "MACHINE_LOCATOR": "LOCAL_FS",
    "MACHINE_SPEC_DIR": "machines",
    "SQS_TASK_QUEUE_URL": "tasks",
    "SQS_EVENT_QUEUE_URL": "events",
}
# Read by Powertools itself, and for its tracer.
POWERTOOLS = {
    "CLOUDSEAM_TRACING",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
}
# Read by Terraform, which the task satisfier runs.
TERRAFORM = {"TF_CLI_CONFIG_FILE"}
SETTING_OF: dict[str, tuple[type[Settings], str]] = {
    "History": (StateMachineSettings, "HISTORY"),
    "MachineVersions": (StateMachineSettings, "MACHINE_VERSIONS"),
    "RequireTaskToken": (StateMachineSettings, "REQUIRE_TASK_TOKEN"),
    "TaskLostAfter": (StateMachineSettings, "TASK_LOST_AFTER"),
    "FairQueues": (StateMachineSettings, "FAIR_QUEUES"),
    "TaskLease": (TaskSatisfierSettings, "TASK_LEASE"),
    "ChaosFailureRate": (StateMachineSettings, "CHAOS_FAILURE_RATE"),
    "ChaosDelayRate": (StateMachineSettings, "CHAOS_DELAY_RATE"),
    "ChaosDelaySeconds": (StateMachineSettings, "CHAOS_DELAY_SECONDS"),
    "MaxReceiveCount": (StateMachineSettings, "MAX_RECEIVE_COUNT"),
}


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("StateMachineFunction", StateMachineSettings),
        ("TaskSatisfierFunction", TaskSatisfierSettings),
    ],
)
def test_a_function_is_given_only_what_it_reads_and_all_that_it_needs(
    function: str, settings: type[Settings]
) -> None:
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    own = RESOURCES[function]["Properties"]["Environment"]["Variables"]
    known = {
        field.alias
        for each in (StateMachineSettings, TaskSatisfierSettings)
        for field in each.model_fields.values()
    }
    needed = {field.alias for field in settings.model_fields.values() if field.is_required()}

    assert set(own) - TERRAFORM <= {field.alias for field in settings.model_fields.values()}
    assert set(shared) <= known | POWERTOOLS
    assert needed <= set(own) | set(shared)


@pytest.mark.parametrize("parameter", SETTING_OF)
def test_a_parameter_has_the_default_and_the_bounds_of_its_setting(parameter: str) -> None:
    settings, alias = SETTING_OF[parameter]
    declared = TEMPLATE["Parameters"][parameter]
    ends = {declared[end] for end in ("MinValue", "MaxValue") if end in declared}

    (field,) = (each for each in settings.model_fields.values() if each.alias == alias)

    assert str(declared["Default"]) == str(field.default).lower()
    for value in ends | set(declared.get("AllowedValues", [])):
        assert settings.from_environment(NEEDED | {alias: str(value)})


def test_production_has_no_chaos() -> None:
    rule = TEMPLATE["Rules"]["NoChaosInProduction"]

    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Environment"}, "prod"]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {
        "Fn::And": [
            {"Fn::Equals": [{"Ref": "ChaosFailureRate"}, 0]},
            {"Fn::Equals": [{"Ref": "ChaosDelayRate"}, 0]},
        ]
    }
    prod = tomllib.loads((ROOT / "samconfig.toml").read_text())["prod"]["deploy"]["parameters"]
    assert "Environment=prod" in prod["parameter_overrides"].split()


def test_every_parameter_is_in_a_group_and_used() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    rest = str({name: part for name, part in TEMPLATE.items() if name != "Parameters"})

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(
        TEMPLATE["Parameters"]
    )
    for name in TEMPLATE["Parameters"]:
        assert f"'Ref': '{name}'" in rest or f"${{{name}}}" in rest
