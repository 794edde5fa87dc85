"""TestState: what a state does by itself, with and without mocks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from task_satisfier.executors import Executor, Result, TaskFailedError, TaskRun

INVOKE = "arn:aws:states:::lambda:invoke"
TASK = {"Type": "Task", "Resource": INVOKE, "Parameters": {"FunctionName": "f"}, "End": True}
INNER = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **INNER}
MAP = {"Type": "Map", "ItemProcessor": DISTRIBUTED, "End": True}


class Doubling:
    """Runs tasks: doubles `n`, and fails without one. Also the `Executors` that there are."""

    def get(self, name: str) -> Executor:
        """See `Executors.get`."""
        return self

    def run(self, run: TaskRun) -> Result:
        """See `Executor.run`."""
        arguments: Any = (run.request.input or {})["arguments"]
        if "n" not in arguments:
            raise TaskFailedError("no n", error="Lambda.Nothing")
        return Result({"output": {"n": 2 * arguments["n"]}})


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One in memory, whose tasks double."""
    engine = Engine(":memory:", Doubling())
    yield engine
    engine.close()


def answered(engine: Engine, definition: Any, told: Any = None, **fields: Any) -> dict[str, Any]:
    given = json.dumps({} if told is None else told)
    call = {"definition": json.dumps(definition), "input": given, **fields}
    return api.call(engine, "TestState", call)


def refused(engine: Engine, definition: Any, told: Any = None, **fields: Any) -> tuple[str, str]:
    with pytest.raises(ApiFault) as raised:
        answered(engine, definition, told, **fields)
    return raised.value.name, raised.value.message


def test_a_task_does_its_work(engine: Engine) -> None:
    task = {**TASK, "Parameters": {"n.$": "$.n"}, "ResultPath": "$.done"}

    answer = answered(engine, task, {"n": 2}, inspectionLevel="DEBUG")

    assert json.loads(answer["output"]) == {"n": 2, "done": {"n": 4}}
    shown = {name: json.loads(value) for name, value in answer["inspectionData"].items()}
    assert shown == {
        "input": {"n": 2},
        "afterInputPath": {"n": 2},
        "afterParameters": {"n": 2},
        "result": {"n": 4},
        "afterResultSelector": {"n": 4},
        "afterResultPath": {"n": 2, "done": {"n": 4}},
    }


def test_the_failure_of_its_work_is_the_state_s(engine: Engine) -> None:
    assert answered(engine, TASK) == {
        "error": "Lambda.Nothing",
        "cause": "no n",
        "status": "FAILED",
    }


def test_a_failure_is_caught(engine: Engine) -> None:
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Elsewhere", "ResultPath": "$.why"}
    task = {**TASK, "Catch": [{"ErrorEquals": ["Other"], "Next": "Other"}, catcher]}

    answer = answered(engine, task, {"a": 1}, inspectionLevel="DEBUG")

    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "Elsewhere")
    assert json.loads(answer["output"])["why"] == {"Error": "Lambda.Nothing", "Cause": "no n"}
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 1}


@pytest.mark.parametrize(
    ("count", "status", "details"),
    [
        pytest.param(0, "RETRIABLE", {"retryIndex": 0, "retryBackoffIntervalSeconds": 2}, id="0"),
        pytest.param(1, "RETRIABLE", {"retryIndex": 0, "retryBackoffIntervalSeconds": 6}, id="1"),
        pytest.param(2, "CAUGHT_ERROR", {"retryIndex": 0, "catchIndex": 0}, id="no more"),
    ],
)
def test_it_is_tried_again_so_often(
    engine: Engine, count: int, status: str, details: dict[str, int]
) -> None:
    everything = ["States.ALL"]
    retrier = {"IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2, "JitterStrategy": "FULL"}
    rules = {
        "Retry": [{"ErrorEquals": everything, **retrier}],
        "Catch": [{"ErrorEquals": everything, "Next": "N"}],
    }
    configuration = {"retrierRetryCount": count}

    answer = answered(
        engine, {**TASK, **rules}, inspectionLevel="DEBUG", stateConfiguration=configuration
    )

    assert answer["status"] == status
    assert answer["inspectionData"]["errorDetails"] == details


def test_a_state_that_leads_to_itself_is_left_once(engine: Engine) -> None:
    state = {"Type": "Pass", "Next": "StateName"}

    assert answered(engine, state) == {
        "nextState": "StateName",
        "output": "{}",
        "status": "SUCCEEDED",
    }


def test_a_wait_does_not_wait(engine: Engine) -> None:
    state = {"Type": "Wait", "Seconds": 3600, "Next": "N"}

    assert answered(engine, state, {"a": 1})["output"] == '{"a":1}'


def test_a_definition_may_be_deeper_than_a_payload(engine: Engine) -> None:
    deep: Any = []
    for _ in range(91):
        deep = [deep]
    states = {"P": {"Type": "Pass", "Result": deep, "End": True}}

    answer = answered(engine, {"StartAt": "P", "States": states}, stateName="P")

    assert (answer["status"], answer["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_variables_are_seen_and_assigned(engine: Engine) -> None:
    state = {"Type": "Pass", "Parameters": {"b.$": "$a"}, "Assign": {"c": 3}, "Next": "N"}

    answer = answered(engine, state, variables='{"a": 1}', inspectionLevel="TRACE")

    assert answer["output"] == '{"b":1}'
    assert json.loads(answer["inspectionData"]["variables"]) == {"a": 1, "c": 3}


def test_a_path_that_leads_nowhere_ends_the_inspection_there(engine: Engine) -> None:
    state = {"Type": "Pass", "Parameters": {"b.$": "$.gone"}, "End": True}

    answer = answered(engine, state, {"a": 1}, inspectionLevel="DEBUG")

    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert not answer["cause"].startswith("An error occurred")
    assert answer["inspectionData"] == {"input": '{"a":1}', "afterInputPath": '{"a":1}'}


def test_the_items_of_a_map_are_shown_as_they_become_its_inputs(engine: Engine) -> None:
    state = {
        **MAP,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "b", "Key": "k"},
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
        },
        "ItemSelector": {"row.$": "$$.Map.Item.Value"},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "MaxConcurrency": 3,
    }

    shown = answered(
        engine,
        state,
        mock={"result": "[1]"},
        stateConfiguration={"mapItemReaderData": "a\n1\n2\n"},
        inspectionLevel="DEBUG",
    )["inspectionData"]

    rows = [{"row": {"a": "1"}}, {"row": {"a": "2"}}]
    assert json.loads(shown["afterItemSelector"]) == rows
    assert json.loads(shown["afterItemBatcher"]) == [{"Items": rows}]
    assert shown["maxConcurrency"] == 3


def test_a_map_that_writes_has_a_mocked_object(engine: Engine) -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}

    answer = answered(engine, {**MAP, "ResultWriter": writer}, [1], mock={"result": '{"a": 1}'})

    assert answer == {"output": '{"a":1}', "status": "SUCCEEDED"}


@pytest.mark.parametrize(
    ("tolerated", "status"), [pytest.param(1, "FAILED"), pytest.param(2, "SUCCEEDED")]
)
def test_so_many_iterations_of_a_map_fail(engine: Engine, tolerated: int, status: str) -> None:
    answer = answered(
        engine,
        {**MAP, "ToleratedFailureCount": tolerated},
        [1, 2, 3],
        mock={"result": "[1]"},
        stateConfiguration={"mapIterationFailureCount": 2},
    )

    assert answer["status"] == status


@pytest.mark.parametrize(
    ("definition", "fields", "name", "message"),
    [
        pytest.param(MAP, {}, "ValidationException", "when a mock is not specified", id="Map"),
        pytest.param(
            {**TASK, "Resource": "arn:aws:states:us-east-1:000000000000:activity:a"},
            {},
            "ValidationException",
            "when a mock is not specified",
            id="activity",
        ),
        pytest.param(
            {**TASK, "Resource": f"{INVOKE}.waitForTaskToken"},
            {},
            "ValidationException",
            "when a mock is not specified",
            id="call back",
        ),
        pytest.param(
            TASK,
            {"mock": {"result": "{}", "errorOutput": {"error": "E"}}},
            "ValidationException",
            "only one of the following fields",
            id="two mocks",
        ),
        pytest.param(
            {**TASK, "Resource": "arn:aws:states:::aws-sdk:sfn:startExecution"},
            {"mock": {"result": "{}"}},
            "ValidationException",
            "Required field 'ExecutionArn' is missing",
            id="what the service always answers",
        ),
        pytest.param(
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
            {"stateName": "B"},
            "ValidationException",
            "State not found",
            id="no such state",
        ),
        pytest.param(
            {"Type": "Pass", "Sauce": 1, "End": True},
            {},
            "InvalidDefinition",
            "Field 'Sauce' is not supported",
            id="no such field",
        ),
        pytest.param(
            {"Type": "Pass", "End": True}, {"input": "{"}, "InvalidExecutionInput", "", id="no JSON"
        ),
        pytest.param(
            {"Type": "Pass", "End": True},
            {"context": '{"State": {"RetryCount": "1"}}'},
            "ValidationException",
            "State.RetryCount must be a number",
            id="no context",
        ),
    ],
)
def test_what_cannot_be_tested_is_refused(
    engine: Engine, definition: Any, fields: dict[str, Any], name: str, message: str
) -> None:
    found, text = refused(engine, definition, **fields)

    assert found == name
    assert message in text
