"""What an operator is told of by itself."""

from typing import Any

import pytest

from cloudseam.timers.queue import LONGEST_DELAY
from tests.template import RESOURCES, TEMPLATE

ALARMS = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}
# By alarm: the metric, and of what.
WATCHED: dict[str, tuple[str, str, Any]] = {
    "DeadEventsAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"Fn::GetAtt": "EventDeadLetterQueue.QueueName"},
    ),
    "DeadTasksAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"Fn::GetAtt": "TaskDeadLetterQueue.QueueName"},
    ),
    "DeadContainerTasksAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"Fn::GetAtt": "ContainerTaskDeadLetterQueue.QueueName"},
    ),
    "LateEventsAlarm": (
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        {"Fn::GetAtt": "EventQueue.QueueName"},
    ),
    "LateTasksAlarm": (
        "AWS/SQS",
        "ApproximateAgeOfOldestMessage",
        {"Fn::GetAtt": "TaskQueue.QueueName"},
    ),
    "LateContainerTasksAlarm": (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"Fn::GetAtt": "ContainerTaskQueue.QueueName"},
    ),
    "StateMachineErrorsAlarm": ("AWS/Lambda", "Errors", {"Ref": "StateMachineFunction"}),
    "TaskSatisfierErrorsAlarm": ("AWS/Lambda", "Errors", {"Ref": "TaskSatisfierFunction"}),
    "StateMachineThrottlesAlarm": ("AWS/Lambda", "Throttles", {"Ref": "StateMachineFunction"}),
    "TaskSatisfierThrottlesAlarm": ("AWS/Lambda", "Throttles", {"Ref": "TaskSatisfierFunction"}),
    "FailedStacksAlarm": ("CloudSeam", "StacksFailed", {"Ref": "AWS::StackName"}),
    "StuckStacksAlarm": ("CloudSeam", "StacksStuck", {"Ref": "AWS::StackName"}),
}
DIMENSIONS = {"AWS/SQS": "QueueName", "AWS/Lambda": "FunctionName", "CloudSeam": "service"}
TOPIC = {"Ref": "AlarmTopic"}


def test_there_is_an_alarm_for_each_thing_that_an_operator_has_to_know() -> None:
    found = {
        name: (alarm["Namespace"], alarm["MetricName"], alarm["Dimensions"][0]["Value"])
        for name, alarm in ALARMS.items()
    }

    assert found == WATCHED


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_when_it_goes_off_and_when_it_is_over(name: str) -> None:
    alarm = ALARMS[name]

    assert (alarm["AlarmActions"], alarm["OKActions"]) == ([TOPIC], [TOPIC])
    # A queue that is not used and a function that does not run have no figures.
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_looks_at_a_metric_by_its_one_dimension(name: str) -> None:
    (dimension,) = ALARMS[name]["Dimensions"]

    assert dimension["Name"] == DIMENSIONS[ALARMS[name]["Namespace"]]


def test_metrics_of_the_functions_are_told_as_alarms_look_for_them() -> None:
    told = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]

    assert told["POWERTOOLS_METRICS_NAMESPACE"] == "CloudSeam"
    assert told["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_an_event_that_waits_on_purpose_is_not_late() -> None:
    assert ALARMS["LateEventsAlarm"]["Threshold"] > LONGEST_DELAY


def test_a_task_is_late_once_the_sweep_takes_it_for_lost() -> None:
    assert ALARMS["LateTasksAlarm"]["Threshold"] == {"Ref": "TaskLostAfter"}


def test_a_container_task_that_runs_for_hours_is_not_late_and_one_that_waits_is() -> None:
    """What runs is not visible, and the least of an hour is no queue that is emptied at times."""
    alarm = ALARMS["LateContainerTasksAlarm"]

    assert (alarm["Statistic"], alarm["Threshold"]) == ("Minimum", 1)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 3600


def test_alarms_of_container_tasks_are_there_where_their_queue_is() -> None:
    conditions = {name: RESOURCES[name].get("Condition") for name in ALARMS}

    assert {name for name in conditions if "Container" in name} == {
        name for name, condition in conditions.items() if condition == "AsksContainers"
    }
    assert set(conditions.values()) == {None, "AsksContainers"}


def test_only_this_deployments_alarms_may_publish() -> None:
    policy = RESOURCES["AlarmTopicPolicy"]["Properties"]
    (allowed,) = (
        each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"
    )
    alarms = allowed["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
    prefix = alarms.partition(":alarm:")[2].removesuffix("*")

    assert policy["Topics"] == [TOPIC]
    assert (allowed["Action"], allowed["Resource"]) == ("sns:Publish", TOPIC)
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert all(alarm["AlarmName"]["Fn::Sub"].startswith(prefix) for alarm in ALARMS.values())


def test_mail_is_sent_only_to_an_address_that_is_given() -> None:
    mail = {"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}

    assert TEMPLATE["Parameters"]["AlarmEmail"]["Default"] == ""
    assert TEMPLATE["Conditions"]["Mails"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]
    }
    assert RESOURCES["AlarmTopic"]["Properties"]["Subscription"] == {
        "Fn::If": ["Mails", [mail], {"Ref": "AWS::NoValue"}]
    }
