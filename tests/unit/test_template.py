"""The template against the code: settings, time-outs, rights."""

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cloudseam.settings import Settings
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings
from tests.template import RESOURCES, TEMPLATE, actions, statements
from tests.unit.aws_calls import SERVICES, calls_in, calls_of

ROOT = Path(__file__).parents[2]
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


@pytest.mark.parametrize("queue", ["Event", "Task", "ContainerTask"])
def test_a_dead_letter_queue_takes_letters_of_its_own_queue_only(queue: str) -> None:
    name = RESOURCES[f"{queue}Queue"]["Properties"]["QueueName"]["Fn::Sub"]
    allowed = RESOURCES[f"{queue}DeadLetterQueue"]["Properties"]["RedriveAllowPolicy"]

    (source,) = allowed["sourceQueueArns"]

    assert allowed["redrivePermission"] == "byQueue"
    assert source["Fn::Sub"].endswith(f":{name}")


@pytest.mark.parametrize(
    "mapping",
    [
        RESOURCES["StateMachineFunctionEvents"],
        RESOURCES["TaskSatisfierFunction"]["Properties"]["Events"]["Tasks"],
    ],
    ids=["events", "tasks"],
)
def test_a_batch_reports_its_failures_by_item(mapping: dict[str, Any]) -> None:
    assert mapping["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


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


def test_the_layer_has_boto3s_description_of_each_service_that_is_called() -> None:
    makefile = (ROOT / "layers" / "cloudseam" / "Makefile").read_text()
    (kept,) = re.findall(r"^SERVICES := (.*)$", makefile, re.MULTILINE)

    assert set(SERVICES) <= set(kept.split())


def test_a_container_may_do_what_the_function_may_but_on_a_queue_of_its_own() -> None:
    # Its engine writes logs, and it is not traced.
    left = [each for each in statements("TaskSatisfierRole") if "WriteLogs" not in str(each)]
    left = [each for each in left if "xray:" not in str(each)]
    own = str(statements("ContainerTaskPolicy"))
    as_function = own.replace("ContainerTask", "Task")

    assert "'TaskQueue.Arn'" not in own
    assert [str(each) for each in left if str(each) not in as_function] == []
    assert len(left) == len(statements("ContainerTaskPolicy"))


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
    for statement in statements(role):
        # X-Ray has no resource that could be named (service authorization reference).
        assert statement["Resource"] not in ("*", ["*"]) or statement["Sid"] == "Trace"
        assert "*" not in str(statement["Action"])


def test_what_stacks_depend_on_outlives_the_deployment() -> None:
    for resource in ("StackTable", "MachineBucket", "ContextBucket"):
        assert RESOURCES[resource]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("table", ["StackTable", "ClaimTable"])
def test_a_table_is_encrypted_and_can_be_had_back(table: str) -> None:
    properties = RESOURCES[table]["Properties"]

    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_tombstones_end_by_the_attribute_that_rows_have() -> None:
    properties = RESOURCES["StackTable"]["Properties"]

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


@pytest.mark.parametrize("bucket", ["MachineBucket", "ContextBucket"])
def test_who_reads_or_writes_in_a_bucket_is_logged_where_one_is_named_for_it(bucket: str) -> None:
    logging = RESOURCES[bucket]["Properties"]["LoggingConfiguration"]

    condition, wanted, otherwise = logging["Fn::If"]

    assert TEMPLATE["Conditions"][condition] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "AccessLogBucket"}, ""]}]
    }
    assert wanted["DestinationBucketName"] == {"Ref": "AccessLogBucket"}
    assert otherwise == {"Ref": "AWS::NoValue"}


def statement(role: str, sid: str) -> dict[str, Any]:
    (found,) = (each for each in statements(role) if each["Sid"] == sid)
    return found


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
    for parameter in ("TaskFunctionArns", "TerraformPolicyArn", "TerraformStateBucket"):
        assert TEMPLATE["Parameters"][parameter]["Default"] == ""


def test_the_bucket_of_machine_files_is_nobodys_but_the_accounts() -> None:
    access = RESOURCES["MachineBucket"]["Properties"]["PublicAccessBlockConfiguration"]

    assert set(access.values()) == {True}
    assert len(access) == 4


@pytest.mark.parametrize(
    "queue", [name for name, part in RESOURCES.items() if part["Type"] == "AWS::SQS::Queue"]
)
def test_a_queue_keeps_its_messages_encrypted(queue: str) -> None:
    properties = RESOURCES[queue]["Properties"]

    assert "KmsMasterKeyId" in properties or properties["SqsManagedSseEnabled"] is True


def test_both_functions_know_the_store_and_may_reach_it() -> None:
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]

    assert {"DYNAMODB_TABLE", "DYNAMODB_CLAIMS_TABLE", "POSTGRES_CONNECTION_SECRET"} <= set(shared)
    for role in ("StateMachineRole", "TaskSatisfierRole"):
        assert statement(role, "ReadSecret")["Resource"] == {"Ref": "PostgresSecretArn"}
        assert "VpcSubnetIds" in str(TEMPLATE["Globals"]["Function"]["VpcConfig"])


def test_a_table_that_is_there_takes_the_place_of_a_new_one_wherever_it_is_named() -> None:
    without = {name: part for name, part in RESOURCES.items() if name != "StackTable"}
    told = str([without, TEMPLATE["Globals"], TEMPLATE["Outputs"]])
    name = {"Fn::If": ["MakesTable", {"Ref": "StackTable"}, {"Ref": "ExistingTable"}]}

    assert RESOURCES["StackTable"]["Condition"] == "MakesTable"
    assert TEMPLATE["Outputs"]["StackTable"]["Value"] == name
    assert told.count("'StackTable") == told.count("'Fn::If': ['MakesTable', ") + 1  # the output


def test_scheduler_may_send_to_the_event_queue_and_nothing_else() -> None:
    assert [each for each in statements("TimerRole") if each["Sid"] != "UseKey"] == [
        {
            "Sid": "SendTimers",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": {"Fn::GetAtt": "EventQueue.Arn"},
        }
    ]
    (assumes,) = RESOURCES["TimerRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert assumes["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert assumes["Condition"]["StringEquals"] == {
        "aws:SourceAccount": {"Ref": "AWS::AccountId"},
        "aws:SourceArn": {"Fn::GetAtt": "TimerGroup.Arn"},
    }


def test_the_state_machine_schedules_in_its_own_group_and_passes_one_role_to_scheduler() -> None:
    schedules = statement("StateMachineRole", "SetFarTimers")["Resource"]["Fn::Sub"]
    passes = statement("StateMachineRole", "HaveSchedulerSend")

    assert schedules.endswith(":schedule/${TimerGroup}/*")
    assert passes["Resource"] == {"Fn::GetAtt": "TimerRole.Arn"}
    assert passes["Condition"] == {
        "StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}
    }


def test_deployments_side_by_side_have_schedules_of_their_own() -> None:
    sweep = RESOURCES["StateMachineFunctionSweep"]["Properties"]

    assert sweep["Name"] == {"Fn::Sub": "${AWS::StackName}-sweep"}


def test_the_sweep_is_on_a_schedule_that_the_function_understands() -> None:
    sweep = RESOURCES["StateMachineFunctionSweep"]["Properties"]

    assert "sweep" in json.loads(sweep["Target"]["Input"])
    assert sweep["ScheduleExpression"] == {"Ref": "SweepRate"}


def test_events_and_the_sweep_go_to_the_version_with_the_snapshot_or_to_the_function() -> None:
    chosen = {
        "Fn::If": [
            "SnapStarts",
            {"Ref": "StateMachineFunction.Alias"},
            {"Fn::GetAtt": "StateMachineFunction.Arn"},
        ]
    }

    assert RESOURCES["StateMachineFunctionEvents"]["Properties"]["FunctionName"] == chosen
    assert RESOURCES["StateMachineFunctionSweep"]["Properties"]["Target"]["Arn"] == chosen
    assert statement("StateMachineFunctionSweepRole", "Sweep")["Resource"] == chosen


@pytest.mark.parametrize(
    ("mapping", "stream", "statement_of"),
    [
        ("KinesisEvents", "KinesisStreamArn", "TakeFromKinesis"),
        ("DynamoDBEvents", "DynamoDBStreamArn", "TakeFromDynamoDB"),
    ],
)
def test_a_stream_is_read_with_the_right_to_it_alone_and_no_record_is_lost(
    mapping: str, stream: str, statement_of: str
) -> None:
    properties = RESOURCES[mapping]["Properties"]

    assert properties["EventSourceArn"] == {"Ref": stream}
    assert statement("StateMachineRole", statement_of)["Resource"] == {"Ref": stream}
    assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert properties["BisectBatchOnFunctionError"] is True
    # By the number of retries a whole batch would be given up.
    assert "MaximumRetryAttempts" not in properties
    assert properties["MaximumRecordAgeInSeconds"] < 24 * 3600  # the least that a stream keeps
    assert properties["DestinationConfig"] == LETTERS


def test_a_queue_has_one_policy() -> None:
    """CloudFormation would have the last one take the place of the others."""
    queues = [
        str(queue)
        for part in RESOURCES.values()
        if part["Type"] == "AWS::SQS::QueuePolicy"
        for queue in part["Properties"]["Queues"]
    ]

    assert len(set(queues)) == len(queues)


def test_what_is_named_may_send_to_the_event_queue_and_nobody_else() -> None:
    policy = RESOURCES["EventQueuePolicy"]
    _, choice = policy["Properties"]["PolicyDocument"]["Statement"]
    condition, allowed, otherwise = choice["Fn::If"]

    assert (condition, otherwise) == ("HasSenders", {"Ref": "AWS::NoValue"})
    assert policy["Properties"]["Queues"] == [{"Ref": "EventQueue"}]
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Principal"] == {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "EventSenderArns"}}}


LETTERS = {"OnFailure": {"Destination": {"Fn::GetAtt": "EventDeadLetterQueue.Arn"}}}


def test_what_a_topic_or_a_bus_sends_is_kept_where_the_function_fails() -> None:
    config = RESOURCES["EventInvocations"]
    taker = RESOURCES["StateMachineFunctionEvents"]["Properties"]["FunctionName"]

    assert TEMPLATE["Conditions"][config["Condition"]] == {
        "Fn::Or": [{"Condition": "TakesTopic"}, {"Condition": "TakesBus"}]
    }
    assert config["Properties"]["DestinationConfig"] == LETTERS
    assert config["Properties"]["FunctionName"] == taker
    queues = statement("StateMachineRole", "AskForTasks")["Resource"]
    assert LETTERS["OnFailure"]["Destination"] in queues


def test_what_does_not_get_to_the_function_is_kept_and_may_be() -> None:
    letters = LETTERS["OnFailure"]["Destination"]
    subscription = RESOURCES["EventTopicSubscription"]["Properties"]
    (target,) = RESOURCES["EventBusRule"]["Properties"]["Targets"]
    told = RESOURCES["EventDeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    may = {each["Fn::If"][0]: each["Fn::If"][1] for each in told if "Fn::If" in each}

    assert subscription["RedrivePolicy"] == {"deadLetterTargetArn": letters}
    assert target["DeadLetterConfig"] == {"Arn": letters}
    assert {
        condition: (each["Principal"]["Service"], each["Condition"]["ArnEquals"]["aws:SourceArn"])
        for condition, each in may.items()
    } == {
        "HasSenders": (
            ["events.amazonaws.com", "sns.amazonaws.com"],
            {"Ref": "EventSenderArns"},
        ),
        "TakesTopic": ("sns.amazonaws.com", {"Ref": "EventTopicArn"}),
        "TakesBus": ("events.amazonaws.com", {"Fn::GetAtt": "EventBusRule.Arn"}),
    }
    assert all(each["Action"] == "sqs:SendMessage" for each in may.values())
    assert all(each["Resource"] == letters for each in may.values())


@pytest.mark.parametrize(
    ("permission", "principal", "source"),
    [
        ("EventTopicPermission", "sns.amazonaws.com", {"Fn::Sub": "${EventTopicArn}"}),
        ("EventBusPermission", "events.amazonaws.com", {"Fn::GetAtt": "EventBusRule.Arn"}),
    ],
)
def test_one_topic_or_one_rule_may_invoke_the_function(
    permission: str, principal: str, source: dict[str, str]
) -> None:
    properties = RESOURCES[permission]["Properties"]

    assert properties["Principal"] == principal
    assert properties["SourceArn"] == source


@pytest.mark.parametrize(
    "resource",
    [
        name
        for name, part in RESOURCES.items()
        if str(part.get("Condition", "")).startswith("Takes")
    ],
)
def test_what_takes_events_takes_them_to_what_takes_those_of_the_queue(resource: str) -> None:
    taker = str(RESOURCES["StateMachineFunctionEvents"]["Properties"]["FunctionName"])

    assert taker in str(RESOURCES[resource]["Properties"])


def test_each_parameter_that_the_state_machine_is_made_of_publishes_a_version() -> None:
    """Else events would go on to a version with the parameter's old value."""
    properties = dict(RESOURCES["StateMachineFunction"]["Properties"])
    description = properties.pop("VersionDescription")["Fn::If"][1]

    made_of = parameters_in([properties, TEMPLATE["Globals"]["Function"]])

    assert "CloudSeamLayer" in str(description)
    assert made_of - {"SnapStart"} == parameters_in(description)


def parameters_in(part: object) -> set[str]:
    """The parameters that a part of the template depends on, by way of conditions too."""
    told = str(part)
    conditions = {name for name in TEMPLATE["Conditions"] if f"'Fn::If': ['{name}'," in told}
    conditions |= {
        other
        for name in conditions
        for other in TEMPLATE["Conditions"]
        if f"'Condition': '{other}'" in str(TEMPLATE["Conditions"][name])
    }
    told += str([TEMPLATE["Conditions"][name] for name in conditions])
    return {
        name
        for name in TEMPLATE["Parameters"]
        if f"'Ref': '{name}'" in told or f"${{{name}}}" in told
    }


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


def test_the_layer_that_was_built_for_the_architecture_takes_the_place_of_one_of_your_own() -> None:
    layers = RESOURCES["TaskSatisfierFunction"]["Properties"]["Layers"]
    chosen = {condition: layer["Ref"] for condition, layer, _ in (x["Fn::If"] for x in layers)}
    built = {condition: layer for condition, layer in chosen.items() if "Built" in condition}

    assert chosen["HasTerraform"] == "TerraformLayerArn"
    assert built == {"BuiltForArm64": "TerraformArm64Layer", "BuiltForX86": "TerraformX86Layer"}
    for condition, layer in built.items():
        metadata, properties = RESOURCES[layer]["Metadata"], RESOURCES[layer]["Properties"]
        assert RESOURCES[layer]["Condition"] == condition
        assert properties["CompatibleArchitectures"] == [metadata["BuildArchitecture"]]
        assert TEMPLATE["Conditions"][condition]["Fn::And"] == [
            {"Condition": "BuiltTerraform"},
            {"Fn::Equals": [{"Ref": "Architecture"}, metadata["BuildArchitecture"]]},
        ]
    (assertion,) = TEMPLATE["Rules"]["OneTerraform"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "TerraformLayerArn"}, ""]}


def test_every_parameter_is_in_a_group_and_used() -> None:
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    rest = str({name: part for name, part in TEMPLATE.items() if name != "Parameters"})

    assert sorted(name for group in groups for name in group["Parameters"]) == sorted(
        TEMPLATE["Parameters"]
    )
    for name in TEMPLATE["Parameters"]:
        assert f"'Ref': '{name}'" in rest or f"${{{name}}}" in rest
