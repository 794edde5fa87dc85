"""The recorded traces of the original CloudSeam, replayed on a real PostgreSQL.

The harness's own comparison judges them; it is not part of the project, nor are the recordings.
"""

import importlib.util
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from boto3.dynamodb.types import TypeDeserializer

from cloudseam.batch import delivery_of
from cloudseam.errors import CloudSeamError, ServiceUnavailableError
from cloudseam.outcome import Fate, Outcome
from cloudseam.persistence.postgres.connection import PostgresConnection
from cloudseam.persistence.postgres.credentials import FixedCredentials
from cloudseam.persistence.postgres.stacks import PostgresStackRepository
from cloudseam.queues import OutgoingMessage
from cloudseam.stack import Stack
from tests.conformance.test_corpus import TextMachines
from tests.integration.postgres.tables import ORIGINAL, ORIGINAL_SAVE
from tests.postgres import PostgresServer
from tests.world import World

SHARED = Path(__file__).parents[2].parent / "shared"
HARNESS = SHARED / "harness"
TRACES = sorted((SHARED / "conformance" / "cloudseam").glob("[0-9]*.json"))

if not TRACES:
    pytest.skip("the recorded traces are not there", allow_module_level=True)
if not (HARNESS / "replay.py").is_file():
    pytest.skip("the replay harness is not there", allow_module_level=True)

EXPECTED: dict[str, Any] = json.loads((HARNESS / "expectations.json").read_text())
MAY_BE_REFUSED = set(EXPECTED["machines_that_may_be_refused"])


def _harness() -> ModuleType:
    spec = importlib.util.spec_from_file_location("replay", HARNESS / "replay.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with patch.object(sys, "path", [*sys.path]), patch.object(sys, "dont_write_bytecode", True):
        spec.loader.exec_module(module)
    return module


replay = _harness()


class FaultyStacks(PostgresStackRepository):
    """The store, some of whose commits never get to the server."""

    faults = 0

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        """See `StackRepository.save`."""
        if not self.faults:
            return super().save(stacks)
        self.faults -= 1
        return {stack.id: ServiceUnavailableError("The store did not answer.") for stack in stacks}


class Original:
    """A system whose table was the original's."""

    def __init__(self, beside: Any, connection: PostgresConnection) -> None:
        beside.run(ORIGINAL)
        self.beside = beside
        self.stacks = FaultyStacks(connection)
        self.machines = TextMachines()
        self.world = World(self.stacks, self.machines)

    def run(self, trace: Mapping[str, Any], notes: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What each step of the trace leaves, as the harness tells it."""
        self.machines.texts = trace["machines"]
        told: list[dict[str, Any]] = []
        asked: list[dict[str, Any]] = []
        ids: dict[int | None, list[str]] = {}
        for number, step in enumerate(trace["steps"]):
            if "seed" in step:
                self._seed(step["seed"])
                told.append({"seed": True, "sent": []})
                continue
            note = notes.get(str(number), {})
            again = note.get("redelivers")
            bodies = [
                _echoing(body, asked, note) for body in step.get("batch", [step.get("event")])
            ]
            event = replay.records(bodies, ids.get(again), 1 if again is None else 2)
            ids[number] = [record["messageId"] for record in event["Records"]]
            self._inject(step.get("inject", []))
            told.append(self._deliver(event))
            asked += told[-1]["sent"]
        return told

    def _seed(self, item: Mapping[str, Any]) -> None:
        """A row as the original writes it."""
        deserialize = TypeDeserializer().deserialize
        row = {name: deserialize(value) for name, value in item.items()}
        text = json.dumps(row, default=int)
        self.beside.run(ORIGINAL_SAVE, id=row["id"], data=text, now="2019-11-05 08:30:00")

    def _inject(self, faults: Sequence[Mapping[str, Any]]) -> None:
        times = {fault["op"]: fault["times"] for fault in faults}
        skip = {fault["op"]: fault.get("skip", 0) for fault in faults}
        self.stacks.faults = times.get("dynamodb.PutItem", 0)
        sends = iter(
            [False] * skip.get("sqs.SendMessage", 0) + [True] * times.get("sqs.SendMessage", 0)
        )

        def refuses(_: OutgoingMessage) -> bool:
            return next(sends, False)

        self.world.tasks.refuses = refuses

    def _deliver(self, event: Mapping[str, Any]) -> dict[str, Any]:
        sent_before = len(self.world.tasks.sent)
        outcomes = self.world.deliver(*(delivery_of(record) for record in event["Records"]))
        rows = self.beside.run("SELECT id, data FROM stacks")
        return {
            "outcomes": [_word(outcome) for outcome in outcomes],
            "error": "; ".join(str(outcome.error) for outcome in outcomes if outcome.error),
            "sent": [json.loads(message.body) for message in self.world.tasks.sent[sent_before:]],
            "stacks": {name: replay.stack_of({"id": name, "data": text}) for name, text in rows},
        }


def _echoing(body: Any, asked: Sequence[Mapping[str, Any]], note: Mapping[str, Any]) -> Any:
    if not isinstance(body, dict):
        return body
    echoing = SimpleNamespace(echo=True)
    return replay.Handler.answer(echoing, body, asked, note.get("echo", -1))


def _word(outcome: Outcome) -> str:
    return "ok" if outcome.fate is Fate.DONE else "error"


@pytest.fixture
def original(postgres: PostgresServer) -> Iterator[Original]:
    user = postgres.new_user()
    beside = postgres.connect(user)
    connection = PostgresConnection(FixedCredentials(user))
    yield Original(beside, connection)
    connection.close()
    beside.close()


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_the_recorded_trace_holds_on_postgresql(path: Path, original: Original) -> None:
    trace = json.loads(path.read_text())
    expected = EXPECTED["traces"].get(trace["name"])

    told = original.run(trace, (expected or {}).get("steps", {}))

    _, differences = replay.judge(trace, told, expected, MAY_BE_REFUSED, False)
    assert differences == []
