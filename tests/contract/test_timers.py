"""Whatever carries a timer: TIMER_DUE comes, with its stack and moment, not after it was due."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from cloudseam.event import TIMER_DUE
from cloudseam.messages import parse_event
from cloudseam.queues import OutgoingMessage
from cloudseam.queues.memory import InMemoryQueue
from cloudseam.queues.sqs import SqsQueue
from cloudseam.timers import Timer, Timers
from cloudseam.timers.queue import QueueTimers
from cloudseam.timers.scheduler import SchedulerTimers, Schedules
from tests.builders import NOW, FakeClock
from tests.emulated import EmulatedAws, emulated_aws

MINUTE = 60_000
QUARTER = 15 * MINUTE
QUEUE = "arn:aws:sqs:us-east-1:000000000000:events"
ROLE = "arn:aws:iam::000000000000:role/timers"


@dataclass(frozen=True)
class Coming:
    """A message on its way, and when it arrives, in epoch milliseconds."""

    body: str
    at: int

    @property
    def timer(self) -> Timer:
        event = parse_event(self.body, "message")
        assert event.name == TIMER_DUE
        assert event.at is not None
        return Timer(event.stack_id, event.at)


@dataclass(frozen=True)
class Line:
    """Timers, and what they have made come."""

    timers: Timers
    coming: Callable[[], list[Coming]]


def memory(request: pytest.FixtureRequest) -> Line:
    queue = InMemoryQueue()
    return Line(QueueTimers(queue, FakeClock(0)), lambda: [_delayed(m) for m in queue.sent])


def sqs(request: pytest.FixtureRequest) -> Line:
    sent = Recorded(SqsQueue(aws_of(request).sqs, aws_of(request).queue()))
    return Line(QueueTimers(sent, FakeClock(0)), lambda: [_delayed(m) for m in sent.sent])


def scheduler(request: pytest.FixtureRequest) -> Line:
    client: Any = boto3.client("scheduler")
    group = f"group-{next(_groups)}"
    client.create_schedule_group(Name=group)
    near = InMemoryQueue()
    timers = SchedulerTimers(
        lambda: client,
        Schedules(group, QUEUE, ROLE),
        QueueTimers(near, FakeClock(0)),
        FakeClock(0),
    )

    def coming() -> list[Coming]:
        names = [each["Name"] for each in client.list_schedules(GroupName=group)["Schedules"]]
        made = [client.get_schedule(GroupName=group, Name=name) for name in names]
        return [_scheduled(each) for each in made] + [_delayed(each) for each in near.sent]

    return Line(timers, coming)


class Recorded:
    """See `Queue`. Keeps what a real queue took, which shows a delayed message to nobody."""

    def __init__(self, queue: SqsQueue) -> None:
        self.sent: list[OutgoingMessage] = []
        self._queue = queue

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        failures = self._queue.send(messages)
        self.sent += [each for place, each in enumerate(messages) if place not in failures]
        return failures

    def defer(self, receipts: Mapping[str, int]) -> None:
        self._queue.defer(receipts)


def _delayed(message: OutgoingMessage) -> Coming:
    return Coming(message.body, NOW + message.delay * 1000)


def _scheduled(schedule: Mapping[str, Any]) -> Coming:
    moment = datetime.strptime(schedule["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)")
    at = round(moment.replace(tzinfo=UTC).timestamp() * 1000)
    return Coming(schedule["Target"]["Input"], at)


LINES = {"memory": memory, "sqs": sqs, "scheduler": scheduler}
_groups = iter(range(1000))


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


def aws_of(request: pytest.FixtureRequest) -> EmulatedAws:
    aws: EmulatedAws = request.getfixturevalue("aws")
    return aws


@pytest.fixture(params=LINES)
def line(request: pytest.FixtureRequest, aws: EmulatedAws) -> Line:
    return LINES[request.param](request)


@pytest.mark.parametrize(
    "away",
    [
        pytest.param(-MINUTE, id="over"),
        pytest.param(0, id="now"),
        pytest.param(1, id="a-millisecond"),
        pytest.param(MINUTE + 500, id="a-minute-and-a-half-second"),
        pytest.param(QUARTER, id="a-quarter"),
        pytest.param(QUARTER + 1, id="more-than-a-quarter"),
        pytest.param(3 * 24 * 60 * MINUTE + 17, id="three-days"),
    ],
)
def test_a_timer_comes_as_it_was_set_and_never_after_its_second(line: Line, away: int) -> None:
    timer = Timer("feature-42", NOW + away)

    assert line.timers.set([timer]) == {}

    (coming,) = line.coming()
    assert coming.timer == timer
    assert coming.at < max(timer.at, NOW) + 1000


@pytest.mark.parametrize("away", [MINUTE, 3 * QUARTER])
def test_a_timer_within_reach_does_not_come_before_its_moment(line: Line, away: int) -> None:
    timer = Timer("s", NOW + away + 1)

    line.timers.set([timer])

    (coming,) = line.coming()
    assert coming.at >= min(timer.at, NOW + QUARTER)


def test_timers_of_all_distances_are_set_together_each_once(line: Line) -> None:
    timers = [Timer(f"s-{n}", NOW + n * 4 * MINUTE) for n in range(13)]

    assert line.timers.set(timers) == {}

    assert sorted(timers, key=lambda timer: timer.at) == sorted(
        (coming.timer for coming in line.coming()), key=lambda timer: timer.at
    )


def test_setting_nothing_does_nothing(line: Line) -> None:
    assert line.timers.set([]) == {}
    assert line.coming() == []


def test_a_timer_may_be_set_twice(line: Line) -> None:
    timer = Timer("s", NOW + 2 * QUARTER)

    assert line.timers.set([timer]) == line.timers.set([timer]) == {}

    assert {coming.timer for coming in line.coming()} == {timer}


@pytest.mark.parametrize("stack_id", ['a"b', "a b/ż", "<aws.scheduler.execution-id>", "x" * 255])
def test_any_stack_can_be_waited_for(line: Line, stack_id: str) -> None:
    timer = Timer(stack_id, NOW + 2 * QUARTER)

    assert line.timers.set([timer]) == {}

    (coming,) = line.coming()
    assert coming.timer == timer
