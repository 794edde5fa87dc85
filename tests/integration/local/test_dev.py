"""`cloudseam dev` as a process: it serves, and leaves nothing behind however it ends."""

import json
import os
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudseam_cli.local.client import emulator_client
from cloudseam_cli.main import main
from tests.integration.local.console import Console, all_ended, console, project
from tests.processes import command_line, wait_until

pytestmark = pytest.mark.once

READY = "Ctrl-C stops everything."
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:environment"
CALLS = {
    "StartAt": "Function",
    "States": {
        "Function": {
            "Type": "Task",
            "Resource": FUNCTION,
            "Catch": [{"ErrorEquals": ["ValueError"], "ResultPath": "$.refused", "Next": "Queue"}],
            "End": True,
        },
        "Queue": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sqs:getQueueUrl",
            "Parameters": {"QueueName": "cloudseam-tasks"},
            "ResultPath": "$.queue",
            "End": True,
        },
    },
}

needs_terraform = pytest.mark.skipif(
    not (shutil.which("terraform") or shutil.which("tofu")), reason="there is no Terraform here"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return project(tmp_path)


@pytest.fixture
def dev(folder: Path) -> Iterator[Console]:
    """A `dev` on a free port that is ready."""
    arguments = ("--port", "0", "--functions", "machines/functions", "--satisfiers", "1")
    with console("dev", *arguments, folder=folder) as dev:
        dev.wait_for(READY)
        yield dev


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_with_code_0(
    dev: Console, folder: Path, number: signal.Signals
) -> None:
    port, started = dev.port, dev.started()
    assert is_open(port)
    assert len(started) == 3  # the emulator, the state machine, the satisfier

    dev.process.send_signal(number)

    assert dev.ended() == 0, dev.text
    assert all_ended(started)
    assert not is_open(port)
    assert not (folder / ".cloudseam" / "dev.json").exists()
    assert "Traceback" not in dev.text
    end = dev.text.splitlines()[-1]
    assert end == "Stopped. Stacks and messages are gone with the emulated AWS."


def test_it_names_its_queues(dev: Console) -> None:
    base = f"http://127.0.0.1:{dev.port}/000000000000"
    for queue in ("cloudseam-events", "cloudseam-tasks"):
        assert f" {base}/{queue}\n" in dev.text
        assert f" {base}/{queue}-dead (dead letters)\n" in dev.text


def test_a_wait_is_told_of_a_refusal_and_of_a_duplicate(
    dev: Console, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for name in ("SQS_EVENT_QUEUE_URL", "DYNAMODB_TABLE"):
        monkeypatch.delenv(name, raising=False)
    note = ["send", "s", "NEW-IMAGE", "--machine", "preview-functions", "--wait", "5"]

    assert main(note) == 1
    assert "Not applied for now, will be tried again: " in capsys.readouterr().err

    launch = ["send", "s", "LAUNCH", "--machine", "preview-functions", "--event-id", "e-1"]
    assert [main([*launch, "--wait"]), main([*launch, "--wait"])] == [0, 0]
    said = capsys.readouterr().out
    assert "Applied: s is in state" in said
    assert said.splitlines()[-1] == "Ignored: e-1 was applied before."


def test_executions_call_its_functions_and_its_services(dev: Console) -> None:
    found = re.search(r"executions (http://127\.0\.0\.1:\d+) ", dev.text)
    assert found, dev.text
    client = emulator_client("stepfunctions", found[1])
    made = client.create_state_machine(
        name="calls", definition=json.dumps(CALLS), roleArn="arn:aws:iam::000000000000:role/r"
    )
    told = '{"stackId": "s", "args": {"part": "p", "action": "unheard of"}}'
    started = client.start_execution(stateMachineArn=made["stateMachineArn"], input=told)
    asked = {"executionArn": started["executionArn"]}

    assert wait_until(lambda: client.describe_execution(**asked)["status"] != "RUNNING", 30)
    output = json.loads(client.describe_execution(**asked)["output"])
    cause = json.loads(output["refused"]["Cause"])
    assert output["refused"]["Error"] == cause["errorType"] == "ValueError"
    assert cause["stackTrace"][0].startswith('  File "/var/task/environment.py", line ')
    queue = f"http://127.0.0.1:{dev.port}/000000000000/cloudseam-tasks"
    assert output["queue"] == {"QueueUrl": queue}


def test_a_folder_without_a_machine_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "machines").mkdir()
    with console("dev", "--port", "0", "--satisfiers", "1", folder=tmp_path) as dev:
        dev.wait_for("WARNING: there is no machine in the folder of machines")


def test_nothing_outlives_a_console_that_is_killed(dev: Console) -> None:
    port, started = dev.port, dev.started()

    dev.process.kill()

    assert all_ended(started)
    assert not is_open(port)


def test_it_ends_with_code_1_and_the_reason_when_a_part_of_it_ends(dev: Console) -> None:
    started = dev.started()
    worker = next(pid for pid in started if "state_machine" in command_line(pid))

    os.kill(worker, signal.SIGKILL)

    assert dev.ended() == 1
    assert "state_machine ended with -9" in dev.text
    assert all_ended(started)


def test_an_event_is_sent_from_the_same_folder_without_any_option(
    dev: Console, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for name in ("SQS_EVENT_QUEUE_URL", "DYNAMODB_TABLE"):
        monkeypatch.delenv(name, raising=False)

    launch = ["send", "feature", "LAUNCH", "--machine", "preview-functions", "--wait"]
    assert main([*launch, "--metadata", "image_tag=v1"]) == 0
    dev.wait_for("PROVISION → RUN by TASK_COMPLETED")
    assert main(["stacks"]) == 0
    assert main(["show", "feature"]) == 0

    assert "INIT → PROVISION by LAUNCH; asks for network, app, notify" in dev.text
    assert "task network started (lambda)" in dev.text
    shown = capsys.readouterr().out
    assert "feature  preview-functions  RUN" in shown
    assert "image_tag  v1" in shown


def test_a_second_console_in_the_folder_is_refused(dev: Console, folder: Path) -> None:
    with console("dev", "--port", "0", folder=folder) as second:
        assert second.ended() == 2

    assert f"already runs here, on port {dev.port}" in second.text


def test_a_changed_machine_is_told_of_and_taken(dev: Console, folder: Path) -> None:
    file = folder / "machines" / "preview.yml"
    good = file.read_text()

    file.write_text(good.replace("state: RUN}", "state: NOWHERE}"))
    dev.wait_for("NOWHERE")
    assert "preview.yml:" in dev.text
    file.write_text(good)

    dev.wait_for("machine preview is good again")


def test_a_port_that_is_taken_is_told_with_the_way_out(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with console("dev", "--port", str(port), folder=folder) as dev:
            assert dev.ended() == 2

    assert f"Port {port} on 127.0.0.1 cannot be used" in dev.text
    assert "--port" in dev.text


def test_a_folder_of_machines_that_is_missing_is_told(tmp_path: Path) -> None:
    with console("dev", "--port", "0", folder=tmp_path) as dev:
        assert dev.ended() == 2

    assert "there is no folder 'machines'" in dev.text


SLOW_MODULE = """
variable "stack_id" {
  type = string
}
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "sleep 300"
  }
}
"""
SLOW_MACHINE = """
version: 1
events: [LAUNCH, DESTROY]
states:
  INIT: {on: {LAUNCH: [{action: advance, state: RUN}]}}
  RUN: {tasks: [slow], on: {NEXT: [{action: no-op}], DESTROY: [{action: advance, state: END}]}}
  END: {terminal: true}
tasks:
  slow:
    executor: terraform
    config: {action: apply, source: {type: local, location: machines/modules/slow}}
"""


@needs_terraform
def test_a_terraform_that_runs_is_interrupted_and_keeps_its_state(
    dev: Console, folder: Path
) -> None:
    (folder / "machines" / "slow.yml").write_text(SLOW_MACHINE)
    (folder / "machines" / "modules" / "slow").mkdir()
    (folder / "machines" / "modules" / "slow" / "main.tf").write_text(SLOW_MODULE)
    main(["send", "s", "LAUNCH", "--machine", "slow", "--port", str(dev.port)])
    assert wait_until(lambda: any("sleep 300" in command_line(pid) for pid in dev.started()), 60)
    started = dev.started()

    dev.process.send_signal(signal.SIGINT)

    assert dev.ended() == 0, dev.text
    assert all_ended(started)
    (state,) = (folder / ".cloudseam" / "terraform").rglob("*.tfstate")
    assert state.name in dev.text.splitlines()[-1]
    assert '"terraform_data"' in state.read_text()
    assert not list(state.parent.glob(".*.lock.info"))


def test_a_second_signal_ends_even_what_does_not_listen_to_the_first(folder: Path) -> None:
    stubborn = folder / "terraform"
    stubborn.write_text("#!/bin/sh\ntrap '' INT TERM\nsleep 300\n")
    stubborn.chmod(0o755)
    environ = {"TERRAFORM_BIN": str(stubborn), "TASK_TIMEOUT_MARGIN": "300"}
    with console("dev", "--port", "0", "--satisfiers", "1", folder=folder, environ=environ) as dev:
        dev.wait_for(READY)
        launch = ["send", "s", "LAUNCH", "--machine", "preview", "--port", str(dev.port)]
        assert main([*launch, "--metadata", "image_tag=v1", "branch=b"]) == 0
        assert wait_until(lambda: any("sleep 300" in command_line(pid) for pid in dev.started()))
        started = dev.started()

        dev.process.send_signal(signal.SIGINT)
        dev.wait_for("Stopping")
        dev.process.send_signal(signal.SIGINT)

        assert dev.ended() == 0, dev.text
    assert all_ended(started)
