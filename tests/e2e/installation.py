"""A deployment on an embedded AWS: driven through its queues, looked at through its store."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from cloudseam.persistence import StackRepository
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.stack import Stack, TaskStatus
from cloudseam_cli.embedded_aws import ACCOUNT, REGION, EmbeddedAws
from cloudseam_cli.local.client import emulator_client
from tests.e2e.sam import BUILT_TEMPLATE, FOLDER, Sam, clean_environment
from tests.processes import wait_until

HERE = Path(__file__).parent
MACHINES = HERE / "machines"
MODULES = HERE / "modules"
OPERATIONS = HERE.parents[1] / "docs" / "operations.md"
MEMORY = Path("/dev/shm")
SURROUNDINGS = "surroundings"
CLOUDSEAM = (sys.executable, "-c", "from cloudseam_cli.main import main; raise SystemExit(main())")
PATIENCE_SECONDS = 120
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
TERRAFORM_LAYER = {"arm64": "TerraformArm64Layer", "x86_64": "TerraformX86Layer"}[ARCHITECTURE]
# Lambda has the bin/ of layers on the PATH. The emulator has not, and drops the mode of what it
# unpacks; this makes up for both. No other Terraform is found, as none is in Lambda.
TERRAFORM_OF_A_LAYER = """#!/bin/sh
IFS=:
for layer in $_LAMBDA_LAYERS_DIRS; do
  program=$layer/bin/terraform
  [ -f "$program" ] && chmod u+x "$program" && exec "$program" "$@"
done
echo "no layer has bin/terraform" >&2
exit 127
"""


def has_terraform() -> bool:
    """Whether Terraform was built into the layer for this computer."""
    return (BUILT_TEMPLATE.parent / TERRAFORM_LAYER / "bin" / "terraform").exists()


def with_terraform() -> dict[str, str]:
    """The parameter of a deployment that has it, where it was built. Unpacking it takes seconds."""
    return {"TerraformLayer": "built"} if has_terraform() else {}


@dataclass(frozen=True)
class Cloud:
    """An embedded AWS with what a deployment needs around it."""

    aws: EmbeddedAws
    sam: Sam
    folder: Path

    @cached_property
    def packaged(self) -> Path:
        """The built template with its code uploaded, once: packing takes longer than deploying."""
        template = self.folder / "packaged.yaml"
        self.sam.package(template)
        return template

    def client(self, service: str) -> Any:
        """A client with the rights of the account's root."""
        return emulator_client(service, self.aws.url)

    def outputs(self, stack: str) -> dict[str, str]:
        """What a deployment tells people."""
        [found] = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}

    def create(self, stack: str, template: Path) -> dict[str, str]:
        """Deploys a template of a test's own; its outputs."""
        formation = self.client("cloudformation")
        formation.create_stack(
            StackName=stack, TemplateBody=template.read_text(), Capabilities=["CAPABILITY_IAM"]
        )
        waiter = formation.get_waiter("stack_create_complete")
        waiter.wait(StackName=stack, WaiterConfig={"Delay": 1})
        return self.outputs(stack)

    def log(self, function: str) -> str:
        """All that a function has logged."""
        logs = self.client("logs").get_paginator("filter_log_events")
        pages = logs.paginate(logGroupName=f"/aws/lambda/{function}")
        return "\n".join(event["message"] for page in pages for event in page["events"])

    def key(self) -> str:
        """The ARN of a new key, with the policy that docs/operations.md gives."""
        section = OPERATIONS.read_text().partition("### Keys of your own")[2]
        policy = section.partition("```json\n")[2].partition("```")[0]
        told = policy.replace("ACCOUNT", ACCOUNT).replace("REGION", REGION)
        return str(self.client("kms").create_key(Policy=told)["KeyMetadata"]["Arn"])

    def surround(self) -> None:
        """Makes the functions, modules and rights that deployments are given."""
        bucket = self.create(SURROUNDINGS, HERE / f"{SURROUNDINGS}.yaml")["Modules"]
        for file in MODULES.iterdir():
            self.client("s3").put_object(
                Bucket=bucket, Key=f"network/{file.name}", Body=file.read_bytes()
            )


@contextmanager
def local_cloud(runtime_python: str) -> Iterator[Cloud]:
    """An AWS that enforces IAM, with functions for tasks, modules and rights in it.

    Each environment of a function has some 2,000 files, which are kept in memory where they can.
    """
    memory = MEMORY if MEMORY.is_dir() else None
    with (
        TemporaryDirectory() as folder,
        programs_of_layers() as path,
        patch.dict(os.environ, PATH=path),
        EmbeddedAws(0, python=FOLDER / "python", enforces_iam=True, temporary=memory) as aws,
    ):
        cloud = Cloud(aws, Sam(aws, runtime_python), Path(folder))
        cloud.surround()
        yield cloud


def run_cloudseam(
    environment: Mapping[str, str], arguments: Sequence[str], folder: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """A command of `cloudseam`, ended. Its environment is ours, without AWS's, and this."""
    return subprocess.run(
        [*CLOUDSEAM, *arguments],
        cwd=folder,
        env=clean_environment() | dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def programs_of_layers() -> Iterator[str]:
    """A PATH on which Terraform is that of a function's layers."""
    with TemporaryDirectory() as folder:
        program = Path(folder, "terraform")
        program.write_text(TERRAFORM_OF_A_LAYER)
        program.chmod(0o755)
        yield os.pathsep.join([folder, os.environ["PATH"]])


@dataclass
class Installation:
    """One deployment. `stacks` is its store, for looking only."""

    cloud: Cloud
    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    in_postgres: StackRepository | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    def deploy(self, template: Path | None = None, **parameters: str) -> None:
        """Creates it, or updates it with other parameters: as packaged, or another template."""
        around = self.cloud.outputs(SURROUNDINGS)
        given = {
            "TaskFunctionArns": f"{around['Greet']},{around['Gated']}",
            "TerraformPolicyArn": around["MayReadModules"],
            "TerraformStateBucket": around["TerraformStates"],
            "TransitionBus": around["TransitionBus"],
            "Architecture": ARCHITECTURE,
            "ContainerTasks": "true",
            "TaskTimeout": "60",
            "MaxReceiveCount": "4",
        }
        self.parameters = given | dict(self.parameters) | parameters
        self.cloud.sam.deploy(self.name, self.parameters, template or self.cloud.packaged)
        self.outputs = self.cloud.outputs(self.name)
        self._check_code()

    def _check_code(self) -> None:
        """The emulator takes a function whose code is not in the bucket, and runs nothing."""
        functions = self.cloud.client("lambda").list_functions()["Functions"]
        own = [each for each in functions if each["FunctionName"].startswith(f"{self.name}-")]
        assert own
        assert all(each["CodeSize"] for each in own), f"{self.name} has functions without code."

    def put_machine(self, name: str, text: str | None = None) -> None:
        """Uploads a machine: this text, or the file of this folder."""
        text = text or (MACHINES / f"{name}.yml").read_text()
        modules = self.cloud.outputs(SURROUNDINGS)["Modules"]
        self.cloud.client("s3").put_object(
            Bucket=self.outputs["MachineBucket"],
            Key=f"machines/{name}.yml",
            Body=text.replace("MODULES", modules).encode(),
        )

    def put_machines(self) -> None:
        """Uploads all machines of this folder."""
        for path in MACHINES.glob("*.yml"):
            self.put_machine(path.stem)

    def send(self, stack: str, event: str, **fields: Any) -> None:
        """Sends an event."""
        self.send_text(json.dumps({"stackId": stack, "event": event, **fields}))

    def send_text(self, body: str, queue: str = "EventQueueUrl") -> None:
        """Sends any message to a queue."""
        self.cloud.client("sqs").send_message(QueueUrl=self.outputs[queue], MessageBody=body)

    @property
    def stacks(self) -> StackRepository:
        """The stacks as they are kept."""
        return self.in_postgres or DynamoDBStackRepository(
            self.cloud.client("dynamodb"), self.outputs["StackTable"]
        )

    def stack(self, name: str) -> Stack | None:
        """A stack as it is kept, even if only its tombstone is left."""
        return self.stacks.load([name]).stacks.get(name)

    def reaches(self, name: str, state: str) -> bool:
        """Whether a stack comes to a state and has all its tasks done there, in good time."""

        def rests() -> bool:
            stack = self.stack(name)
            return stack is not None and stack.state == state and stack.is_satisfied

        return wait_until(rests, PATIENCE_SECONDS, pause=0.2)

    def comes_to(self, name: str, state: str) -> bool:
        """Whether a stack comes to a state, in good time, whatever becomes of its tasks there."""

        def is_there() -> bool:
            stack = self.stack(name)
            return stack is not None and stack.state == state

        return wait_until(is_there, PATIENCE_SECONDS, pause=0.2)

    def ends(self, name: str) -> bool:
        """Whether a stack comes to its end, in good time."""

        def has_ended() -> bool:
            stack = self.stack(name)
            return stack is not None and stack.is_removed

        return wait_until(has_ended, PATIENCE_SECONDS, pause=0.2)

    def has_failed(self, name: str) -> bool:
        """Whether a task of a stack has failed."""
        stack = self.stack(name)
        return stack is not None and any(task.status is TaskStatus.ERROR for task in stack.tasks)

    def letters(self, queue: str) -> int:
        """How many messages are on a dead-letter queue."""
        told = self.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs[queue], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(told["Attributes"]["ApproximateNumberOfMessages"])

    def has_letters(self, queue: str, more_than: int = 0) -> bool:
        """Whether so many messages come onto a dead-letter queue, in good time."""
        return wait_until(lambda: self.letters(queue) > more_than, PATIENCE_SECONDS, pause=0.2)

    def cloudseam(self, *arguments: str) -> str:
        """What a command of `cloudseam` prints, told of this deployment by its environment."""
        ended = run_cloudseam(self.settings, arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def log(self, function: str) -> str:
        """All that one of its functions has logged."""
        return self.cloud.log(f"{self.name}-{function}")

    @property
    def settings(self) -> dict[str, str]:
        """The variables that tell AWS clients and `cloudseam` of this deployment."""
        if self.in_postgres:
            store = {"POSTGRES_CONNECTION_SECRET": self.parameters["PostgresSecretArn"]}
        else:
            store = {
                "DYNAMODB_TABLE": self.outputs["StackTable"],
                "DYNAMODB_CLAIMS_TABLE": self.outputs["ClaimTable"],
            }
        return {
            **self.cloud.aws.environment,
            **store,
            "SQS_EVENT_QUEUE_URL": self.outputs["EventQueueUrl"],
            "SQS_EVENT_DLQ_URL": self.outputs["EventDeadLetterQueueUrl"],
            "SQS_TASK_QUEUE_URL": self.outputs["TaskQueueUrl"],
            "SQS_TASK_DLQ_URL": self.outputs["TaskDeadLetterQueueUrl"],
            "MACHINE_LOCATOR": "S3",
            "MACHINE_S3_BUCKET": self.outputs["MachineBucket"],
            "MACHINE_S3_KEY": "machines/",
        }


@contextmanager
def in_database(cloud: Cloud, name: str, credentials: Credentials) -> Iterator[Installation]:
    """An installation that is told of a database by a secret."""
    parts = ("username", "password", "host", "dbname", "port")
    secret = cloud.client("secretsmanager").create_secret(
        Name=name,
        SecretString=json.dumps({part: getattr(credentials, part) for part in parts}),
    )
    with closing(PostgresConnection(FixedCredentials(credentials))) as connection:
        yield Installation(
            cloud,
            name,
            {"PostgresSecretArn": secret["ARN"]},
            in_postgres=PostgresStackRepository(connection),
        )
