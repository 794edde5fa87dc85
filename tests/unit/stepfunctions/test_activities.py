"""Activities, the workers that come for their tasks, and what they tell."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cloudseam.task_token import read_token
from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.operations import activities
from tests.stepfunctions import IdleExecutors
from tests.unit.stepfunctions.conftest import ROLE, Call, MakeMachine, Refused

ARN = "arn:aws:states:us-east-1:000000000000:activity:a"


@pytest.fixture
def execution(
    call: Call, machine: MakeMachine, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Starts an execution whose only state is a task of the activity."""
    monkeypatch.setattr(activities, "POLL_SECONDS", 0)
    call("CreateActivity", name="a")

    def execution(**fields: Any) -> str:
        arn = machine({"T": {"Type": "Task", "Resource": ARN, "End": True, **fields}})
        return str(call("StartExecution", stateMachineArn=arn, input='{"n":1}')["executionArn"])

    return execution


def types_of(call: Call, execution: str) -> list[str]:
    return [each["type"] for each in call("GetExecutionHistory", executionArn=execution)["events"]]


def test_a_worker_takes_a_task_and_answers_it(call: Call, execution: Callable[..., str]) -> None:
    arn = execution()

    task = call("GetActivityTask", activityArn=ARN, workerName="w")
    assert task["input"] == '{"n":1}'
    assert call("GetActivityTask", activityArn=ARN) == {}
    call("SendTaskSuccess", taskToken=task["taskToken"], output='{"done":true}')

    told = call("DescribeExecution", executionArn=arn)
    assert (told["status"], told["output"]) == ("SUCCEEDED", '{"done":true}')
    assert types_of(call, arn)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    events = call("GetExecutionHistory", executionArn=arn)["events"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "w"}


def test_a_failure_is_the_executions_with_error_and_cause(
    call: Call, execution: Callable[..., str]
) -> None:
    arn = execution()
    token = call("GetActivityTask", activityArn=ARN)["taskToken"]

    call("SendTaskFailure", taskToken=token, error="E", cause="C")

    told = call("DescribeExecution", executionArn=arn)
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "E", "C")


def test_a_heartbeat_puts_off_the_time_out_and_a_missed_one_is_told(
    engine: Engine, call: Call, execution: Callable[..., str], refused: Refused
) -> None:
    arn = execution(HeartbeatSeconds=1)
    token = call("GetActivityTask", activityArn=ARN)["taskToken"]
    stack_id = ":".join(arn.split(":")[6:])
    before = engine.find(stack_id)

    call("SendTaskHeartbeat", taskToken=token)
    after = engine.find(stack_id)
    assert before is not None
    assert after is not None
    assert max(after.timers) >= max(before.timers)

    engine.wait_for_end(stack_id, 20)
    assert call("DescribeExecution", executionArn=arn)["status"] == "FAILED"
    gone = ("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
    assert refused("SendTaskHeartbeat", taskToken=token) == gone
    assert refused("SendTaskSuccess", taskToken=token, output="1") == gone
    assert refused("SendTaskFailure", taskToken=token) == gone


BAD_TOKENS = ["x", "e30=", "WyJtOmUiLCAiVCIsICJ0Il0="]


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_a_token_that_was_never_given_is_refused(token: str, refused: Refused) -> None:
    invalid = ("InvalidToken", "Invalid Token: 'Invalid token'")

    for output in ("1", "{"):
        assert refused("SendTaskSuccess", taskToken=token, output=output) == invalid
    assert refused("SendTaskFailure", taskToken=token) == invalid
    assert refused("SendTaskHeartbeat", taskToken=token) == invalid


def test_a_forged_token_of_a_task_that_waits_ends_nothing(
    engine: Engine, call: Call, execution: Callable[..., str], refused: Refused
) -> None:
    arn = execution()
    token = read_token(call("GetActivityTask", activityArn=ARN)["taskToken"])
    forged = token._replace(secret="0" * 32).as_text()

    assert refused("SendTaskSuccess", taskToken=forged, output="1")[0] == "TaskTimedOut"
    assert call("DescribeExecution", executionArn=arn)["status"] == "RUNNING"


def test_an_output_that_is_no_json_or_too_large_is_refused(
    call: Call, execution: Callable[..., str], refused: Refused
) -> None:
    execution()
    token = call("GetActivityTask", activityArn=ARN)["taskToken"]

    assert refused("SendTaskSuccess", taskToken=token, output="{")[0] == "InvalidOutput"
    large = json.dumps("ż" * 131_072, ensure_ascii=False)
    assert refused("SendTaskSuccess", taskToken=token, output=large)[0] == "InvalidOutput"
    call("SendTaskSuccess", taskToken=token, output="1")


def test_each_task_goes_to_one_of_many_workers(
    call: Call, execution: Callable[..., str], machine: MakeMachine
) -> None:
    task = {"Type": "Task", "Resource": ARN, "End": True}
    branches = [{"StartAt": f"T{n}", "States": {f"T{n}": task}} for n in range(20)]
    arn = machine({"Many": {"Type": "Parallel", "Branches": branches, "End": True}}, name="many")
    call("StartExecution", stateMachineArn=arn, name="e")
    taken: list[str] = []

    def work() -> None:
        while task := call("GetActivityTask", activityArn=ARN):
            taken.append(task["taskToken"])
            call("SendTaskSuccess", taskToken=task["taskToken"], output="1")

    workers = [Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(taken) == len(set(taken)) == 20
    told = call("DescribeExecution", executionArn=f"{arn.replace('stateMachine', 'execution')}:e")
    assert told["output"] == json.dumps([1] * 20, separators=(",", ":"))


def test_a_worker_waits_for_a_task_that_comes(
    call: Call, execution: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities, "POLL_SECONDS", 30)
    found: list[dict[str, Any]] = []
    worker = Thread(target=lambda: found.append(call("GetActivityTask", activityArn=ARN)))

    worker.start()
    execution()
    worker.join(20)

    assert found[0]["input"] == '{"n":1}'


def test_who_waits_is_sent_away_at_the_end(
    engine: Engine, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities, "POLL_SECONDS", 30)
    call("CreateActivity", name="a")
    found: list[dict[str, Any]] = []
    worker = Thread(target=lambda: found.append(call("GetActivityTask", activityArn=ARN)))

    worker.start()
    engine.let_go()
    worker.join(20)

    assert found == [{}]


def test_activities_are_made_once_listed_and_removed(call: Call, refused: Refused) -> None:
    first = call("CreateActivity", name="a", tags=[{"key": "k", "value": "v"}])

    assert call("CreateActivity", name="a") == first
    assert call("ListActivities")["activities"] == [{**first, "name": "a"}]
    assert call("DescribeActivity", activityArn=ARN)["name"] == "a"
    assert call("ListTagsForResource", resourceArn=ARN)["tags"] == [{"key": "k", "value": "v"}]

    call("DeleteActivity", activityArn=ARN)
    assert refused("DescribeActivity", activityArn=ARN)[0] == "ActivityDoesNotExist"
    assert refused("GetActivityTask", activityArn=ARN)[0] == "ActivityDoesNotExist"
    assert refused("ListTagsForResource", resourceArn=ARN)[0] == "ResourceNotFound"


def test_a_state_whose_activity_is_gone_fails_at_once(tmp_path: Path) -> None:
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    states = {
        "First": {"Type": "Task", "Resource": ARN, "Next": "Second"},
        "Second": {"Type": "Task", "Resource": ARN, "Catch": caught, "End": True},
        "Caught": {"Type": "Succeed"},
    }
    definition = {"StartAt": "First", "States": states}
    with_comment = json.dumps({"Comment": "another version", **definition})
    told = {"name": "m", "definition": json.dumps(definition), "roleArn": ROLE}

    with closing(Engine(tmp_path / "file", IdleExecutors())) as engine:
        api.call(engine, "CreateActivity", {"name": "a"})
        arn = api.call(engine, "CreateStateMachine", told)["stateMachineArn"]
        execution = api.call(engine, "StartExecution", {"stateMachineArn": arn})["executionArn"]
        token = api.call(engine, "GetActivityTask", {"activityArn": ARN})["taskToken"]
        changed = {"stateMachineArn": arn, "definition": with_comment}
        api.call(engine, "UpdateStateMachine", changed)
        api.call(engine, "DeleteActivity", {"activityArn": ARN})

    # The execution stays on its version, which is in the file only.
    with closing(Engine(tmp_path / "file", IdleExecutors())) as engine:

        def call(operation: str, **told: Any) -> dict[str, Any]:
            return api.call(engine, operation, told)

        call("SendTaskSuccess", taskToken=token, output="{}")

        ended = call("DescribeExecution", executionArn=execution)
        assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
        assert ended["cause"] == (
            "An error occurred while executing the state 'Second' (entered at the event id #7). "
            f"The activity {ARN} does not exist."
        )
        assert types_of(call, execution)[-2:] == ["TaskStateEntered", "ExecutionFailed"]


def test_a_worker_that_hung_up_takes_no_task(
    engine: Engine, call: Call, execution: Callable[..., str]
) -> None:
    execution()

    assert engine.ask(ARN, "gone", 0, lambda: False) is None
    assert call("GetActivityTask", activityArn=ARN)["input"] == '{"n":1}'


def test_a_task_inside_a_distributed_map_is_one_worker_s(
    call: Call, machine: MakeMachine, engine: Engine
) -> None:
    # Nothing of it is in the history.
    call("CreateActivity", name="a")
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    task = {"Type": "Task", "Resource": ARN, "End": True}
    processor = {"ProcessorConfig": config, "StartAt": "T", "States": {"T": task}}
    arn = machine({"M": {"Type": "Map", "ItemProcessor": processor, "End": True}})
    execution = call("StartExecution", stateMachineArn=arn, input="[1]")["executionArn"]

    taken = engine.ask(ARN, None, 0.1, lambda: True)
    assert taken is not None
    assert engine.ask(ARN, None, 0.1, lambda: True) is None
    call("SendTaskSuccess", taskToken=taken.token.as_text(), output="2")

    assert call("DescribeExecution", executionArn=execution)["output"] == "[2]"
