"""An installation of the original CloudSeam in the cloud, with stacks and messages in flight."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from cloudseam.persistence.dynamodb.items import item_of
from tests.e2e.installation import HERE, Cloud, Installation, in_database, run_cloudseam
from tests.integration.postgres.tables import ORIGINAL, ORIGINAL_SAVE
from tests.integration.takeover.originals import TIMES, WRITTEN
from tests.postgres import PostgresServer

PAGE = (Path(__file__).parents[2] / "docs" / "migrating.md").read_text()

Row = Mapping[str, Any]


def commands() -> Iterator[list[str]]:
    """The words of each `cloudseam` command of the page, in order."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in "".join(blocks).replace("\\\n", "").splitlines():
        if line.startswith("cloudseam "):
            yield shlex.split(line)[1:]


CHECK, REHEARSE, ADOPT, MOVE, LIST, _RELEASE, ADOPT_ONE, REDRIVE = commands()


@dataclass(frozen=True)
class Original:
    """Its queues and its store, and the deployment beside it.

    `save` writes a row as it does. `secret` names its database, empty for its table in DynamoDB.
    """

    cloud: Cloud
    outputs: Mapping[str, str]
    successor: Installation
    save: Callable[[Row], object]
    secret: str = ""

    def run(
        self, command: Sequence[str], stack: str = "", **environment: str
    ) -> "CompletedProcess[str]":
        """A command of the page, for this installation, by a person who is told of no other."""
        words = {
            "OLD-EVENTS": self.outputs["Events"],
            "OLD-TASKS": self.outputs["Tasks"],
            "NEW-EVENTS": self.successor.outputs.get("EventQueueUrl", ""),
            "Stacks": self.outputs["Stacks"],
            "ID": stack,
        }
        given = [words.get(word, word) for word in command]
        if self.secret:
            environment["POSTGRES_CONNECTION_SECRET"] = self.secret
            if "--table" in given:
                place = given.index("--table")
                del given[place : place + 2]
        if command in (CHECK, REHEARSE, ADOPT, ADOPT_ONE):
            given += ["--watch", "1"]
        return run_cloudseam({**self.cloud.aws.environment, **environment}, given, HERE)

    def stop(self) -> None:
        """Has its state machine given no more events."""
        functions = self.cloud.client("lambda")
        [mapping] = functions.list_event_source_mappings(FunctionName=self.outputs["StateMachine"])[
            "EventSourceMappings"
        ]
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)

    def ask(self, row: Row) -> None:
        """Sends the tasks of a stack that have not been answered."""
        for task in row["tasks"]:
            if task["status"] == "PENDING":
                asked = {"name": task["name"], "executor": "lambda", "config": {"name": "greet"}}
                self._send("Tasks", {"task": asked, "stack": dict(row)})

    def send(self, stack: str, event: str, **fields: Any) -> None:
        """A producer sends an event."""
        self._send("Events", {"stackId": stack, "event": event, **fields})

    def work(self, most: int) -> int:
        """Has its task satisfier do so many tasks; how many it did. Its answers have no token."""
        queue, sqs = self.outputs["Tasks"], self.cloud.client("sqs")
        for done in range(most):
            found = sqs.receive_message(QueueUrl=queue).get("Messages")
            if not found:
                return done
            body = json.loads(found[0]["Body"])
            self.send(body["stack"]["id"], "TASK_COMPLETED", task={"name": body["task"]["name"]})
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=found[0]["ReceiptHandle"])
        return most

    def waiting(self) -> int:
        """How many messages are on its queues, in flight or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        sqs = self.cloud.client("sqs")
        told = [
            sqs.get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=names)
            for queue in ("Events", "Tasks")
        ]
        return sum(int(each["Attributes"][name]) for each in told for name in names)

    def _send(self, queue: str, body: Mapping[str, Any]) -> None:
        self.cloud.client("sqs").send_message(
            QueueUrl=self.outputs[queue], MessageBody=json.dumps(body)
        )


@contextmanager
def original_on_dynamodb(cloud: Cloud) -> Iterator[Original]:
    """It keeps its stacks in a table; ours is deployed beside it."""
    outputs = cloud.create("original", HERE / "original.yaml")
    successor = Installation(cloud, "after-table", {"ExistingTable": outputs["Stacks"]})

    def save(row: Row) -> None:
        client = cloud.client("dynamodb")
        client.put_item(TableName=outputs["Stacks"], Item=item_of(row))

    yield Original(cloud, outputs, successor, save)


@contextmanager
def original_on_postgres(cloud: Cloud, server: PostgresServer) -> Iterator[Original]:
    """It keeps its stacks in a database; ours is deployed beside it."""
    outputs = cloud.create("original-postgres", HERE / "original.yaml")
    user = server.new_user()
    with (
        closing(server.connect(user)) as beside,
        in_database(cloud, "after-database", server.over_tcp(user)) as successor,
    ):
        beside.run(ORIGINAL)

        def save(row: Row) -> None:
            kept = {name: value for name, value in row.items() if name not in TIMES}
            beside.run(ORIGINAL_SAVE, id=row["id"], data=json.dumps(kept), now=WRITTEN)

        yield Original(
            cloud, outputs, successor, save, secret=successor.parameters["PostgresSecretArn"]
        )
