"""Real Terraform with its modules and its states on S3, locks and all, against the emulator."""

import json
import os
import threading
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudseam_cli.embedded_aws import EmbeddedAws
from task_satisfier.executors.terraform import locked_change
from tests.conftest import LogLines
from tests.integration.task_satisfier.real_terraform import (
    RealTerraform,
    needs_terraform,
    resources,
    terraform,
)
from tests.processes import wait_until
from tests.task_builders import a_terraform_config, write_files

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["terraform"]  # a fixture

pytestmark = [pytest.mark.once, needs_terraform]

NET = """
variable "stack_id" {}
resource "terraform_data" "net" {
  input = var.stack_id
}
output "name" { value = terraform_data.net.output }
"""
OWN_BACKEND = """
terraform {
  backend "s3" {
    bucket                      = "BUCKET"
    key                         = "overridden"
    region                      = "us-east-1"
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
    use_lockfile                = true
  }
}
"""
WAITS = """
variable "stack_id" {}
variable "gate" {}
resource "terraform_data" "waits" {
  provisioner "local-exec" {
    command     = "touch $GATE.started; cat < $GATE"
    environment = { GATE = var.gate }
  }
}
"""

_numbers = count(1)


@pytest.fixture
def s3(on_emulator: EmbeddedAws) -> "S3Client":
    return boto3.client("s3")


@pytest.fixture
def bucket(s3: "S3Client", terraform: RealTerraform) -> str:
    """A bucket of the test's own, set as the home of states."""
    name = f"satisfier-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    terraform.environ = {"TERRAFORM_STATE_BUCKET": name}
    return name


def put(s3: "S3Client", bucket: str, files: dict[str, str]) -> None:
    for key, text in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())


def from_s3(bucket: str, key: str, action: str = "apply", **fields: Any) -> dict[str, Any]:
    return {"source": {"type": "s3", "bucket": bucket, "key": key}, "action": action, **fields}


def state_at(s3: "S3Client", bucket: str, key: str) -> list[str]:
    """The addresses of what the state has that is kept under a key."""
    return resources(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def keys(s3: "S3Client", bucket: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_a_module_without_a_backend_has_its_state_in_the_bucket(
    terraform: RealTerraform, s3: "S3Client", bucket: str, terraform_log: LogLines
) -> None:
    put(s3, bucket, {"qa/net/main.tf": NET})

    applied = terraform.run(from_s3(bucket, "qa/net"))
    assert applied["outputs"] == {"name": "s"}
    assert state_at(s3, bucket, "multi/s/qa/net") == ["terraform_data.net"]

    terraform.run(from_s3(bucket, "qa/net/", "destroy"))
    assert "Destroy complete! Resources: 1 destroyed." in terraform_log.messages
    assert state_at(s3, bucket, "multi/s/qa/net") == []
    assert keys(s3, bucket) == ["multi/s/qa/net", "qa/net/main.tf"], "no lock is left"


def test_a_module_with_an_s3_backend_keeps_it_and_gets_its_key(
    terraform: RealTerraform, s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", os.environ["AWS_ENDPOINT_URL"])
    put(s3, bucket, {"net/main.tf": NET, "net/backend.tf": OWN_BACKEND.replace("BUCKET", bucket)})
    terraform.environ = {}

    answer = terraform.run(from_s3(bucket, "net/"))

    assert answer["event"] == "TASK_COMPLETED"
    assert state_at(s3, bucket, "multi/s/net") == ["terraform_data.net"]
    assert not terraform.states.exists()


def test_a_single_object_is_a_module(terraform: RealTerraform, s3: "S3Client", bucket: str) -> None:
    put(s3, bucket, {"one.tf": NET, "one.tf.bak/main.tf": "{"})

    assert terraform.run(from_s3(bucket, "one.tf"))["outputs"] == {"name": "s"}
    assert state_at(s3, bucket, "multi/s/one.tf") == ["terraform_data.net"]


def test_sub_folders_come_along_on_every_page(
    terraform: RealTerraform, s3: "S3Client", bucket: str
) -> None:
    main = 'variable "stack_id" {}\n' + "\n".join(
        f'module "m{number}" {{ source = "./m{number}" }}' for number in range(3)
    )
    put(s3, bucket, {"big/main.tf": main + '\noutput "n" { value = module.m2.n }'})
    put(s3, bucket, {f"big/m{number}/main.tf": 'output "n" { value = 2 }' for number in range(3)})

    assert terraform.run(from_s3(bucket, "big"))["outputs"] == {"n": 2}


@pytest.mark.parametrize(
    ("stack_id", "machine", "key"),
    [
        ("../../climb", "multi", "multi/..%2f..%2fclimb/net"),
        ("..", "multi", "multi/%2e%2e/net"),
        ("a/b", "multi", "multi/a%2fb/net"),
        ("100%", "multi", "multi/100%25/net"),
        ("é ü'\"$(x)", "multi", "multi/é ü'\"$(x)/net"),
        ("s", "../other", "..%2fother/s/net"),
    ],
)
def test_a_state_stays_where_its_machine_and_stack_say(
    terraform: RealTerraform, s3: "S3Client", bucket: str, stack_id: str, machine: str, key: str
) -> None:
    put(s3, bucket, {"net/main.tf": NET})

    answer = terraform.run(from_s3(bucket, "net/"), stack_id=stack_id, machine=machine)

    assert answer["event"] == "TASK_COMPLETED"
    assert keys(s3, bucket) == sorted([key, "net/main.tf"])


def test_a_local_modules_state_has_its_folders_name(
    terraform: RealTerraform, s3: "S3Client", bucket: str
) -> None:
    module = write_files(terraform.modules / "net", {"main.tf": NET})

    terraform.run(a_terraform_config(module))
    terraform.run(a_terraform_config(module, state="undefined"))

    location = str(module).lstrip("/")
    assert keys(s3, bucket) == [f"multi/s/%local/%/{location}", "multi/s/undefined"]


def test_the_lock_is_taken_and_given_back(
    terraform: RealTerraform,
    s3: "S3Client",
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(locked_change, "WAIT", 0)
    gate, started = tmp_path / "gate", tmp_path / "gate.started"
    os.mkfifo(gate)
    put(s3, bucket, {"net/main.tf": WAITS})
    answers: list[dict[str, Any]] = []
    metadata = {"gate": str(gate)}
    first = threading.Thread(
        target=lambda: answers.append(terraform.run(from_s3(bucket, "net/"), metadata=metadata))
    )

    first.start()
    assert wait_until(started.exists)
    lock = json.loads(s3.get_object(Bucket=bucket, Key="multi/s/net.tflock")["Body"].read())
    second = terraform.run(from_s3(bucket, "net/"), metadata=metadata)
    gate.write_text("go on")
    first.join(60)

    assert second["event"] == "TASK_ERROR"
    assert "Error acquiring the state lock" in second["description"]
    assert lock["ID"] in second["description"]
    assert [answer["event"] for answer in answers] == ["TASK_COMPLETED"]
    with pytest.raises(ClientError, match=r"404|NoSuchKey"):
        s3.get_object(Bucket=bucket, Key="multi/s/net.tflock")


def test_a_state_bucket_that_is_not_there_is_a_failed_task(
    terraform: RealTerraform, s3: "S3Client", bucket: str
) -> None:
    put(s3, bucket, {"net/main.tf": NET})
    terraform.environ = {"TERRAFORM_STATE_BUCKET": "satisfier-nowhere"}

    answer = terraform.run(from_s3(bucket, "net/"))

    assert answer["event"] == "TASK_ERROR"
    assert "does not exist" in answer["description"]


@pytest.mark.parametrize(
    ("source_bucket", "key", "told"),
    [
        ("BUCKET", "nope/", "is empty"),
        ("satisfier-nowhere", "net/", "NoSuchBucket"),
        ("BUCKET", "evil/", "cannot be a path inside"),
    ],
    ids=["no objects", "no bucket", "a key that climbs"],
)
def test_a_source_that_cannot_be_had_is_a_failed_task(
    terraform: RealTerraform, s3: "S3Client", bucket: str, source_bucket: str, key: str, told: str
) -> None:
    put(s3, bucket, {"evil/..\\climb.tf": NET})

    answer = terraform.run(from_s3(source_bucket.replace("BUCKET", bucket), key))

    assert answer["event"] == "TASK_ERROR"
    assert told in answer["description"]
