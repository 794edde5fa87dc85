"""A key of one's own encrypts all that is kept, and each role may use it for that and no more."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.template import RESOURCES, TEMPLATE, statements

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"
ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]
KEY = {"Ref": "KmsKeyArn"}
OR_NONE = {"Fn::If": ["HasKey", KEY, {"Ref": "AWS::NoValue"}]}
# By type: how a resource that keeps something is told its key.
KEPT: dict[str, dict[str, Any]] = {
    "AWS::SQS::Queue": {
        "KmsMasterKeyId": OR_NONE,
        "SqsManagedSseEnabled": {"Fn::If": ["HasKey", False, True]},  # one of both at most
    },
    "AWS::DynamoDB::Table": {
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": OR_NONE}
    },
    "AWS::S3::Bucket": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {
                    "ServerSideEncryptionByDefault": {
                        "Fn::If": [
                            "HasKey",
                            {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
                            {"SSEAlgorithm": "AES256"},
                        ]
                    },
                    "BucketKeyEnabled": {"Fn::If": ["HasKey", True, {"Ref": "AWS::NoValue"}]},
                }
            ]
        }
    },
    "AWS::Logs::LogGroup": {"KmsKeyId": OR_NONE},
    "AWS::SNS::Topic": {"KmsMasterKeyId": OR_NONE},
}
# Timers, which are schedules in a group, have an id and a moment, and are not among them.
KEEPERS = {
    name: (part["Type"], part["Properties"])
    for name, part in RESOURCES.items()
    if part["Type"] in KEPT
}


@pytest.mark.parametrize("name", KEEPERS)
def test_what_keeps_something_is_encrypted_with_the_key(name: str) -> None:
    kind, properties = KEEPERS[name]

    assert {each: properties[each] for each in KEPT[kind]} == KEPT[kind]


def test_the_functions_variables_are_encrypted_with_the_key() -> None:
    assert TEMPLATE["Globals"]["Function"]["KmsKeyArn"] == OR_NONE


def use_of_key(role: str) -> list[dict[str, Any]]:
    """What a role may do with the key."""
    return [each for each in statements(role) if "kms:" in str(each["Action"])]


def services(*names: str) -> list[dict[str, str]]:
    """As a condition names them."""
    return [{"Fn::Sub": f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}"} for name in names]


@pytest.mark.parametrize("role", ["StateMachineRole", "TaskSatisfierRole"])
def test_a_function_may_use_the_key_by_way_of_what_it_reads_and_writes(role: str) -> None:
    (use,) = use_of_key(role)

    assert (use["Action"], use["Resource"]) == (ACTIONS, KEY)
    assert use["Condition"] == {
        "StringEquals": {
            "kms:ViaService": services("sqs", "s3", "dynamodb", "secretsmanager", "lambda")
        }
    }


def test_timers_may_use_the_key_to_send_and_for_nothing_else() -> None:
    (use,) = use_of_key("TimerRole")

    assert (use["Action"], use["Resource"]) == (ACTIONS, KEY)
    assert use["Condition"] == {"StringEquals": {"kms:ViaService": services("sqs")[0]}}


def test_no_role_may_use_a_key_where_there_is_none() -> None:
    told = json.dumps(RESOURCES)

    assert told.count('"kms:Decrypt"') == told.count('{"Fn::If": ["HasKey", {"Sid": "UseKey"')


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("", True),
        ("arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", True),
        ("arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd", True),
        ("arn:aws:kms:eu-west-1:123456789012:alias/mine", False),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", False),
        ("alias/aws/sqs", False),
    ],
)
def test_the_key_is_named_by_its_arn_as_rights_need_it(text: str, is_right: bool) -> None:
    pattern = TEMPLATE["Parameters"]["KmsKeyArn"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, text)) == is_right


def test_the_page_has_a_key_policy_for_the_services_that_have_no_role() -> None:
    """Its ARNs are those of the alarms and log groups of a deployment called `cloudseam`."""
    section = PAGE.read_text().partition("### Keys of your own")[2]
    text = section.partition("```json\n")[2].partition("```")[0]
    _, alarms, logs = json.loads(text)["Statement"]

    named = alarms["Condition"]["ArnLike"]["aws:SourceArn"].partition(":alarm:")[2]
    groups = logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]

    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert logs["Principal"] == {"Service": "logs.REGION.amazonaws.com"}
    for kind, name, told in (
        ("AWS::CloudWatch::Alarm", "AlarmName", named),
        ("AWS::Logs::LogGroup", "LogGroupName", groups.partition(":log-group:")[2]),
    ):
        for part in RESOURCES.values():
            if part["Type"] == kind:
                full = part["Properties"][name]["Fn::Sub"].replace("${AWS::StackName}", "cloudseam")
                assert full.startswith(told.removesuffix("*"))
