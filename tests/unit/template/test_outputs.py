"""What a deployment tells people has the names that they look for."""

import pytest

from tests.template import RESOURCES, TEMPLATE

OUTPUTS = TEMPLATE["Outputs"]


QUEUES = [name for name, part in RESOURCES.items() if part["Type"] == "AWS::SQS::Queue"]


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_is_told_by_its_url_and_its_arn(queue: str) -> None:
    url, arn = OUTPUTS[f"{queue}Url"], OUTPUTS[f"{queue}Arn"]

    assert (url["Value"], arn["Value"]) == ({"Ref": queue}, {"Fn::GetAtt": f"{queue}.Arn"})
    assert url.get("Condition") == arn.get("Condition") == RESOURCES[queue].get("Condition")


@pytest.mark.parametrize("function", ["StateMachine", "TaskSatisfier"])
def test_a_function_is_told_by_its_name_its_arn_and_its_role(function: str) -> None:
    assert OUTPUTS[f"{function}Function"]["Value"] == {"Ref": f"{function}Function"}
    assert OUTPUTS[f"{function}FunctionArn"]["Value"] == {"Fn::GetAtt": f"{function}Function.Arn"}
    assert OUTPUTS[f"{function}RoleArn"]["Value"] == {"Fn::GetAtt": f"{function}Role.Arn"}


def test_the_topic_of_alarms_is_told() -> None:
    assert OUTPUTS["AlarmTopicArn"]["Value"] == {"Ref": "AlarmTopic"}


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_says_what_it_is_for(name: str) -> None:
    assert OUTPUTS[name]["Description"].endswith(".")


@pytest.mark.parametrize("name", ["StackTable", "ClaimTable"])
def test_a_table_is_told_where_there_is_one(name: str) -> None:
    assert OUTPUTS[name]["Condition"] == "UsesDynamoDB"
    assert RESOURCES[name]["Type"] == "AWS::DynamoDB::Table"
