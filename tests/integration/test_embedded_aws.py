"""The embedded AWS: the services CloudSeam needs, on loopback only, and nothing left behind."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloudseam_cli import embedded_aws
from cloudseam_cli.embedded_aws import (
    EmbeddedAws,
    EmbeddedAwsError,
    EmulatorMissingError,
    PortTakenError,
)
from tests.emulator import in_environment_of
from tests.processes import command_line, group, wait_until

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

SOCKETS = Path("/proc/net/tcp")
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(0) as aws:
        yield aws


@pytest.fixture
def use(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has clients made by name talk to it, by its environment alone."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def sqs(use: None) -> "SQSClient":
    return boto3.client("sqs")


@pytest.fixture
def dynamodb(use: None) -> "DynamoDBClient":
    return boto3.client("dynamodb")


def a_queue(sqs: "SQSClient", name: str, **attributes: str) -> str:
    return sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(sqs: "SQSClient") -> None:
    dead = a_queue(sqs, "redrive-dead")
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": "2"}
    queue = a_queue(sqs, "redrive", RedrivePolicy=json.dumps(policy))
    sqs.send_message(QueueUrl=queue, MessageBody="again and again")

    counts = []
    while messages := _received(sqs, queue):
        counts.append(messages[0]["Attributes"]["ApproximateReceiveCount"])
        sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=messages[0]["ReceiptHandle"], VisibilityTimeout=0
        )

    assert counts == ["1", "2"]
    assert [message["Body"] for message in _received(sqs, dead)] == ["again and again"]


def _received(sqs: "SQSClient", queue: str) -> list[Any]:
    answer = sqs.receive_message(QueueUrl=queue, MessageSystemAttributeNames=["All"])
    return list(answer.get("Messages", []))


def test_a_long_poll_ends_as_soon_as_a_message_is_there(sqs: "SQSClient") -> None:
    queue = a_queue(sqs, "long-poll")
    sqs.send_message(QueueUrl=queue, MessageBody="late", DelaySeconds=1)

    answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)

    assert [message["Body"] for message in answer["Messages"]] == ["late"]


def test_a_conditional_put_is_refused_and_a_batch_read_is_consistent(
    dynamodb: "DynamoDBClient",
) -> None:
    dynamodb.create_table(
        TableName="versions",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put: dict[str, Any] = {
        "TableName": "versions",
        "Item": {"id": {"S": "a"}, "version": {"N": "1"}},
        "ConditionExpression": "attribute_not_exists(version)",
    }
    dynamodb.put_item(**put)

    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(**put)

    keys = [{"id": {"S": "a"}}, {"id": {"S": "b"}}]
    read = dynamodb.batch_get_item(
        RequestItems={"versions": {"Keys": keys, "ConsistentRead": True}}
    )
    assert read["Responses"]["versions"] == [put["Item"]]


def test_what_is_put_into_a_bucket_comes_back(use: None) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a/b", Body=b"content")

    assert s3.get_object(Bucket="kept", Key="a/b")["Body"].read() == b"content"


def test_a_role_may_do_what_it_allows_and_no_more_where_iam_is_enforced() -> None:
    allowed = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    only_tls = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    with EmbeddedAws(0, enforces_iam=True) as aws, in_environment_of(aws):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [only_tls]})
        queue = a_queue(boto3.client("sqs"), "guarded", Policy=policy)
        role = boto3.client("iam").create_role(RoleName="sender", AssumeRolePolicyDocument=TRUST)
        boto3.client("iam").put_role_policy(
            RoleName="sender",
            PolicyName="sends",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )
        keys = boto3.client("sts").assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="test")[
            "Credentials"
        ]
        sqs = boto3.client(
            "sqs",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

        sent = sqs.send_message_batch(
            QueueUrl=queue, Entries=[{"Id": "0", "MessageBody": "allowed"}]
        )
        with pytest.raises(ClientError, match="AccessDenied"):
            sqs.receive_message(QueueUrl=queue)

    assert len(sent["Successful"]) == 1


@pytest.mark.skipif(not SOCKETS.exists(), reason="the list of sockets is Linux's")
def test_it_listens_on_the_loopback_address_only(aws: EmbeddedAws) -> None:
    listening = "0A"
    rows = [line.split() for line in SOCKETS.read_text().splitlines()[1:]]
    mine = {row[1] for row in rows if row[3] == listening and row[9] in _inodes(aws.pid)}

    assert mine == {f"0100007F:{aws.port:04X}"}


def _inodes(pid: int | None) -> set[str]:
    """The sockets that a process has open."""
    links = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()]
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def test_none_of_the_users_credentials_or_settings_reach_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-real-one")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("GATEWAY_PORT", "1")

    environment = embedded_aws._emulator_environment(4566, Path("folder"))

    assert environment["AWS_SECRET_ACCESS_KEY"] == "test"
    assert environment["GATEWAY_PORT"] == "4566"
    assert "AWS_PROFILE" not in environment


def test_a_port_that_is_taken_is_named_with_the_way_out(aws: EmbeddedAws) -> None:
    with pytest.raises(PortTakenError, match=rf"Port {aws.port} .*--port"):
        EmbeddedAws(aws.port).start()


def test_a_missing_package_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedded_aws, "find_spec", lambda name: None)

    with pytest.raises(EmulatorMissingError, match=r"make setup.*\.venv/bin/cloudseam"):
        EmbeddedAws(0).start()


def test_an_emulator_that_does_not_start_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        embedded_aws, "_emulator_environment", lambda port, folder: {"GATEWAY_PORT": "no-number"}
    )
    aws = EmbeddedAws(0, log_file=tmp_path / "log" / "aws.log")

    with pytest.raises(EmbeddedAwsError, match="ended at once"):
        aws.start()

    assert not aws.is_running
    assert (tmp_path / "log" / "aws.log").read_text()


def test_stopping_frees_the_port_and_leaves_no_process_and_no_file() -> None:
    aws = EmbeddedAws(0)
    aws.start()
    pid, folder = aws.pid, aws._folder
    assert pid is not None
    assert folder is not None
    assert group(pid)

    aws.stop()
    aws.stop()

    assert group(pid) == []
    assert not folder.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", aws.port)) != 0


PARENT = """
import io, os, sys, zipfile, boto3
from cloudseam_cli.embedded_aws import EmbeddedAws
aws = EmbeddedAws(0)
aws.start()
os.environ |= aws.environment
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("sleepy.py", "def handler(event, context): return 1")
functions = boto3.client("lambda")
functions.create_function(
    FunctionName="sleepy", Role="arn:aws:iam::000000000000:role/any", Handler="sleepy.handler",
    Runtime="python%d.%d" % sys.version_info[:2], Code={"ZipFile": code.getvalue()})
functions.invoke(FunctionName="sleepy", Payload=b"{}")
print(aws.pid, aws._folder, flush=True)
sys.stdin.read()
"""


def test_it_and_its_functions_end_when_the_parent_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid, folder = parent.stdout.readline().split()
    assert any("_worker" in command_line(member) for member in group(int(pid)))

    parent.send_signal(signal.SIGKILL)
    parent.communicate()

    assert wait_until(lambda: not group(int(pid)))
    assert wait_until(lambda: not Path(folder).exists())
