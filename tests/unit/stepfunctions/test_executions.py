"""Executions: started, looked at, stopped, listed."""

import json
from typing import Any

import pytest

from cloudseam_cli.stepfunctions.engine import Engine
from tests.unit.stepfunctions.conftest import Call, MakeMachine, Refused

PASS = {"P": {"Type": "Pass", "Result": 1, "End": True}}
WAIT = {"W": {"Type": "Wait", "Seconds": 1000, "End": True}}


def test_an_execution_runs_and_is_described(call: Call, machine: MakeMachine) -> None:
    arn = machine({"P": {"Type": "Pass", "OutputPath": "$.a", "End": True}})

    started = call("StartExecution", stateMachineArn=arn, name="e", input='{"a": [1, 2]}')

    told = call("DescribeExecution", executionArn=started["executionArn"])
    assert started["executionArn"] == f"{arn.replace('stateMachine', 'execution')}:e"
    assert (told["status"], told["name"], told["stateMachineArn"]) == ("SUCCEEDED", "e", arn)
    assert (json.loads(told["input"]), json.loads(told["output"])) == ({"a": [1, 2]}, [1, 2])
    assert told["startDate"] == started["startDate"] <= told["stopDate"]


def test_without_tasks_it_is_one_commit_and_has_ended_when_it_is_looked_at(
    engine: Engine, call: Call, machine: MakeMachine
) -> None:
    arn = machine({"P": {"Type": "Pass", "Next": "S"}, "S": {"Type": "Succeed"}})
    call("StartExecution", stateMachineArn=arn, name="keeps-the-machine")
    statements: list[str] = []
    with engine.database.transaction() as connection:
        connection.set_trace_callback(lambda text: statements.append(text.split()[0]))
    statements.clear()

    started = call("StartExecution", stateMachineArn=arn, name="e")
    # Whether it is there, and the stack as it is; then row and log together.
    assert statements == ["SELECT", "SELECT", "BEGIN", "INSERT", "INSERT", "COMMIT"]

    statements.clear()
    told = call("DescribeExecution", executionArn=started["executionArn"])
    assert (told["status"], statements) == ("SUCCEEDED", ["SELECT"])


def test_a_nameless_one_gets_a_name(call: Call, machine: MakeMachine) -> None:
    arn = machine(PASS)

    first, second = (call("StartExecution", stateMachineArn=arn) for _ in range(2))

    assert first["executionArn"] != second["executionArn"]


def test_the_same_name_with_the_same_input_is_the_same_execution(
    engine: Engine, call: Call, machine: MakeMachine, refused: Refused
) -> None:
    arn = machine(WAIT)
    first = call("StartExecution", stateMachineArn=arn, name="e", input='{"a":1}')

    assert call("StartExecution", stateMachineArn=arn, name="e", input='{ "a": 1 }') == first
    assert refused("StartExecution", stateMachineArn=arn, name="e", input='{"a":true}') == (
        "ExecutionAlreadyExists",
        f"Execution Already Exists: '{first['executionArn']}'",
    )
    assert len(call("ListExecutions", stateMachineArn=arn)["executions"]) == 1
    assert engine.find("m:e").version == 1  # type: ignore[union-attr] # it is there


def test_the_name_of_one_that_has_ended_is_taken(
    call: Call, machine: MakeMachine, refused: Refused
) -> None:
    arn = machine(PASS)
    call("StartExecution", stateMachineArn=arn, name="e")

    assert refused("StartExecution", stateMachineArn=arn, name="e")[0] == "ExecutionAlreadyExists"


def test_a_stopped_one_has_the_reason_and_stays_as_it_is(call: Call, machine: MakeMachine) -> None:
    arn = machine(WAIT)
    execution = call("StartExecution", stateMachineArn=arn)["executionArn"]

    stopped = call("StopExecution", executionArn=execution, error="E", cause="C")
    again = call("StopExecution", executionArn=execution, error="other")

    told = call("DescribeExecution", executionArn=execution)
    assert again == stopped
    assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "E", "C")
    assert told["stopDate"] == stopped["stopDate"]


BAD_INPUTS = {
    "none": ("", "'Invalid execution input.'"),
    "word": (
        "not some json",
        "'Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token "
        "'null', 'true' or 'false')'",
    ),
    "quotes": (
        "{'not': 'json'",
        "'Unexpected character (''' (code 39)): was expecting double-quote to start field name'",
    ),
}


@pytest.mark.parametrize(("text", "why"), BAD_INPUTS.values(), ids=BAD_INPUTS)
def test_an_input_that_is_no_json_is_refused_with_the_reason(
    text: str, why: str, machine: MakeMachine, refused: Refused
) -> None:
    assert refused("StartExecution", stateMachineArn=machine(PASS), input=text) == (
        "InvalidExecutionInput",
        f"Invalid State Machine Execution Input: {why}",
    )


@pytest.mark.parametrize("text", ["NaN", "[" * 5000, '"' + "ż" * 131_072 + '"'])
def test_an_input_that_no_state_may_have_is_refused(
    text: str, machine: MakeMachine, refused: Refused
) -> None:
    name, _ = refused("StartExecution", stateMachineArn=machine(PASS), input=text)

    assert name == "InvalidExecutionInput"


def test_the_largest_input_is_taken(call: Call, machine: MakeMachine) -> None:
    arn = machine({"P": {"Type": "Pass", "End": True}})
    text = '"' + "x" * 262_142 + '"'

    execution = call("StartExecution", stateMachineArn=arn, input=text)["executionArn"]

    assert call("DescribeExecution", executionArn=execution)["output"] == text


def test_lists_are_the_newest_first_by_status_and_in_pages_that_others_do_not_shift(
    call: Call, machine: MakeMachine
) -> None:
    arn = machine(PASS)
    other = machine(WAIT, name="other")
    made = {call("StartExecution", stateMachineArn=arn)["executionArn"] for _ in range(5)}
    call("StartExecution", stateMachineArn=other)

    first = call("ListExecutions", stateMachineArn=arn, maxResults=3)
    call("StartExecution", stateMachineArn=arn)
    second = call("ListExecutions", stateMachineArn=arn, maxResults=3, nextToken=first["nextToken"])

    found = [each["executionArn"] for page in (first, second) for each in page["executions"]]
    starts = [each["startDate"] for page in (first, second) for each in page["executions"]]
    assert (set(found), len(found)) == (made, 5)
    assert starts == sorted(starts, reverse=True)
    assert "nextToken" not in second
    running = call("ListExecutions", stateMachineArn=other, statusFilter="RUNNING")
    assert len(running["executions"]) == 1
    ended = call("ListExecutions", stateMachineArn=other, statusFilter="SUCCEEDED")
    assert ended == {"executions": []}


def test_a_history_has_pages_both_orders_and_no_data_on_demand(
    call: Call, machine: MakeMachine
) -> None:
    execution = call("StartExecution", stateMachineArn=machine(PASS))["executionArn"]

    def history(**told: Any) -> dict[str, Any]:
        return call("GetExecutionHistory", executionArn=execution, **told)

    whole = history()["events"]
    page = history(maxResults=3)
    rest = history(maxResults=3, nextToken=page["nextToken"])

    assert [event["id"] for event in whole] == [1, 2, 3, 4]
    assert page["events"] + rest["events"] == whole
    assert history(reverseOrder=True)["events"] == whole[::-1]
    bare = history(includeExecutionData=False)["events"]
    assert "input" in whole[0]["executionStartedEventDetails"]
    assert "input" not in bare[0]["executionStartedEventDetails"]


def test_what_is_not_there_is_told(refused: Refused, machine: MakeMachine) -> None:
    arn = machine(PASS).replace("stateMachine", "execution") + ":e"

    for operation in ("DescribeExecution", "StopExecution", "GetExecutionHistory"):
        assert refused(operation, executionArn=arn) == (
            "ExecutionDoesNotExist",
            f"Execution Does Not Exist: '{arn}'",
        )


def test_executions_of_a_removed_machine_go_on(
    engine: Engine, call: Call, machine: MakeMachine
) -> None:
    arn = machine({"W": {"Type": "Wait", "Seconds": 1, "Next": "P"}, **PASS})
    execution = call("StartExecution", stateMachineArn=arn, name="e")["executionArn"]

    call("DeleteStateMachine", stateMachineArn=arn)
    engine.wait_for_end("m:e", 20)

    assert call("DescribeExecution", executionArn=execution)["status"] == "SUCCEEDED"


def test_an_express_execution_is_waited_for_and_not_looked_at(
    call: Call, machine: MakeMachine, refused: Refused
) -> None:
    arn = machine({"W": {"Type": "Wait", "Seconds": 1, "End": True}}, type="EXPRESS")

    told = call("StartSyncExecution", stateMachineArn=arn, name="e", input='{"a":1}')
    again = call("StartSyncExecution", stateMachineArn=arn, name="e", input="2")

    assert (told["status"], told["output"], again["output"]) == ("SUCCEEDED", '{"a":1}', "2")
    assert ":express:m:e:" in told["executionArn"]
    assert told["billingDetails"]["billedDurationInMilliseconds"] >= 1000
    assert refused("DescribeExecution", executionArn=told["executionArn"])[0] == "InvalidArn"
    unsupported = "StateMachineTypeNotSupported"
    assert refused("ListExecutions", stateMachineArn=arn)[0] == unsupported
    standard = machine(PASS, name="standard")
    assert refused("StartSyncExecution", stateMachineArn=standard)[0] == unsupported
