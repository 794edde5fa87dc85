"""The template against the code: settings, time-outs, rights."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudseam.settings import Settings
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings

ROOT = Path(__file__).parents[2]
# Read by Powertools itself.
POWERTOOLS = {
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
}


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as what they are short for."""


def _short_form(loader: TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


TemplateLoader.add_multi_constructor("!", _short_form)
TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), TemplateLoader)
RESOURCES = TEMPLATE["Resources"]


def statements(role: str) -> list[dict[str, Any]]:
    """Every statement of a role, whatever the parameters say."""
    found = []
    for policy in RESOURCES[role]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            branches = statement.get("Fn::If", [None, statement])[1:]
            found += [branch for branch in branches if "Effect" in branch]
    return found


def actions(role: str) -> set[str]:
    """All that a role allows."""
    told = [statement["Action"] for statement in statements(role)]
    return {action for each in told for action in ([each] if isinstance(each, str) else each)}


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

    assert set(own) <= {field.alias for field in settings.model_fields.values()}
    assert set(shared) <= known | POWERTOOLS
    assert needed <= set(own) | set(shared)


def test_events_stay_hidden_for_six_times_the_functions_time_and_the_window() -> None:
    seconds = RESOURCES["StateMachineFunction"]["Properties"]["Timeout"]
    windows = TEMPLATE["Parameters"]["EventBatchWindow"]["AllowedValues"]

    hidden = TEMPLATE["Mappings"]["EventVisibility"]["Window"]

    assert hidden == {str(window): 6 * seconds + window for window in windows}


def test_tasks_stay_hidden_for_six_times_the_functions_time() -> None:
    choices = TEMPLATE["Parameters"]["TaskTimeout"]["AllowedValues"]

    hidden = TEMPLATE["Mappings"]["TaskVisibility"]["Timeout"]

    assert hidden == {str(seconds): 6 * seconds for seconds in choices}


def test_the_queues_redrive_only_after_the_functions_have_dead_lettered() -> None:
    choices = TEMPLATE["Parameters"]["MaxReceiveCount"]["AllowedValues"]

    receives = TEMPLATE["Mappings"]["Redrive"]["Receives"]

    assert set(receives) == {str(choice) for choice in choices}
    assert all(number > int(choice) for choice, number in receives.items())


@pytest.mark.parametrize("queue", ["Event", "Task"])
def test_a_dead_letter_queue_takes_letters_of_its_own_queue_only(queue: str) -> None:
    name = RESOURCES[f"{queue}Queue"]["Properties"]["QueueName"]["Fn::Sub"]
    allowed = RESOURCES[f"{queue}DeadLetterQueue"]["Properties"]["RedriveAllowPolicy"]

    (source,) = allowed["sourceQueueArns"]

    assert allowed["redrivePermission"] == "byQueue"
    assert source["Fn::Sub"].endswith(f":{name}")


@pytest.mark.parametrize("function", ["StateMachineFunction", "TaskSatisfierFunction"])
def test_a_batch_reports_its_failures_by_item(function: str) -> None:
    (mapping,) = RESOURCES[function]["Properties"]["Events"].values()

    assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_state_machine_may_do_what_it_does_and_no_more() -> None:
    assert actions("StateMachineRole") == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
        "s3:ListBucket",
        "s3:GetObject",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "secretsmanager:GetSecretValue",
    }


def test_the_task_satisfier_may_do_what_it_does_and_no_more() -> None:
    assert actions("TaskSatisfierRole") == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "lambda:InvokeFunction",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:ListBucket",
    }


@pytest.mark.parametrize("role", ["StateMachineRole", "TaskSatisfierRole"])
def test_a_role_never_speaks_of_every_resource(role: str) -> None:
    for statement in statements(role):
        assert statement["Resource"] not in ("*", ["*"])
        assert "*" not in str(statement["Action"])


def test_what_stacks_depend_on_outlives_the_deployment() -> None:
    for resource in ("StackTable", "MachineBucket"):
        assert RESOURCES[resource]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


def test_tombstones_end_by_the_attribute_that_rows_have() -> None:
    properties = RESOURCES["StackTable"]["Properties"]

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
