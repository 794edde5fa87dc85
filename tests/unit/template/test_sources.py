"""Events come from where parameters say, and what gets lost on its way is kept."""

import pytest

from tests.template import RESOURCES, TEMPLATE, statement

LETTERS = {"OnFailure": {"Destination": {"Fn::GetAtt": "EventDeadLetterQueue.Arn"}}}


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


def test_what_is_named_may_send_to_the_event_queue_and_nobody_else() -> None:
    policy = RESOURCES["EventQueuePolicy"]
    _, choice = policy["Properties"]["PolicyDocument"]["Statement"]
    condition, allowed, otherwise = choice["Fn::If"]

    assert (condition, otherwise) == ("HasSenders", {"Ref": "AWS::NoValue"})
    assert policy["Properties"]["Queues"] == [{"Ref": "EventQueue"}]
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Principal"] == {"Service": ["events.amazonaws.com", "sns.amazonaws.com"]}
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "EventSenderArns"}}}


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
