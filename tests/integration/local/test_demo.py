"""`cloudseam demo` as a process: the whole life of a sample, and what happens when it breaks."""

import shutil
import signal
import socket
from pathlib import Path

import pytest

from tests.integration.local.console import Console, all_ended, console

needs_terraform = pytest.mark.skipif(
    not (shutil.which("terraform") or shutil.which("tofu")), reason="there is no Terraform here"
)

pytestmark = pytest.mark.once

MOVES = [
    "feature-login  INIT → PROVISION by LAUNCH; asks for network, app, notify",
    "feature-login  NEW-IMAGE applied",
    "feature-login  RUN → UPDATE by UPDATE; asks for app, notify",
    "feature-login  RUN → TEARDOWN by DESTROY; asks for remove-app, remove-network, notify",
    "feature-login  TEARDOWN → (gone) by TASK_COMPLETED",
]


@pytest.fixture
def temporary(tmp_path: Path) -> dict[str, str]:
    """An environment with a folder of its own for temporary files."""
    return {"TMPDIR": str(tmp_path)}


def demo_ends(demo: Console) -> int:
    """Its exit code, once nothing that it had started is left."""
    demo.wait_for("feature-login")
    started = demo.started()
    code = demo.ended()
    assert all_ended(started)
    return code


def assert_whole_life(demo: Console) -> None:
    places = [demo.text.find(move) for move in MOVES]
    assert -1 not in places, demo.text
    assert places == sorted(places)


def test_the_sample_of_functions_lives_and_leaves_nothing(
    tmp_path: Path, temporary: dict[str, str]
) -> None:
    with console("demo", "--functions-only", "--port", "0", folder=tmp_path, environ=temporary) as (
        demo
    ):
        assert demo_ends(demo) == 0, demo.text

    assert_whole_life(demo)
    assert "task remove-app started (lambda)" in demo.text
    assert "the bucket of its parts is empty, and 3 notices were sent." in demo.text
    assert list(tmp_path.iterdir()) == []


@needs_terraform
def test_the_sample_of_terraform_lives_and_its_state_is_empty_at_the_end(
    tmp_path: Path, temporary: dict[str, str]
) -> None:
    with console("demo", "--port", "0", folder=tmp_path, environ=temporary) as demo:
        assert demo_ends(demo) == 0, demo.text

    assert_whole_life(demo)
    assert "task remove-app started (terraform destroy)" in demo.text
    assert "output app.image = shop:v2" in demo.text  # which only the metadata event had said
    assert "Terraform's state is empty (2 states), and 3 notices were sent." in demo.text
    assert list(tmp_path.iterdir()) == []


def test_without_terraform_it_says_so_and_takes_the_sample_of_functions(
    tmp_path: Path, temporary: dict[str, str]
) -> None:
    environ = temporary | {"TERRAFORM_BIN": "no-such-terraform"}
    with console("demo", "--port", "0", folder=tmp_path, environ=environ) as demo:
        demo.wait_for("Starting")
        demo.process.send_signal(signal.SIGINT)
        demo.ended()

    assert "There is no Terraform or OpenTofu to run" in demo.text
    assert "Taking the sample that needs none" in demo.text


def test_a_task_that_fails_ends_it_with_code_1_the_reason_and_the_logs(
    tmp_path: Path, temporary: dict[str, str]
) -> None:
    broken = tmp_path / "terraform"
    broken.write_text("#!/bin/sh\necho 'the moon is in the wrong phase'\nexit 3\n")
    broken.chmod(0o755)
    environ = temporary | {"TERRAFORM_BIN": str(broken)}
    with console("demo", "--port", "0", folder=tmp_path, environ=environ) as demo:
        assert demo_ends(demo) == 1, demo.text

    assert "cloudseam demo: Task" in demo.text
    assert "the moon is in the wrong phase" in demo.text.split("cloudseam demo:")[1]
    (log,) = tmp_path.rglob("state_machine.log")
    assert f"Logs are in {log.parent}" in demo.text


def test_ctrl_c_ends_it_with_code_130_and_leaves_nothing(
    tmp_path: Path, temporary: dict[str, str]
) -> None:
    with console("demo", "--functions-only", "--port", "0", folder=tmp_path, environ=temporary) as (
        demo
    ):
        demo.wait_for("INIT → PROVISION")
        started = demo.started()
        demo.process.send_signal(signal.SIGINT)
        assert demo.ended() == 130, demo.text

    assert all_ended(started)
    assert "Stopped." in demo.text
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_was_asked_for_and_is_taken_is_code_2(
    tmp_path: Path, temporary: dict[str, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        arguments = ("demo", "--functions-only", "--port", port)
        with console(*arguments, folder=tmp_path, environ=temporary) as demo:
            assert demo.ended() == 2

    assert f"Port {port} on 127.0.0.1 cannot be used" in demo.text
    assert list(tmp_path.iterdir()) == []
