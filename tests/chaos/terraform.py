"""Kills satisfiers in the middle of real Terraform runs, and looks what the next one makes of it.

    python -m tests.chaos.terraform --kills 50 --seed 1

States and their locks are in S3 and claims in DynamoDB, on the embedded AWS. Each kill is one
stack with one task, every third of them a destroy. The satisfier that has it is killed (SIGKILL)
at its own moment of the run; then another one gets the message again, with a clock that is so far
ahead that the claim has run out. Prints a line per kill, and ends with 1 if anything was wrong.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from cloudseam.clock import SystemClock
from cloudseam.languages import load_machine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.persistence.dynamodb.claims import DynamoDBClaimRepository
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.step import Verdict
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.emulator import in_environment_of
from tests.processes import wait_until, working_in
from tests.world import World

ROOT = Path(__file__).parents[2]
PARTS = 8
# Longer than a claim holds without being renewed (TASK_LEASE).
AHEAD_MS = 301_000
# Seconds for the kernel to kill Terraform.
KILLED_WITHIN = 2
STARTED = "Task started"
BROKEN = "is of a task that died"
MODULE = f"""
variable "stack_id" {{}}
variable "marks" {{}}
resource "terraform_data" "part" {{
  count = {PARTS}
  input = "part ${{count.index}}"
  provisioner "local-exec" {{
    command     = "sleep 0.$PART; echo made >> \\"$MARKS/$PART\\""
    environment = {{ MARKS = var.marks, PART = count.index }}
  }}
  provisioner "local-exec" {{
    when    = destroy
    command = "sleep 0.${{count.index}}"
  }}
}}
resource "terraform_data" "whole" {{
  input = [for part in terraform_data.part : part.output]
  provisioner "local-exec" {{
    command = "sleep 0.3"
  }}
}}
"""
MACHINE = """
version: 1
events: [LAUNCH]
states:
  INIT: {on: {LAUNCH: [{action: advance, state: CHANGE}]}}
  CHANGE: {tasks: [change], on: {NEXT: [{action: advance, state: DONE}]}}
  DONE: {on: {LAUNCH: [{action: advance, state: GONE}]}}
  GONE: {terminal: true}
tasks:
  change: {executor: terraform, config: %s}
"""


@dataclass
class Kill:
    """One kill, and what was seen of it. `phase` says what the satisfier was doing."""

    number: int
    action: str
    after: float
    phase: str = ""
    was_locked: bool = False
    broken: bool = False
    outside: int = 0
    lived_on: int = 0
    seconds: float = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.number:3}  {self.action:7}  {self.after:5.2f} s  {self.phase:18}  "
            f"{'lock broken' if self.broken else '-':11}  {self.outside} outside  "
            f"{self.lived_on} lived on  {self.seconds:4.1f} s  {'; '.join(self.wrong) or 'right'}"
        )


class Range:
    """Where the killing is done: tables, queues and buckets of its own on an embedded AWS."""

    def __init__(self, folder: Path, name: str = "kills") -> None:
        self._folder = folder
        self._bucket = self._table = name
        self._s3, self._sqs = boto3.client("s3"), boto3.client("sqs")
        dynamodb = boto3.client("dynamodb")
        self._s3.create_bucket(Bucket=name)
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self._answers = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        self._claims = DynamoDBClaimRepository(dynamodb, name)
        module = folder / "module"
        module.mkdir(parents=True)
        (module / "main.tf").write_text(MODULE)
        source = {"type": "local", "location": str(module)}
        machines = [
            load_machine(
                action,
                (MACHINE % json.dumps({"source": source, "action": action, "state": "s"})).encode(),
                f"{action}.yml",
            )
            for action in ("apply", "destroy")
        ]
        self._world = World(
            DynamoDBStackRepository(dynamodb, name), InMemoryMachineLocator(machines), SystemClock()
        )
        self._twin_state = b""
        self._twins: dict[str, list[Any]] = {}
        self._lasts: dict[str, float] = {}

    def rehearse(self) -> Mapping[str, float]:
        """An apply and a destroy that nobody disturbs: what has to come of each, and its seconds
        from the task's start to the end."""
        for action in ("apply", "destroy"):
            stack_id = f"twin-{action}"
            body = self._asked(stack_id, action)
            with self._satisfier(stack_id, "twin", body) as twin:
                twin.wait_for_start()
                started = time.monotonic()
                twin.wait()
                self._lasts[action] = time.monotonic() - started
            assert self._verdicts() == [Verdict.APPLIED], twin.log
            if action == "apply":
                self._twin_state = self._object(f"apply/{stack_id}/s") or b""
            self._twins[action] = self._resources(action, stack_id)
        assert len(self._twins["apply"]) == PARTS + 1
        assert not self._twins["destroy"]
        return self._lasts

    def kill(self, number: int, action: str, part: float) -> Kill:
        """Kills a satisfier when that part of its run is over, and has another one go on."""
        kill = Kill(number, action, part * self._lasts[action])
        began = time.monotonic()
        stack_id = f"kill-{number}"
        body = self._asked(stack_id, action)
        with self._satisfier(stack_id, "first", body) as first:
            first.wait_for_start()
            time.sleep(kill.after)
            first.kill()
        self._look(kill, stack_id, first)
        if number % 5 == 0 and kill.phase != "ended":
            self._ensure_kept_away(kill, stack_id, body)
        answers = self._verdicts() if number % 2 else []
        with self._satisfier(stack_id, "second", body, receives=2, ahead=AHEAD_MS) as second:
            became = second.wait()
        kill.broken = BROKEN in second.log
        self._judge(kill, stack_id, became, second.log, [*answers, *self._verdicts()])
        kill.seconds = time.monotonic() - began
        return kill

    def _look(self, kill: Kill, stack_id: str, first: "Satisfier") -> None:
        """What the killed one left behind."""
        if not wait_until(lambda: not first.terraforms(), KILLED_WITHIN):
            kill.wrong.append("Terraform outlived its satisfier")
        kill.lived_on = len(working_in(first.folder))
        wait_until(lambda: not working_in(first.folder), 10)
        self._lock = self._object(f"{kill.action}/{stack_id}/s.tflock")
        kill.was_locked = self._lock is not None
        kill.phase = _phase(first, kill.was_locked)
        made = len(list((self._marks(stack_id)).iterdir()))
        if kill.action == "apply":
            parts = [one for one in self._resources("apply", stack_id) if one[1] == "part"]
            kill.outside = made - len(parts)

    def _ensure_kept_away(self, kill: Kill, stack_id: str, body: str) -> None:
        """As long as the claim holds, the message that comes again changes nothing."""
        with self._satisfier(stack_id, "early", body, receives=2) as early:
            became = early.wait()
        if became.get("error") != "ClaimHeldError":
            kill.wrong.append(f"a second one was let in: {became}")
        if self._object(f"{kill.action}/{stack_id}/s.tflock") != self._lock:
            kill.wrong.append("the lock was touched before the claim ran out")

    def _judge(
        self,
        kill: Kill,
        stack_id: str,
        became: Mapping[str, Any],
        log: str,
        verdicts: Sequence[Verdict | None],
    ) -> None:
        resource = f"resource/terraform/{kill.action}/{stack_id}/s"
        superseded = became.get("ending") == "SUPERSEDED"
        checks = {
            f"it failed: {became}": not became or became.get("error") or became.get("cause"),
            "the state is wrong": self._resources(kill.action, stack_id)
            != self._twins[kill.action],
            "a lock is left": self._object(f"{kill.action}/{stack_id}/s.tflock") is not None,
            "the state is still claimed": not superseded and self._claims.find([resource]),
            f"answers: {verdicts}": verdicts.count(Verdict.APPLIED) != 1,
            "the stack did not advance": self._world.stack(stack_id).state != "DONE",
            "a lock was broken that was none": kill.broken != kill.was_locked,
            "another lock was broken": self._lock and json.loads(self._lock)["ID"] not in log,
            "it was superseded by nobody": superseded and kill.phase != "ended",
        }
        kill.wrong += [told for told, is_wrong in checks.items() if is_wrong]

    def _asked(self, stack_id: str, action: str) -> str:
        """The task message of a new stack. What a destroy is to destroy is there."""
        self._marks(stack_id).mkdir(parents=True)
        if action == "destroy":
            key = f"destroy/{stack_id}/s"
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=self._twin_state)
        self._world.send(
            {
                "stackId": stack_id,
                "event": "LAUNCH",
                "machine": action,
                "metadata": {"marks": str(self._marks(stack_id))},
            }
        )
        return json.dumps(self._world.asked("change", stack_id))

    def _verdicts(self) -> list[Verdict | None]:
        """What the state machine made of the answers since the last look."""
        bodies = []
        while found := self._sqs.receive_message(QueueUrl=self._answers).get("Messages"):
            for message in found:
                bodies.append(message["Body"])
                self._sqs.delete_message(
                    QueueUrl=self._answers, ReceiptHandle=message["ReceiptHandle"]
                )
        return [outcome.verdict for body in bodies for outcome in self._world.send(body)]

    @contextmanager
    def _satisfier(
        self, stack_id: str, name: str, body: str, *, receives: int = 1, ahead: int = 0
    ) -> Iterator["Satisfier"]:
        settings = {
            "SQS_EVENT_QUEUE_URL": self._answers,
            "DYNAMODB_TABLE": self._table,
            "TERRAFORM_STATE_BUCKET": self._bucket,
        }
        satisfier = Satisfier(self._folder / stack_id / name, settings)
        satisfier.start({"body": body, "receives": receives, "ahead": ahead})
        try:
            yield satisfier
        finally:
            satisfier.kill()

    def _marks(self, stack_id: str) -> Path:
        """Where each part that is made leaves a mark."""
        return self._folder / stack_id / "marks"

    def _resources(self, action: str, stack_id: str) -> list[Any]:
        """What a state has, without the ids that are new each time."""
        state = self._object(f"{action}/{stack_id}/s")
        return sorted(
            [item["type"], item["name"], one.get("index_key", 0), one["attributes"]["output"]]
            for item in (json.loads(state)["resources"] if state else [])
            for one in item["instances"]
        )

    def _object(self, key: str) -> bytes | None:
        try:
            return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
                raise
            return None


class Satisfier:
    """A process of `tests.chaos.terraform_victim`, with a temp dir of its own."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self._settings = settings

    def start(self, told: Mapping[str, Any]) -> None:
        """Starts it on a delivery."""
        self.folder.mkdir(parents=True)
        with (self.folder / "log").open("wb") as log, (self.folder / "became").open("wb") as became:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.terraform_victim"],
                cwd=ROOT,
                env={**os.environ, **self._settings, "TMPDIR": str(self.folder)},
                stdin=subprocess.PIPE,
                stdout=became,
                stderr=log,
            )
        assert self._process.stdin
        self._process.stdin.write(json.dumps(told).encode())
        self._process.stdin.close()

    def wait_for_start(self) -> None:
        """Until it has claimed its task."""
        assert wait_until(lambda: STARTED in self.log or self.has_ended, 60), self.log

    def wait(self) -> Mapping[str, Any]:
        """What became of the delivery, once that is known."""
        self._process.wait(120)
        became: Mapping[str, Any] = json.loads((self.folder / "became").read_text() or "{}")
        return became

    def kill(self) -> None:
        """Kills it, and it alone."""
        self._process.kill()
        self._process.wait()

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by itself, or is killed."""
        return self._process.poll() is not None

    @property
    def ended_well(self) -> bool:
        """Whether it has said what became of the delivery."""
        return bool((self.folder / "became").read_text())

    @property
    def log(self) -> str:
        """All that it logged."""
        return (self.folder / "log").read_text(errors="replace")

    def terraforms(self) -> Sequence[int]:
        """Its Terraform processes that run."""
        return [pid for pid, program in working_in(self.folder) if program == "terraform"]


def _phase(satisfier: Satisfier, locked: bool) -> str:
    log = satisfier.log
    if satisfier.ended_well:
        return "ended"
    if "State: " not in log:
        return "before init"
    if "successfully initialized" not in log:
        return "init"
    if "complete! Resources" in log:
        return "outputs and answer"
    if not locked:
        return "before the lock"
    return "changing" if "Creating..." in log or "Destroying..." in log else "planning"


def run(kills: int, seed: int, folder: Path) -> Iterator[Kill]:
    """Kills that many satisfiers, at moments spread over all of a run and then some."""
    here, chance = Range(folder), random.Random(seed)
    here.rehearse()
    parts = [(number + chance.random()) / kills * 1.1 for number in range(kills)]
    chance.shuffle(parts)
    for number, part in enumerate(parts):
        yield here.kill(number, "destroy" if number % 3 == 2 else "apply", part)


def summary(kills: Sequence[Kill], seconds: float) -> str:
    """What was seen in all."""
    phases = Counter(kill.phase for kill in kills)
    return "\n".join(
        [
            f"{len(kills)} kills in {seconds:.0f} s, {sum(bool(one.wrong) for one in kills)} wrong",
            f"in: {', '.join(f'{phase} {count}' for phase, count in phases.most_common())}",
            f"locks left: {sum(kill.was_locked for kill in kills)}, "
            f"broken: {sum(kill.broken for kill in kills)}",
            f"resources made that the state did not have: {sum(kill.outside for kill in kills)}, "
            f"after {sum(kill.outside > 0 for kill in kills)} kills",
            f"processes of provisioners that lived on for a while: "
            f"{sum(kill.lived_on for kill in kills)}",
        ]
    )


def main() -> int:
    """Kills, and says what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.terraform")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    told = parser.parse_args()
    print(f"seed {told.seed}", flush=True)
    started, kills = time.monotonic(), []
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedAws(0) as aws,
        in_environment_of(aws),
    ):
        for kill in run(told.kills, told.seed, Path(folder)):
            print(kill, flush=True)
            kills.append(kill)
    print(summary(kills, time.monotonic() - started))
    return int(any(kill.wrong for kill in kills))


if __name__ == "__main__":
    sys.exit(main())
