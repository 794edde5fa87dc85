"""Satisfiers that are killed in mid-run, and locks of others, with real Terraform."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cloudseam.claim import Claim, Holder
from cloudseam.persistence.memory import InMemoryClaimRepository
from cloudseam_cli.embedded_aws import EmbeddedAws
from task_satisfier.attempt import Attempts
from task_satisfier.executors.terraform import locked_change
from task_satisfier.executors.terraform.lifeline import DIES_WITH_US
from task_satisfier.wiring import place_of_this_process
from tests.chaos.terraform import Range, Satisfier
from tests.conftest import LogLines
from tests.emulator import in_environment_of
from tests.integration.task_satisfier.real_terraform import (
    BINARY,
    RealTerraform,
    needs_terraform,
    resources,
    terraform,
)
from tests.processes import wait_until, working_in
from tests.task_builders import a_task_body, a_terraform_config, attempts_in_memory, write_files

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["terraform"]  # a fixture

pytestmark = [
    pytest.mark.once,
    needs_terraform,
    pytest.mark.skipif(not DIES_WITH_US, reason="the kernel is not Linux"),
]

NET = """
variable "stack_id" {}
resource "terraform_data" "net" {}
"""
SILENT = """
variable "stack_id" {}
resource "terraform_data" "silent" {
  provisioner "local-exec" {
    command = "sleep 60"
  }
}
"""
WAITS = """
terraform {
  backend "s3" {
    bucket                      = "BUCKET"
    key                         = "multi/s/net"
    region                      = "us-east-1"
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    use_lockfile                = true
  }
}
resource "terraform_data" "waits" {
  provisioner "local-exec" {
    command = "cat < GATE"
  }
}
"""
LOCK = "multi/s/net.tflock"

_numbers = count(1)


@pytest.mark.parametrize(("action", "part"), [("apply", 0.2), ("apply", 0.5), ("destroy", 0.4)])
def test_the_next_attempt_ends_what_a_killed_one_began(
    killing: Range, action: str, part: float
) -> None:
    kill = killing.kill(next(_numbers), action, part)

    assert not kill.wrong, str(kill)


def test_terraform_does_not_outlive_its_satisfier_even_if_it_has_nothing_to_say(
    on_emulator: EmbeddedAws, terraform: RealTerraform, tmp_path: Path
) -> None:
    """It prints nothing for its first ten seconds; with a line it would notice by itself."""
    module = write_files(terraform.modules / "silent", {"main.tf": SILENT})
    body = a_task_body("terraform", a_terraform_config(module))
    queue = boto3.client("sqs").create_queue(QueueName=f"silent-{next(_numbers)}")["QueueUrl"]
    satisfier = Satisfier(
        tmp_path / "satisfier",
        {"SQS_EVENT_QUEUE_URL": queue, "TERRAFORM_STATE_DIR": str(terraform.states)},
    )

    satisfier.start({"body": json.dumps(body), "receives": 1, "ahead": 0})
    assert wait_until(lambda: "Provisioning with" in satisfier.log), satisfier.log
    assert satisfier.terraforms()
    satisfier.kill()

    assert wait_until(lambda: not satisfier.terraforms(), 4)
    for pid, _ in working_in(satisfier.folder):  # the provisioner's own processes go on
        os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def killing(emulator: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    with in_environment_of(emulator):
        here = Range(tmp_path_factory.mktemp("kills"))
        here.rehearse()
        yield here


@pytest.fixture
def s3(on_emulator: EmbeddedAws) -> "S3Client":
    return boto3.client("s3")


@pytest.fixture
def bucket(s3: "S3Client", terraform: RealTerraform) -> str:
    name = f"killed-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    terraform.environ = {"TERRAFORM_STATE_BUCKET": name}
    return name


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locked_change, "WAIT", 1)


@contextmanager
def by_hand(
    s3: "S3Client", bucket: str, folder: Path, **environ: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Somebody's own Terraform, in the middle of an apply of the state that the tasks use."""
    gate = folder / "gate"
    folder.mkdir()
    os.mkfifo(gate)
    text = WAITS.replace("BUCKET", bucket).replace("GATE", str(gate))
    write_files(folder, {"main.tf": text})
    kept = {name: value for name, value in os.environ.items() if name not in ("USER", "LOGNAME")}
    environ = {**kept, "AWS_ENDPOINT_URL_S3": os.environ["AWS_ENDPOINT_URL"], **environ}
    command = [str(BINARY), "apply", "-input=false", "-auto-approve"]
    subprocess.run(
        [str(BINARY), "init"], cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL
    )
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            while b"Provisioning" not in process.stdout.readline():
                assert process.poll() is None
            yield process
        finally:
            process.kill()
            # What it started waits at the gate, or is gone.
            os.close(os.open(gate, os.O_RDWR | os.O_NONBLOCK))


def lock_of(s3: "S3Client", bucket: str) -> dict[str, Any]:
    lock: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=LOCK)["Body"].read())
    return lock


def attempts_after(*past: Holder) -> Attempts:
    """Attempts that find these as dead holders of the state."""
    claims = InMemoryClaimRepository()
    for number, gone in enumerate(past):
        claim = Claim("resource/terraform/multi/s/net", f"{number}", gone.since, gone.until)
        claims.take(replace(claim, place=gone.place), gone.since)
    return replace(attempts_in_memory(), claims=claims)


def around(lock: dict[str, Any], place: str, shift_ms: int = 0) -> Holder:
    """A holder of the second before the lock was made, which is near enough, or of another."""
    created = datetime.fromisoformat(lock["Created"][:19] + "+00:00").timestamp() * 1000
    return Holder(place, int(created) - 1_000 + shift_ms, int(created) + shift_ms)


STRANGERS: dict[str, Sequence[tuple[str, int]]] = {
    "nobody died": [],
    "one died on another host": [("HERE.example", 0)],
    "one died here before": [("HERE", -60_000)],
}


@pytest.mark.parametrize("past", STRANGERS.values(), ids=STRANGERS)
def test_a_live_lock_of_somebody_else_is_never_broken(
    terraform: RealTerraform,
    s3: "S3Client",
    bucket: str,
    tmp_path: Path,
    past: Sequence[tuple[str, int]],
) -> None:
    module = write_files(terraform.modules / "net", {"main.tf": NET})
    here = place_of_this_process()

    with by_hand(s3, bucket, tmp_path / "by-hand") as stranger:
        lock = lock_of(s3, bucket)
        holders = [around(lock, place.replace("HERE", here), shift) for place, shift in past]
        answer = terraform.run(
            a_terraform_config(module, state="net"), attempts=attempts_after(*holders)
        )

        assert lock_of(s3, bucket) == lock
        (tmp_path / "by-hand" / "gate").write_text("go on")
        assert stranger.wait(30) == 0, "the stranger was not disturbed"

    assert (answer["event"], answer["error"]) == ("TASK_ERROR", "StateLocked")
    assert f"(lock {lock['ID']})" in answer["description"]
    state = s3.get_object(Bucket=bucket, Key="multi/s/net")["Body"].read()
    assert resources(state) == ["terraform_data.waits"]


def test_a_lock_that_is_given_back_soon_is_waited_for(
    terraform: RealTerraform,
    s3: "S3Client",
    bucket: str,
    tmp_path: Path,
    terraform_log: LogLines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locked_change, "WAIT", 30)
    module = write_files(terraform.modules / "net", {"main.tf": NET})
    gate = tmp_path / "by-hand" / "gate"

    def time_left() -> float:
        """Looked at again and again while Terraform runs."""
        if gate.exists() and any("Error acquiring" in line for line in terraform_log.messages):
            gate.write_text("go on")
            gate.unlink()
        return 300

    with by_hand(s3, bucket, tmp_path / "by-hand") as stranger:
        answer = terraform.run(a_terraform_config(module, state="net"), time_left=time_left)
        assert stranger.wait(30) == 0
        os.mkfifo(gate)

    assert answer["event"] == "TASK_COMPLETED"


@pytest.mark.parametrize("user", [{}, {"USER": "somebody-else"}], ids=["none", "another"])
def test_terraform_calls_the_holder_of_a_lock_what_claims_call_it(
    s3: "S3Client", bucket: str, tmp_path: Path, user: dict[str, str]
) -> None:
    """Whatever the environment says of the user: the account counts, for Go and for Python."""
    with by_hand(s3, bucket, tmp_path / "by-hand", **user) as process:
        assert lock_of(s3, bucket)["Who"] == place_of_this_process()
        process.kill()


def test_a_lock_of_a_dead_holder_is_broken(
    terraform: RealTerraform, s3: "S3Client", bucket: str, tmp_path: Path
) -> None:
    module = write_files(terraform.modules / "net", {"main.tf": NET})
    with by_hand(s3, bucket, tmp_path / "by-hand") as process:
        process.kill()
        process.wait()
    holder = around(lock_of(s3, bucket), place_of_this_process())

    answer = terraform.run(a_terraform_config(module, state="net"), attempts=attempts_after(holder))

    assert answer["event"] == "TASK_COMPLETED"
    state = s3.get_object(Bucket=bucket, Key="multi/s/net")["Body"].read()
    assert resources(state) == ["terraform_data.net"]
    assert s3.list_objects_v2(Bucket=bucket, Prefix=LOCK)["KeyCount"] == 0


def test_a_lock_of_a_file_goes_with_the_process_that_had_it(
    terraform: RealTerraform, tmp_path: Path, terraform_log: LogLines
) -> None:
    """The operating system takes it back; the note beside the state that tells of it stays."""
    module = write_files(terraform.modules / "net", {"main.tf": NET})
    note = terraform.states / "multi/s/.net.tfstate.lock.info"
    write_files(note.parent, {note.name: '{"ID": "1", "Who": "root@vm"}', "net.tfstate": ""})

    answer = terraform.run(a_terraform_config(module, state="net"))

    assert answer["event"] == "TASK_COMPLETED"
    assert not any("Error acquiring" in line for line in terraform_log.messages)
