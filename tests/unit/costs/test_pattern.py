"""The calls that the cost model reckons with are those that the real service and satisfier make."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from cloudseam.claim import Claim
from cloudseam.clock import SystemClock
from cloudseam.event import TIMER_DUE
from cloudseam.heartbeat import ThreadHeartbeat
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.outcome import Fate
from cloudseam.persistence.dynamodb.claims import DynamoDBClaimRepository
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.persistence.memory import InMemoryClaimRepository
from cloudseam.queues import OutgoingMessage
from cloudseam.queues.sqs import SqsQueue
from cloudseam_cli.costs import pattern
from cloudseam_cli.costs.pattern import Calls, batch_of_events, batch_of_tasks
from task_satisfier.attempt import Attempts
from task_satisfier.satisfier import TaskSatisfier
from tests.builders import NOW, a_machine, a_stack, a_state, an_answer_body, an_event_body
from tests.fakes import CountingQueue, CountingStacks
from tests.task_builders import FakeExecutor, FakeExecutors, a_task_delivery
from tests.world import World

ONE_TASK = a_machine(
    a_state("INIT", on={"GO": "WORK", "REST": "RUN"}),
    a_state("WORK", tasks=("net",), on={"NEXT": "RUN"}),
    a_state("RUN", on={"GO": "WORK", "REST": "RUN"}),
    a_state("END", terminal=True),
)


class CountingClaims(InMemoryClaimRepository):
    """Claims in memory; each call that costs a write is counted."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def take(self, claim: Claim, now: int) -> Claim | None:
        """See `ClaimRepository.take`."""
        self.calls.append("take")
        return super().take(claim, now)

    def renew(self, claim: Claim) -> bool:
        """See `ClaimRepository.renew`."""
        self.calls.append("renew")
        return super().renew(claim)

    def release(self, claim: Claim) -> None:
        """See `ClaimRepository.release`."""
        self.calls.append("release")
        super().release(claim)

    def find(self, keys: Sequence[str]) -> Mapping[str, Claim]:
        """See `ClaimRepository.find`."""
        self.calls.append("find")
        return super().find(keys)


class Counted:
    """The real service over ports that count, with stacks that have been there before."""

    def __init__(self, stacks: int) -> None:
        self.ids = [f"s{number}" for number in range(stacks)]
        self.stacks = CountingStacks()
        self.world = World(self.stacks, InMemoryMachineLocator([ONE_TASK]))
        self.calls(*(an_event_body("REST", name, machine="life") for name in self.ids))

    def calls(self, *bodies: Mapping[str, object]) -> Calls:
        """Handles one batch; the calls of the ports, each cut as its adapter cuts it."""
        loads, saves = len(self.stacks.loads), len(self.stacks.saves)
        sends = len(self.world.tasks.calls)
        outcomes = self.world.send(*bodies)
        assert [outcome.fate for outcome in outcomes] == [Fate.DONE] * len(bodies)
        read = [len(ids) for ids in self.stacks.loads[loads:]]
        written = [len(ids) for ids in self.stacks.saves[saves:]]
        messages = self.world.tasks.calls[sends:]
        return Calls(
            reads=cut(read, pattern.KEYS_PER_READ),
            rows_read=sum(read),
            writes=cut(written, pattern.STATEMENTS_PER_WRITE),
            rows_written=sum(written),
            sends=cut(messages, pattern.MESSAGES_PER_REQUEST),
            messages=sum(messages),
        )


def cut(sizes: Sequence[int], most: int) -> int:
    """How many calls carry these batches, if each takes so many at most."""
    return sum(-(-size // most) for size in sizes)


@pytest.mark.parametrize("events", [1, 10, 26, 110])
def test_a_batch_of_events_that_ask_for_a_task_each(events: int) -> None:
    counted = Counted(events)

    calls = counted.calls(*(an_event_body("GO", name) for name in counted.ids))

    assert calls == batch_of_events(events, events)


@pytest.mark.parametrize("events", [1, 10, 26])
def test_a_batch_of_events_without_tasks(events: int) -> None:
    counted = Counted(events)

    calls = counted.calls(*(an_event_body("REST", name) for name in counted.ids))

    assert calls == batch_of_events(events, 0)


@pytest.mark.parametrize("events", [1, 10, 26])
def test_a_batch_of_answers_that_end_a_state(events: int) -> None:
    counted = Counted(events)
    counted.calls(*(an_event_body("GO", name) for name in counted.ids))
    asked = [counted.world.asked("net", name) for name in counted.ids]

    calls = counted.calls(*map(an_answer_body, asked))

    assert calls == batch_of_events(events, 0)
    assert counted.world.stack("s0").state == "RUN"


@pytest.mark.parametrize("events", [1, 10])
def test_a_timer_that_nothing_is_due_for_is_only_looked_at(events: int) -> None:
    counted = Counted(events)

    calls = counted.calls(*(an_event_body(TIMER_DUE, name) for name in counted.ids))

    assert calls == batch_of_events(events, 0, is_change=False)


@pytest.mark.parametrize("tasks", [1, 10])
def test_a_batch_of_short_tasks(tasks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("task_satisfier.answers.PATIENCE", 60)
    claims, answers, stacks = CountingClaims(), CountingQueue(), CountingStacks()
    attempts = Attempts(claims, stacks, SystemClock(), ThreadHeartbeat(), place="tester@here")
    satisfier = TaskSatisfier(FakeExecutors(FakeExecutor()), answers, attempts)

    satisfier.handle_batch(
        [a_task_delivery(token=f"token-{number}") for number in range(tasks)], lambda: 60.0
    )

    assert (claims.calls, stacks.loads) == (["take"] * tasks, [])
    assert batch_of_tasks(tasks) == Calls(
        writes=len(claims.calls),
        rows_written=len(claims.calls),
        sends=cut(answers.calls, pattern.MESSAGES_PER_REQUEST),
        messages=sum(answers.calls),
    )


class CountedAws:
    """DynamoDB and SQS as far as the adapters call them; each call is counted."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        self.made["reads"] += 1
        return {"Responses": {}}

    def batch_execute_statement(self, Statements: Sequence[Any]) -> dict[str, Any]:
        self.made["writes"] += 1
        return {"Responses": [{}] * len(Statements)}

    def put_item(self, **request: Any) -> dict[str, Any]:
        self.made["writes"] += 1
        return {}

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        self.made["sends"] += 1
        return {}


@pytest.mark.parametrize("events", [1, 10, 26, 110])
def test_the_adapters_cut_a_batch_into_as_many_calls(events: int) -> None:
    aws: Any = CountedAws()
    store, queue = DynamoDBStackRepository(aws, "Stacks"), SqsQueue(aws, "queue")
    ids = [f"s{number}" for number in range(events)]

    store.load(ids)
    store.save([a_stack(id=name) for name in ids])
    queue.send([OutgoingMessage("a task") for _ in ids])

    expected = batch_of_events(events, events)
    assert aws.made == {
        "reads": expected.reads,
        "writes": expected.writes,
        "sends": expected.sends,
    }


def test_a_claim_is_one_write() -> None:
    aws: Any = CountedAws()

    DynamoDBClaimRepository(aws, "Stacks").take(Claim("token", "me", NOW, NOW + 1), NOW)

    assert aws.made == {"writes": batch_of_tasks(1).writes}


def test_calls_of_a_kind_are_waited_for_once() -> None:
    calls = batch_of_events(100, 100)

    assert (calls.total, calls.rounds) == (1 + 4 + 10, 3)
    assert batch_of_events(10, 10).total == 3
    assert batch_of_events(10, 0, is_change=False).rounds == 1
