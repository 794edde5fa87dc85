"""`cloudseam stepfunctions` and `cloudseam executions` as people run them."""

import json
import socket
from pathlib import Path
from threading import Thread

import pytest

from cloudseam_cli.main import main
from tests.processes import wait_until
from tests.stepfunctions_process import StepFunctionsProcess

WAIT = '{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 900, "End": true}}}'
ROLE = "arn:aws:iam::000000000000:role/r"


def test_ctrl_c_answers_who_waits_and_the_next_one_goes_on(tmp_path: Path) -> None:
    data, machines = tmp_path / "data.sqlite", tmp_path / "machines"
    machines.mkdir()
    (machines / "slow.asl.json").write_text(WAIT)
    server = StepFunctionsProcess(data, "--machines", str(machines))
    assert server.told["stateMachines"] == ["slow"]
    client = server.client(retries={"total_max_attempts": 1})
    activity = client.create_activity(name="a")["activityArn"]
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:slow"
    client.start_execution(stateMachineArn=machine, name="e")
    answers: list[object] = []
    worker = Thread(target=lambda: answers.append(client.get_activity_task(activityArn=activity)))
    worker.start()
    assert wait_until(lambda: worker.is_alive())

    code, said = server.interrupt()
    worker.join(30)

    assert (code, "Stopping" in said) == (0, True)
    again = StepFunctionsProcess(data)
    assert (again.told["stateMachines"], again.told["executionsUnderWay"]) == (["slow"], 1)
    assert again.interrupt()[0] == 0


def test_the_next_one_waits_on_for_nested_executions(tmp_path: Path) -> None:
    data = tmp_path / "data.sqlite"
    server = StepFunctionsProcess(data)
    client = server.client()
    inner = client.create_state_machine(name="inner", definition=WAIT, roleArn=ROLE)
    nested = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": inner["stateMachineArn"]},
        "End": True,
    }
    outer = client.create_state_machine(
        name="outer",
        definition=json.dumps({"StartAt": "N", "States": {"N": nested}}),
        roleArn=ROLE,
    )
    started = client.start_execution(stateMachineArn=outer["stateMachineArn"], name="e")
    executions = {"stateMachineArn": inner["stateMachineArn"]}
    assert wait_until(lambda: len(client.list_executions(**executions)["executions"]) == 1)

    assert server.terminate()[0] == 0

    again = StepFunctionsProcess(data)
    try:
        assert again.told["executionsUnderWay"] == 2
        client = again.client()
        [waited_for] = client.list_executions(**executions)["executions"]
        client.stop_execution(executionArn=waited_for["executionArn"], error="Stopped")

        def ended() -> dict[str, object]:
            told: dict[str, object] = client.describe_execution(
                executionArn=started["executionArn"]
            )
            return told

        assert wait_until(lambda: ended()["status"] != "RUNNING")
        assert ended()["error"] == "States.TaskFailed"
        assert '"Error":"Stopped"' in str(ended()["cause"])
    finally:
        again.kill()


def test_tasks_that_do_not_end_are_left_to_the_next_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        server = StepFunctionsProcess(tmp_path / "data.sqlite", "--lambda-endpoint", url)
        client = server.client()
        function = "arn:aws:lambda:us-east-1:000000000000:function:f"
        task = {"Type": "Task", "Resource": function, "End": True}
        definition = json.dumps({"StartAt": "T", "States": {"T": task}})
        machine = client.create_state_machine(name="m", definition=definition, roleArn=ROLE)
        client.start_execution(stateMachineArn=machine["stateMachineArn"], name="e")
        called, _ = silent.accept()  # the function, which never answers
        with called:
            assert server.terminate()[0] == 0

    again = StepFunctionsProcess(tmp_path / "data.sqlite")
    assert again.told["executionsUnderWay"] == 1
    again.kill()


def test_what_cannot_be_used_is_told_with_code_2_and_a_bad_file_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = StepFunctionsProcess(tmp_path / "data.sqlite")
    try:
        assert main(["stepfunctions", "--port", str(server.port)]) == 2
        assert f"Port {server.port} cannot be used" in capsys.readouterr().err
        taken = str(tmp_path / "data.sqlite")
        assert main(["stepfunctions", "--port", "0", "--data", taken]) == 2
        assert "One process at a time may have it." in capsys.readouterr().err
    finally:
        server.kill()
    (tmp_path / "bad.asl.json").write_text("{}")
    assert main(["stepfunctions", "--port", "0", "--machines", str(tmp_path)]) == 1
    assert "bad.asl.json: Invalid State Machine Definition" in capsys.readouterr().err


def test_executions_are_listed_shown_and_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    server = StepFunctionsProcess()
    try:
        client = server.client()
        machine = client.create_state_machine(name="m", definition=WAIT, roleArn=ROLE)
        client.start_execution(stateMachineArn=machine["stateMachineArn"], name="e")
        here = ["--port", str(server.port)]

        assert main(["executions", "list", "m", "--json", *here]) == 0
        assert [each["name"] for each in json.loads(capsys.readouterr().out)] == ["e"]
        assert main(["executions", "stop", "m:e", "--error", "E", *here]) == 0
        assert "ABORTED" in capsys.readouterr().out
        assert main(["executions", "show", "m:e", *here]) == 0
        shown = capsys.readouterr().out
        assert "ExecutionAborted" in shown
        assert "WaitStateEntered" in shown
        assert main(["executions", "show", "m:e", "--json", *here]) == 0
        assert len(json.loads(capsys.readouterr().out)["events"]) == 3
        assert main(["executions", "show", "m:other", *here]) == 1
        assert "Execution Does Not Exist" in capsys.readouterr().err
    finally:
        server.kill()
    assert main(["executions", "list", "m", "--port", str(server.port)]) == 2
