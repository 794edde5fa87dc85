"""What each role may do is what its code does, on what is named."""

import ast

import pytest

from tests.template import RESOURCES, TEMPLATE, actions, statement, statements
from tests.unit.aws_calls import calls_in, calls_of

# The IAM action of each call that the functions' code makes.
ACTION_OF = {
    # Of updates (developer guide, "IAM security policies with PartiQL for DynamoDB").
    "batch_execute_statement": "dynamodb:PartiQLUpdate",
    "batch_get_item": "dynamodb:BatchGetItem",
    "change_message_visibility_batch": "sqs:ChangeMessageVisibility",
    "create_schedule": "scheduler:CreateSchedule",
    "delete_item": "dynamodb:DeleteItem",
    "delete_object": "s3:DeleteObject",
    "get_item": "dynamodb:GetItem",
    "get_object": "s3:GetObject",
    "get_secret_value": "secretsmanager:GetSecretValue",
    "invoke": "lambda:InvokeFunction",
    "list_objects_v2": "s3:ListBucket",
    "put_events": "events:PutEvents",
    "put_item": "dynamodb:PutItem",
    "put_object": "s3:PutObject",
    "scan": "dynamodb:Scan",
    "send_message_batch": "sqs:SendMessage",
    # Of puts only: each needs the right to PutItem (DynamoDB developer guide, "Using IAM with
    # DynamoDB transactions").
    "transact_write_items": "dynamodb:PutItem",
}
# In the store that both functions import, but called by the other function only.
NOT_CALLED = {
    "state_machine": {"delete_item"},  # gives back a claim
    # Commits; reads a machine's version; sweeps; keeps a full history.
    "task_satisfier": {"batch_execute_statement", "get_item", "scan", "transact_write_items"},
}
# Lambda polls the queue and writes the log with the function's role.
LAMBDA_ITSELF = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
}
# Lambda reads streams with it as well (Lambda developer guide, "Required Lambda function
# permissions" of each).
READING_STREAMS = {
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
# Powertools' tracer has the daemon of Lambda send them with the function's role.
TRACING = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
# The services ask for these of whoever reads and sends what they encrypt.
KEY = {"kms:Decrypt", "kms:GenerateDataKey"}
# Goes with CreateSchedule: Scheduler sends with a role that it is given.
SCHEDULER_ROLE = {"iam:PassRole"}
# A statement of a batch is an update, or where the stack is new an insert.
INSERTS = {"dynamodb:PartiQLInsert"}
# Terraform's S3 backend with a lock file, which it deletes.
TERRAFORM_STATE = {"s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"}


@pytest.mark.parametrize(
    ("function", "role", "not_by_code"),
    [
        (
            "state_machine",
            "StateMachineRole",
            LAMBDA_ITSELF | TRACING | KEY | READING_STREAMS | SCHEDULER_ROLE | INSERTS,
        ),
        ("task_satisfier", "TaskSatisfierRole", LAMBDA_ITSELF | TRACING | KEY | TERRAFORM_STATE),
    ],
    ids=["state machine", "task satisfier"],
)
def test_a_function_may_do_what_its_code_does_and_no_more(
    function: str, role: str, not_by_code: set[str]
) -> None:
    calls = calls_of(function) - NOT_CALLED[function]

    unknown = calls - set(ACTION_OF)

    assert unknown == set(), "give each of these calls its action, and the role the right to it"
    assert actions(role) == {ACTION_OF[call] for call in calls} | not_by_code


def test_every_call_that_has_an_action_is_made_by_a_function() -> None:
    called = calls_of("state_machine") | calls_of("task_satisfier")

    assert called == set(ACTION_OF)


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("self._client.purge_queue(QueueUrl=url)", "purge_queue"),
        ("client_for(wait).invoke(FunctionName=name)", "invoke"),
        ('client.get_paginator("list_object_versions")', "list_object_versions"),
    ],
    ids=["of an attribute", "of what a call returns", "page by page"],
)
def test_a_call_of_aws_is_found_in_code(code: str, call: str) -> None:
    assert list(calls_in(ast.parse(code))) == [call]


@pytest.mark.parametrize(
    "role",
    [
        "StateMachineRole",
        "TaskSatisfierRole",
        "ContainerTaskPolicy",
        "TimerRole",
        "StateMachineFunctionSweepRole",
    ],
)
def test_a_role_never_speaks_of_every_resource(role: str) -> None:
    for each in statements(role):
        # X-Ray has no resource that could be named (service authorization reference).
        assert each["Resource"] not in ("*", ["*"]) or each["Sid"] == "Trace"
        assert "*" not in str(each["Action"])


def test_a_container_may_do_what_the_function_may_but_on_a_queue_of_its_own() -> None:
    # Its engine writes logs, and it is not traced.
    left = [each for each in statements("TaskSatisfierRole") if "WriteLogs" not in str(each)]
    left = [each for each in left if "xray:" not in str(each)]
    own = str(statements("ContainerTaskPolicy"))
    as_function = own.replace("ContainerTask", "Task")

    assert "'TaskQueue.Arn'" not in own
    assert [str(each) for each in left if str(each) not in as_function] == []
    assert len(left) == len(statements("ContainerTaskPolicy"))


def test_both_functions_know_the_store_and_may_reach_it() -> None:
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]

    assert {"DYNAMODB_TABLE", "DYNAMODB_CLAIMS_TABLE", "POSTGRES_CONNECTION_SECRET"} <= set(shared)
    for role in ("StateMachineRole", "TaskSatisfierRole"):
        assert statement(role, "ReadSecret")["Resource"] == {"Ref": "PostgresSecretArn"}
        assert "VpcSubnetIds" in str(TEMPLATE["Globals"]["Function"]["VpcConfig"])


def test_the_satisfier_writes_claims_only() -> None:
    writing = {"dynamodb:PutItem", "dynamodb:DeleteItem"}
    claims = statement("TaskSatisfierRole", "ClaimTasks")

    assert set(claims["Action"]) == writing
    assert claims["Resource"] == {"Fn::GetAtt": "ClaimTable.Arn"}
    for other in statements("TaskSatisfierRole"):
        assert other is claims or writing.isdisjoint(other["Action"])


def test_contexts_are_the_satisfiers_alone_where_its_settings_say() -> None:
    settings = RESOURCES["TaskSatisfierFunction"]["Properties"]["Environment"]["Variables"]
    kept = statement("TaskSatisfierRole", "KeepContexts")

    place = f"${{ContextBucket.Arn}}/{settings['CONTEXT_PREFIX']}*"
    assert kept["Resource"] == {"Fn::Sub": place}
    assert settings["CONTEXT_BUCKET"]["Fn::If"][1] == {"Ref": "ContextBucket"}
    assert "ContextBucket" not in str(statements("StateMachineRole"))


def test_the_satisfier_invokes_and_reads_states_only_where_the_operator_says() -> None:
    assert statement("TaskSatisfierRole", "InvokeTasks")["Resource"] == {"Ref": "TaskFunctionArns"}
    for sid in ("KeepTerraformState", "FindTerraformState"):
        named = statement("TaskSatisfierRole", sid)["Resource"]["Fn::Sub"]
        assert ":s3:::${TerraformStateBucket}" in named
    for parameter in ("TaskFunctionArns", "TerraformStateBucket", *POLICIES.values()):
        assert TEMPLATE["Parameters"][parameter]["Default"] == ""


# What an operator may add to the satisfier's rights, by the condition of the template.
POLICIES = {
    "ActionsMay": "ActionsPolicyArn",
    "MayTerraform": "TerraformPolicyArn",
    "StatesMay": "StatesPolicyArn",
}


def test_the_satisfier_has_the_policies_that_it_is_given_and_no_others() -> None:
    managed = RESOURCES["TaskSatisfierRole"]["Properties"]["ManagedPolicyArns"]
    given = {each["Fn::If"][0]: each["Fn::If"][1:] for each in managed}

    assert given.keys() == {*POLICIES, "InVpc"}
    for condition, parameter in POLICIES.items():
        assert given[condition] == [{"Ref": parameter}, {"Ref": "AWS::NoValue"}]
        is_empty = {"Fn::Equals": [{"Ref": parameter}, ""]}
        assert TEMPLATE["Conditions"][condition] == {"Fn::Not": [is_empty]}
