"""What an operator looks at is deployed, and is about the deployment."""

import json

from tests.e2e.installation import Installation
from tests.template import RESOURCES


def alarms(installation: Installation) -> set[str]:
    """The names that the alarms of a deployment have."""
    named = [
        part["Properties"]["AlarmName"]["Fn::Sub"]
        for part in RESOURCES.values()
        if part["Type"] == "AWS::CloudWatch::Alarm"
    ]
    return {name.replace("${AWS::StackName}", installation.name) for name in named}


def test_alarms_tell_the_topic_and_the_topic_an_address(on_postgres: Installation) -> None:
    cloud, topic = on_postgres.cloud, on_postgres.outputs["AlarmTopicArn"]
    watch = cloud.client("cloudwatch")

    found = watch.describe_alarms(AlarmNamePrefix=f"{on_postgres.name}-")["MetricAlarms"]
    told = cloud.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]

    assert {alarm["AlarmName"] for alarm in found} == alarms(on_postgres)
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [topic] for alarm in found)
    assert [each["Endpoint"] for each in told] == [on_postgres.parameters["AlarmEmail"]]


def test_the_dashboard_names_what_was_deployed(on_postgres: Installation) -> None:
    watch = on_postgres.cloud.client("cloudwatch")

    body = watch.get_dashboard(DashboardName=on_postgres.name)["DashboardBody"]

    assert "${" not in body
    shown = json.loads(body)["widgets"][0]["properties"]["alarms"]
    assert {arn.rpartition(":")[2] for arn in shown} == alarms(on_postgres)


def test_all_queues_are_encrypted_with_the_key_that_was_given(on_postgres: Installation) -> None:
    sqs = on_postgres.cloud.client("sqs")
    urls = [url for name, url in on_postgres.outputs.items() if name.endswith("QueueUrl")]

    keys = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"].get(
            "KmsMasterKeyId"
        )
        for url in urls
    ]

    assert keys == [on_postgres.parameters["KmsKeyArn"]] * 6
