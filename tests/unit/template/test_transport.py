"""Queues, bucket and topic take what comes over TLS only."""

from typing import Any

import pytest

from tests.template import RESOURCES

# By policy: what is refused, and on what. In a policy of a queue, * is the queue.
REFUSED: dict[str, tuple[str, Any]] = {
    "QueuePolicy": ("sqs:*", "*"),
    "ContainerQueuePolicy": ("sqs:*", "*"),
    "EventQueuePolicy": ("sqs:*", {"Fn::GetAtt": "EventQueue.Arn"}),
    "EventDeadLetterQueuePolicy": ("sqs:*", {"Fn::GetAtt": "EventDeadLetterQueue.Arn"}),
    **{
        f"{bucket}Policy": (
            "s3:*",
            [{"Fn::GetAtt": f"{bucket}.Arn"}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}],
        )
        for bucket in ("MachineBucket", "ContextBucket")
    },
    "AlarmTopicPolicy": ("sns:Publish", {"Ref": "AlarmTopic"}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_come_over_tls_is_refused_whoever_sends_it(name: str) -> None:
    statements = RESOURCES[name]["Properties"]["PolicyDocument"]["Statement"]
    action, resource = REFUSED[name]

    assert [each for each in statements if each.get("Effect") == "Deny"] == [
        {
            "Sid": "OnlyEncrypted",
            "Effect": "Deny",
            "Principal": "*",
            "Action": action,
            "Resource": resource,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_no_policy_is_left_out() -> None:
    kinds = ("AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy")

    assert sorted(REFUSED) == sorted(name for kind in kinds for name in named(kind))


def named(kind: str) -> set[str]:
    """The resources of a type."""
    return {name for name, part in RESOURCES.items() if part["Type"] == kind}


def holding(policy: str, property: str) -> list[str]:
    """What the policies of a type are of."""
    return [
        each["Ref"]
        for part in RESOURCES.values()
        if part["Type"] == policy
        for told in [part["Properties"][property]]
        for each in (told if isinstance(told, list) else [told])
    ]


@pytest.mark.parametrize(
    ("kind", "policy", "property"),
    [
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
    ],
    ids=["queues", "buckets", "topics"],
)
def test_each_has_one_policy(kind: str, policy: str, property: str) -> None:
    """A queue has one policy: another resource for it would take the first one's place."""
    assert sorted(holding(policy, property)) == sorted(named(kind))
