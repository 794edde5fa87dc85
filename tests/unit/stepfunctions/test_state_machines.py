"""State machines: made, looked at, changed, removed, tagged."""

import json
from typing import Any

import pytest

from cloudseam_cli.stepfunctions.engine import Engine
from tests.unit.stepfunctions.conftest import ROLE, Call, MakeMachine, Refused

PASS = {"P": {"Type": "Pass", "Result": 1, "End": True}}
OTHER = {"P": {"Type": "Pass", "Result": 2, "End": True}}


def definition(states: dict[str, Any]) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def test_made_again_as_it_is_it_stays(call: Call, machine: MakeMachine, refused: Refused) -> None:
    arn = machine(PASS)

    assert machine(PASS) == arn
    assert refused("CreateStateMachine", name="m", definition=definition(OTHER), roleArn=ROLE) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{arn}'",
    )
    assert len(call("ListStateMachines")["stateMachines"]) == 1


def test_it_is_described_as_it_was_made(call: Call, machine: MakeMachine) -> None:
    arn = machine(PASS, type="EXPRESS", tracingConfiguration={"enabled": True})

    told = call("DescribeStateMachine", stateMachineArn=arn)

    assert told["definition"] == definition(PASS)
    assert (told["name"], told["type"], told["roleArn"]) == ("m", "EXPRESS", ROLE)
    assert (told["status"], told["tracingConfiguration"]) == ("ACTIVE", {"enabled": True})


def test_an_update_changes_what_it_names_and_a_new_revision_says_so(
    call: Call, machine: MakeMachine
) -> None:
    arn = machine(PASS)

    updated = call("UpdateStateMachine", stateMachineArn=arn, definition=definition(OTHER))

    told = call("DescribeStateMachine", stateMachineArn=arn)
    assert told["definition"] == definition(OTHER)
    assert told["roleArn"] == ROLE
    assert told["revisionId"] == updated["revisionId"]


def test_an_update_of_nothing_is_refused(machine: MakeMachine, refused: Refused) -> None:
    arn = machine(PASS)

    assert refused("UpdateStateMachine", stateMachineArn=arn)[0] == "MissingRequiredParameter"


def test_an_execution_keeps_the_definition_it_began_with(
    engine: Engine, call: Call, machine: MakeMachine
) -> None:
    waiting = {"W": {"Type": "Wait", "Seconds": 1000, "Next": "P"}, **PASS}
    arn = machine(waiting)
    execution = call("StartExecution", stateMachineArn=arn, name="e")["executionArn"]

    call("UpdateStateMachine", stateMachineArn=arn, definition=definition(OTHER))

    told = call("DescribeStateMachineForExecution", executionArn=execution)
    assert told["definition"] == definition(waiting)


def test_a_removed_machine_is_gone_and_may_be_removed_again(
    call: Call, machine: MakeMachine, refused: Refused
) -> None:
    arn = machine(PASS)

    assert call("DeleteStateMachine", stateMachineArn=arn) == {}
    assert call("DeleteStateMachine", stateMachineArn=arn) == {}
    assert refused("DescribeStateMachine", stateMachineArn=arn) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{arn}'",
    )


def test_a_list_goes_on_where_its_page_ended(call: Call, machine: MakeMachine) -> None:
    made = [machine(PASS, name=f"m{number}") for number in range(5)]

    found, token = [], None
    while True:
        page = call("ListStateMachines", maxResults=2, nextToken=token)
        found += [each["stateMachineArn"] for each in page["stateMachines"]]
        token = page.get("nextToken")
        if token is None:
            break

    assert found == made[::-1]


BAD = {
    "name": ({"name": "a b"}, "InvalidName"),
    "long-name": ({"name": "x" * 81}, "ValidationException"),
    "no-name": ({"name": None}, "ValidationException"),
    "number": ({"name": 1}, "SerializationException"),
    "type": ({"type": "FAST"}, "ValidationException"),
    "no-json": ({"definition": "{"}, "InvalidDefinition"),
    "no-object": ({"definition": "[]"}, "InvalidDefinition"),
    "no-states": ({"definition": '{"StartAt": "A"}'}, "InvalidDefinition"),
    "no-constant": ({"definition": '{"StartAt": "A", "States": NaN}'}, "InvalidDefinition"),
    "logging": ({"loggingConfiguration": {"level": "ALL"}}, "InvalidLoggingConfiguration"),
    "tags": (
        {"tags": [{"key": str(number), "value": ""} for number in range(51)]},
        "TooManyTags",
    ),
    "version": ({"versionDescription": "v"}, "ValidationException"),
}


@pytest.mark.parametrize(("told", "error"), BAD.values(), ids=BAD)
def test_what_cannot_be_made_is_refused_by_its_name(
    told: dict[str, Any], error: str, call: Call, refused: Refused
) -> None:
    good = {"name": "m", "definition": definition(PASS), "roleArn": ROLE}

    assert refused("CreateStateMachine", **{**good, **told})[0] == error
    assert call("ListStateMachines") == {"stateMachines": []}


def test_a_value_that_the_model_calls_sensitive_is_not_repeated(refused: Refused) -> None:
    _, text = refused("ValidateStateMachineDefinition", definition="x" * 1_048_577)

    assert text == (
        "1 validation error detected: Value at 'definition' failed to satisfy constraint: Member "
        "must have length less than or equal to 1048576"
    )


def test_all_that_is_wrong_is_told_at_once(refused: Refused) -> None:
    name, text = refused("ListExecutions", maxResults=1001, statusFilter="X")

    assert name == "ValidationException"
    assert text.startswith("2 validation errors detected: Value 'X' at 'statusFilter' failed")
    assert "at 'maxResults' failed to satisfy constraint: Member must have value less than" in text


WRONG_ARNS = {
    "m": "Invalid Arn: 'Invalid ARN prefix: m'",
    "arn:aws:states": "Invalid Arn: 'Invalid ARN: arn:aws:states'",
    "arn:aws:states:us-east-1:000000000000:execution:m:e": (
        "Invalid Arn: 'Resource type not valid in this context: execution'"
    ),
}


@pytest.mark.parametrize(("arn", "text"), WRONG_ARNS.items(), ids=WRONG_ARNS)
def test_an_arn_of_something_else_is_refused(arn: str, text: str, refused: Refused) -> None:
    assert refused("DescribeStateMachine", stateMachineArn=arn) == ("InvalidArn", text)


def test_a_machine_of_another_account_is_none_of_here(
    machine: MakeMachine, refused: Refused
) -> None:
    arn = machine(PASS).replace("000000000000", "999999999999")

    assert refused("DescribeStateMachine", stateMachineArn=arn)[0] == "StateMachineDoesNotExist"


def test_tags_are_merged_listed_and_taken_off(call: Call, machine: MakeMachine) -> None:
    arn = machine(PASS, tags=[{"key": "a", "value": "1"}])

    call("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "b"}])
    assert call("ListTagsForResource", resourceArn=arn)["tags"] == [
        {"key": "a", "value": "2"},
        {"key": "b", "value": ""},
    ]

    call("UntagResource", resourceArn=arn, tagKeys=["a", "c"])
    assert call("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "b", "value": ""}]


def test_what_is_not_there_has_no_tags(refused: Refused) -> None:
    arn = "arn:aws:states:us-east-1:000000000000:stateMachine:m"

    assert refused("TagResource", resourceArn=arn, tags=[])[0] == "ResourceNotFound"


def test_a_token_that_was_not_made_here_is_refused(refused: Refused) -> None:
    assert refused("ListStateMachines", nextToken="x") == ("InvalidToken", "Invalid Token: 'x'")


def test_a_definition_is_judged_without_being_kept(call: Call) -> None:
    good = call("ValidateStateMachineDefinition", definition=definition(PASS))
    bad = call("ValidateStateMachineDefinition", definition="{}")

    assert good == {"result": "OK", "diagnostics": [], "truncated": False}
    assert bad["result"] == "FAIL"
    assert bad["diagnostics"][0]["severity"] == "ERROR"
    assert call("ListStateMachines") == {"stateMachines": []}
