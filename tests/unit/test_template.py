"""The template against the code: settings, time-outs, rights."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudseam.settings import Settings
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings
from tests.unit.aws_calls import calls_in, calls_of

ROOT = Path(__file__).parents[2]
# Read by Powertools itself.
POWERTOOLS = {
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
}

# The IAM action of each call that the functions' code makes.
ACTION_OF = {
    "batch_get_item": "dynamodb:BatchGetItem",
    "change_message_visibility_batch": "sqs:ChangeMessageVisibility",
    "get_object": "s3:GetObject",
    "get_secret_value": "secretsmanager:GetSecretValue",
    "invoke": "lambda:InvokeFunction",
    "list_objects_v2": "s3:ListBucket",
    "put_item": "dynamodb:PutItem",
    "send_message_batch": "sqs:SendMessage",
}
# In the functions' package, but called by `cloudseam stacks` only, with the rights of a person.
CALLS_FOR_PEOPLE = {"scan"}
# Lambda polls the queue and writes the log with the function's role.
LAMBDA_ITSELF = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
}
# Terraform's S3 backend with a lock file, which it deletes.
TERRAFORM_STATE = {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}


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


@pytest.mark.parametrize(
    ("function", "role", "not_by_code"),
    [
        ("state_machine", "StateMachineRole", LAMBDA_ITSELF),
        ("task_satisfier", "TaskSatisfierRole", LAMBDA_ITSELF | TERRAFORM_STATE),
    ],
    ids=["state machine", "task satisfier"],
)
def test_a_function_may_do_what_its_code_does_and_no_more(
    function: str, role: str, not_by_code: set[str]
) -> None:
    calls = calls_of(function) - CALLS_FOR_PEOPLE

    unknown = calls - set(ACTION_OF)

    assert unknown == set(), "give each of these calls its action, and the role the right to it"
    assert actions(role) == {ACTION_OF[call] for call in calls} | not_by_code


def test_every_call_that_has_an_action_is_made_by_a_function() -> None:
    called = calls_of("state_machine") | calls_of("task_satisfier")

    assert called == set(ACTION_OF) | CALLS_FOR_PEOPLE


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("self._client.purge_queue(QueueUrl=url)", "purge_queue"),
        ("client_for(wait).invoke(FunctionName=name)", "invoke"),
        ('client.get_paginator("list_object_versions")', "list_object_versions"),
        ("SecretsProvider(boto3_client=client)", "get_secret_value"),
    ],
    ids=["of an attribute", "of what a call returns", "page by page", "by Powertools"],
)
def test_a_call_of_aws_is_found_in_code(code: str, call: str) -> None:
    assert list(calls_in(ast.parse(code))) == [call]


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
