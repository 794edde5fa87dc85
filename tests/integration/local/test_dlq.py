"""`cloudseam dlq` on the emulator: letters are looked at, and redriven twice without harm."""

import json
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from cloudseam.clock import SystemClock
from cloudseam.dead_letters import DeadLetters
from cloudseam.delivery import Delivery
from cloudseam.locators.folder import FolderMachineLocator
from cloudseam.messages import task_message
from cloudseam.outbox import Outbox
from cloudseam.outcome import Fate
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.queues.sqs import SqsQueue
from cloudseam.service import StackService
from cloudseam.stack import Stack
from cloudseam.step import RunTask
from cloudseam.task_spec import TaskSpec
from cloudseam.timers import NoTimers
from cloudseam_cli.dead_letters.dead_letter_queue import DeadLetterQueue
from cloudseam_cli.dead_letters.letter import Letter
from cloudseam_cli.embedded_aws import EmbeddedAws
from cloudseam_cli.local.client import emulator_client
from cloudseam_cli.main import main
from cloudseam_cli.stack_store import store_of
from cloudseam_cli.target import Target
from tests.builders import an_event_body

_numbers = count(1)

pytestmark = pytest.mark.once
MACHINE = """
version: 1
events: [LAUNCH, NOTE, DESTROY]
states:
  INIT: {on: {LAUNCH: [{action: advance, state: PROVISION}]}}
  PROVISION: {tasks: [net], on: {NEXT: [{action: advance, state: RUN}]}}
  RUN: {on: {NOTE: [{action: no-op}], DESTROY: [{action: advance, state: END}]}}
  END: {terminal: true}
tasks: {net: {executor: lambda, config: {name: net}}}
"""


@dataclass
class Installation:
    """Queues and a table of its own on the emulator, and the service over them."""

    aws: EmbeddedAws
    machines: Path
    urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sqs = emulator_client("sqs", self.aws.url)
        self.number = next(_numbers)
        for name in ("events", "events-dead", "tasks", "tasks-dead"):
            queue = self.sqs.create_queue(QueueName=f"dlq-{self.number}-{name}")
            self.urls[name] = queue["QueueUrl"]
        self.table = f"DlqStacks{self.number}"
        emulator_client("dynamodb", self.aws.url).create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.store = store_of(Target(self.aws.url, None, self.table))
        locator = FolderMachineLocator(self.machines)
        self.service = StackService(
            self.store.stacks,
            PinnedMachines(locator, self.store.versions),
            Outbox(SqsQueue(self.sqs, self.urls["tasks"]), NoTimers()),
            SystemClock(),
        )

    def environ(self) -> dict[str, str]:
        """What names it to a command."""
        return {
            "SQS_EVENT_QUEUE_URL": self.urls["events"],
            "SQS_EVENT_DLQ_URL": self.urls["events-dead"],
            "SQS_TASK_QUEUE_URL": self.urls["tasks"],
            "SQS_TASK_DLQ_URL": self.urls["tasks-dead"],
            "DYNAMODB_TABLE": self.table,
        }

    def send(self, body: dict[str, Any] | str) -> None:
        """An event that somebody sends."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.sqs.send_message(QueueUrl=self.urls["events"], MessageBody=text)

    def work(self) -> list[str]:
        """Handles all events there are, each on its last receive; the fate of each."""
        letters = DeadLetters(SqsQueue(self.sqs, self.urls["events-dead"]), None, 1)
        fates = []
        while found := self.take("events"):
            deliveries = [Delivery(each["MessageId"], each["Body"], 1) for each in found]
            outcomes = letters.settle(self.service.handle_batch(deliveries))
            for outcome in outcomes:
                done = outcome.fate is Fate.DONE
                fates.append(str(outcome.verdict) if done else outcome.fate.value)
        return fates

    def take(self, name: str) -> list[dict[str, Any]]:
        """Takes up to ten messages off a queue."""
        url = self.urls[name]
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for each in found:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return list(found)

    def count(self, name: str, what: str = "ApproximateNumberOfMessages") -> int:
        """How many messages are on a queue, visible unless told otherwise."""
        answer = self.sqs.get_queue_attributes(QueueUrl=self.urls[name], AttributeNames=[what])
        return int(answer["Attributes"][what])

    def stack(self, stack_id: str = "s") -> Stack:
        """A stack as it is stored."""
        return self.store.stacks.load([stack_id]).stacks[stack_id]

    def dead_task(self, stack: Stack, token: str) -> None:
        """Puts the message of an attempt onto the dead-letter queue of tasks."""
        run = RunTask(TaskSpec("net", "lambda", {"name": "net"}), token, stack.epoch, 1)
        self.sqs.send_message(
            QueueUrl=self.urls["tasks-dead"], MessageBody=task_message(stack, run)
        )


@pytest.fixture
def there(emulator: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    (tmp_path / "machines").mkdir()
    (tmp_path / "machines" / "life.yml").write_text(MACHINE)
    there = Installation(emulator, tmp_path / "machines")
    monkeypatch.chdir(tmp_path)
    for name, value in there.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MACHINE_LOCATOR", raising=False)
    return there


def dlq(there: Installation, *arguments: str) -> int:
    where = ["--endpoint-url", there.aws.url, "--machines", str(there.machines)]
    return main(["dlq", *arguments, *where])


def listed(there: Installation, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert dlq(there, "list", "--json") == 0
    known: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return known


def launched(there: Installation) -> Stack:
    """A stack in RUN, and the letter of a NOTE that came too early, without an id of its own."""
    there.send(an_event_body("LAUNCH", machine="life", eventId="launch"))
    assert there.work() == ["APPLIED"]
    there.send(an_event_body("NOTE", metadata={"password": "secret-1"}))
    assert there.work() == ["DEAD_LETTERED"]
    (task,) = there.take("tasks")
    answer = {"event": "TASK_COMPLETED", "stackId": "s", "task": json.loads(task["Body"])["task"]}
    there.send(answer)
    assert there.work() == ["APPLIED"]
    return there.stack()


def test_letters_are_redriven_once_however_often_it_is_done(
    there: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = launched(there)
    there.dead_task(stack, "of-an-attempt-that-is-over")
    there.sqs.send_message(QueueUrl=there.urls["events-dead"], MessageBody="not json")

    known = {each["now"].partition(":")[0]: each for each in listed(there, capsys)}
    assert set(known) == {"would be applied in state RUN", "cannot work", "no effect"}
    note = known["would be applied in state RUN"]
    assert (note["stack"], note["event"], note["queue"]) == ("s", "NOTE", "event")
    assert "not available" in note["reason"]
    assert there.count("events-dead") == 2, "a look takes nothing away, and hides nothing"

    def crash(self: DeadLetterQueue, letters: list[Letter]) -> set[str]:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(DeadLetterQueue, "remove", crash)
        assert dlq(there, "redrive", note["id"]) == 130
    assert there.count("events-dead") == 2, "given back"
    assert dlq(there, "redrive", "--all") == 1  # what is not JSON is left
    said = capsys.readouterr().out
    assert f"{note['id']}  sent" in said
    assert "left" in said

    assert sorted(there.work()) == ["APPLIED", "DUPLICATE"]
    assert there.stack().version == stack.version + 1
    assert there.count("events-dead") == 1
    assert there.count("tasks-dead") == 0
    assert there.count("tasks") == 0, "nobody waits for that attempt: it is not sent"


def test_an_event_that_was_applied_keeps_its_id_so_that_only_what_is_owed_is_sent(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    body = an_event_body("LAUNCH", machine="life", eventId="launch")
    there.send(body)
    there.work()
    there.take("tasks")  # as if the task message had not been sent
    there.sqs.send_message(QueueUrl=there.urls["events-dead"], MessageBody=json.dumps(body))

    (letter,) = listed(there, capsys)
    assert letter["now"] == "was applied before; asks for net"
    before = there.stack()
    assert dlq(there, "redrive", "--all") == 0

    assert there.work() == ["DUPLICATE"]
    assert there.stack() == before
    assert len(there.take("tasks")) == 1


def test_more_letters_than_one_receive_brings_are_redriven_in_their_order(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(23):
        event = an_event_body("LAUNCH", f"stack-{number:02}", machine="life", eventId=f"e-{number}")
        letter = json.dumps(event)
        there.sqs.send_message(QueueUrl=there.urls["events-dead"], MessageBody=letter)

    assert dlq(there, "redrive", "--all", "--dry-run") == 0
    assert there.count("events") == 0
    capsys.readouterr()
    assert dlq(there, "redrive", "--all") == 0

    told = capsys.readouterr()
    assert [line.split()[2] for line in told.out.splitlines()] == [
        f"stack-{number:02}" for number in range(23)
    ]
    assert "23 dead letters: 23 sent." in told.err
    assert there.count("events") == 23
    assert there.count("events-dead") == 0


def test_letters_that_another_reader_holds_are_told_of(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.sqs.send_message(QueueUrl=there.urls["events-dead"], MessageBody="{}")
    there.sqs.receive_message(QueueUrl=there.urls["events-dead"], VisibilityTimeout=60)

    assert dlq(there, "list") == 0

    told = capsys.readouterr()
    assert told.out == ""
    assert "About 1 more are held by another reader" in told.err


def test_a_letter_is_shown_with_sensitive_values_masked(
    there: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    launched(there)
    monkeypatch.setenv("SENSITIVE_METADATA_KEYS", "password")
    (letter,) = listed(there, capsys)

    assert dlq(there, "show", letter["id"]) == 0
    shown = capsys.readouterr().out
    assert dlq(there, "show", "no-such-letter") == 1

    assert "secret-1" not in shown
    assert '"password": "***"' in shown
    assert "receiveCount" in shown
    assert "there is no dead letter no-such-letter" in capsys.readouterr().err
    assert there.count("events-dead") == 1
