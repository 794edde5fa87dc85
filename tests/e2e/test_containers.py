"""A task of a deployment that runs in a container, with the rights that the template gives it."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.installation import SURROUNDINGS, Cloud, Installation
from tests.e2e.sam import ROOT, clean_environment
from tests.integration.task_satisfier.real_terraform import BINARY, needs_terraform


def credentials(cloud: Cloud, *policies: str) -> Mapping[str, str]:
    """Those of somebody who may do what the policies allow, and nothing else."""
    iam = cloud.client("iam")
    iam.create_user(UserName="container")
    for policy in policies:
        iam.attach_user_policy(UserName="container", PolicyArn=policy)
    key = iam.create_access_key(UserName="container")["AccessKey"]
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


@contextmanager
def container(installation: Installation, log: Path) -> Iterator[None]:
    """The satisfier as a process, told of a deployment as docs/operations.md says."""
    cloud, outputs = installation.cloud, installation.outputs
    around = cloud.outputs(SURROUNDINGS)
    settings = {
        **installation.settings,
        **credentials(cloud, outputs["ContainerTaskPolicyArn"], around["MayReadModules"]),
        "SQS_TASK_QUEUE_URL": outputs["ContainerTaskQueueUrl"],
        "SQS_TASK_DLQ_URL": outputs["ContainerTaskDeadLetterQueueUrl"],
        "TERRAFORM_BIN": str(BINARY),
        "TERRAFORM_STATE_BUCKET": around["TerraformStates"],
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "task_satisfier", "--wait", "1"],
            cwd=ROOT,
            env=clean_environment() | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


@needs_terraform
def test_a_task_that_says_so_runs_in_a_container_with_no_other_rights_than_it_needs(
    cloud: Cloud, on_dynamodb: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "container.log"
    with container(on_dynamodb, log):
        on_dynamodb.send("boxed", "LAUNCH", machine="container")

        assert on_dynamodb.reaches("boxed", "RUN"), log.read_text()

    bucket = cloud.outputs(SURROUNDINGS)["TerraformStates"]
    assert cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix="container/boxed/")["KeyCount"]
    assert "AccessDenied" not in log.read_text()
    assert '"task":"network"' in log.read_text()
    assert '"task":"greet"' not in log.read_text()
