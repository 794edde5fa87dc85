"""Queues, a store, a machine and a function of a run's own, on the embedded AWS."""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from cloudseam.persistence import StackRepository
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import Credentials, FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.stack import Stack
from tests.postgres import PostgresServer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FUNCTION = "chaos-work"
# Seconds. As short as can be, so that what a killed process had comes back soon: an event while the
# tasks that it asked for still run, so that their messages are sent twice.
VISIBILITY = {"EVENT_QUEUE": 2, "TASK_QUEUE": 4, "EVENT_DLQ": 30, "TASK_DLQ": 30}
LEASE = 10
LOST_AFTER = 60
# At most ten entries per batch (SQS API reference, SendMessageBatch).
BATCH = 10
COUNTS = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]

_numbers = count(1)


@dataclass(frozen=True)
class Installation:
    """What the processes of a run work with, and how to look at it from outside."""

    store: str
    folder: Path
    settings: Mapping[str, str]
    repository: StackRepository
    sqs: Any

    @property
    def journal(self) -> Path:
        """Where the function notes its invocations."""
        return self.folder / "journal.jsonl"

    def send(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Puts messages on the event queue."""
        for start in range(0, len(bodies), BATCH):
            entries = [
                {"Id": str(number), "MessageBody": json.dumps(body)}
                for number, body in enumerate(bodies[start : start + BATCH])
            ]
            answer = self.sqs.send_message_batch(
                QueueUrl=self.settings["SQS_EVENT_QUEUE_URL"], Entries=entries
            )
            assert not answer.get("Failed"), answer["Failed"]

    def stacks(self, ids: Sequence[str]) -> Mapping[str, Stack]:
        """The stacks as they are stored."""
        loaded = self.repository.load(ids)
        for error in loaded.failures.values():
            raise error
        return loaded.stacks

    def waiting(self, queue: str) -> int:
        """Messages on a queue: visible, in flight and delayed."""
        told = self.sqs.get_queue_attributes(
            QueueUrl=self.settings[f"SQS_{queue}_URL"], AttributeNames=COUNTS
        )["Attributes"]
        return sum(int(told[name]) for name in COUNTS)

    def letters(self, queue: str) -> Iterator[Mapping[str, Any]]:
        """Takes all that is on a dead-letter queue."""
        url = self.settings[f"SQS_{queue}_URL"]
        receive = partial(
            self.sqs.receive_message,
            QueueUrl=url,
            MaxNumberOfMessages=BATCH,
            MessageAttributeNames=["All"],
        )
        while letters := receive().get("Messages"):
            for letter in letters:
                yield letter
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])


@contextmanager
def installed(store: str, folder: Path, server: PostgresServer | None) -> Iterator[Installation]:
    """A new installation: on a PostgreSQL server if there is one, and otherwise on DynamoDB.

    The environment names the embedded AWS.
    """
    name = f"chaos-{next(_numbers)}-{store}"
    folder.mkdir(parents=True)
    sqs = boto3.client("sqs")
    settings = {
        f"SQS_{queue}_URL": _queue(sqs, f"{name}-{queue}", visibility)
        for queue, visibility in VISIBILITY.items()
    }
    _deploy(f"{name}-work", folder / "journal.jsonl")
    settings |= {
        "MACHINE_LOCATOR": "LOCAL_FS",
        "MACHINE_SPEC_DIR": str(_machines(folder / "machines", f"{name}-work")),
        "TASK_LEASE": str(LEASE),
        "TASK_LOST_AFTER": str(LOST_AFTER),
        "HISTORY": "full",
    }
    if server is None:
        repository = DynamoDBStackRepository(_table(name), name)
        settings["DYNAMODB_TABLE"] = name
        yield Installation(store, folder, settings, repository, sqs)
        return
    user = server.over_tcp(server.new_user())
    settings["POSTGRES_CONNECTION_SECRET"] = _secret(name, user)
    with closing(PostgresConnection(FixedCredentials(user))) as connection:
        yield Installation(store, folder, settings, PostgresStackRepository(connection), sqs)


def _queue(sqs: Any, name: str, visibility: int) -> str:
    attributes = {"VisibilityTimeout": str(visibility)}
    return str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def _table(name: str) -> Any:
    """A client of DynamoDB, where there is a new table of that name."""
    client = boto3.client("dynamodb")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def _secret(name: str, user: Credentials) -> str:
    """The name of a secret with the way into a schema of the run's own."""
    parts = ("username", "password", "host", "dbname", "port")
    text = json.dumps({part: getattr(user, part) for part in parts})
    boto3.client("secretsmanager").create_secret(Name=name, SecretString=text)
    return name


def _machines(folder: Path, function: str) -> Path:
    """The machines, with the run's own function in the place of the one they name."""
    folder.mkdir()
    for machine in (HERE / "machines").glob("*.yml"):
        text = machine.read_text().replace(f"name: {FUNCTION}", f"name: {function}")
        (folder / machine.name).write_text(text)
    return folder


def _deploy(function: str, journal: Path) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.write(HERE / "work.py", "work.py")
    boto3.client("lambda", config=Config(read_timeout=30)).create_function(
        FunctionName=function,
        Runtime="python3.13",
        Handler="work.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"JOURNAL": str(journal)}},
        Timeout=30,
    )
