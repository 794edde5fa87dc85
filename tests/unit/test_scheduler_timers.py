"""Far timers on Scheduler: what is asked of it, and what becomes of a timer that it refuses."""

import logging
from collections.abc import Callable
from threading import Lock
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.stub import ANY, Stubber

from cloudseam.clock import SystemClock
from cloudseam.errors import ServiceUnavailableError
from cloudseam.timers import NoTimers, Timer
from cloudseam.timers.queue import LONGEST_DELAY, QueueTimers
from cloudseam.timers.scheduler import SchedulerTimers, Schedules, request
from state_machine.settings import StateMachineSettings
from state_machine.wiring import build_timers
from tests.builders import NOW, FakeClock
from tests.fakes import CountingQueue

SCHEDULES = Schedules(
    "timers", "arn:aws:sqs:us-east-1:000000000000:events", "arn:aws:iam::000000000000:role/timers"
)
HOUR = 3_600_000
NEEDED = {"MACHINE_LOCATOR": "LOCAL_FS", "MACHINE_SPEC_DIR": "m", "SQS_TASK_QUEUE_URL": "tasks"}
ON_QUEUE = NEEDED | {"SQS_EVENT_QUEUE_URL": "events"}
ON_SCHEDULER = ON_QUEUE | {
    "SQS_EVENT_QUEUE_ARN": SCHEDULES.queue,
    "TIMER_SCHEDULE_GROUP": SCHEDULES.group,
    "TIMER_ROLE_ARN": SCHEDULES.role,
}


class StubScheduler:
    """Scheduler as far as timers call it; raises what the test says, by the stack's id."""

    def __init__(self, refuse: Callable[[str], Exception | None] = lambda body: None) -> None:
        self.names: list[str] = []
        self.made = 0
        self._refuse = refuse
        self._lock = Lock()

    def __call__(self) -> "StubScheduler":
        self.made += 1
        return self

    def create_schedule(self, **call: Any) -> Any:
        with self._lock:
            self.names.append(call["Name"])
        error = self._refuse(call["Target"]["Input"])
        if error:
            raise error


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret"}}, "CreateSchedule")


def timers(scheduler: StubScheduler, near: CountingQueue) -> SchedulerTimers:
    return SchedulerTimers(scheduler, SCHEDULES, QueueTimers(near, FakeClock(0)), FakeClock(0))


def test_a_schedule_fires_once_at_the_second_and_is_gone() -> None:
    asked = request(Timer("s", NOW + 500), SCHEDULES)

    assert asked["ScheduleExpression"] == "at(2023-11-14T22:13:21)"
    assert asked["ActionAfterCompletion"] == "DELETE"
    assert asked["FlexibleTimeWindow"] == {"Mode": "OFF"}
    client: Any = boto3.client("scheduler", region_name="us-east-1")
    with Stubber(client) as stub:  # Scheduler's own model takes it
        stub.add_response("create_schedule", {"ScheduleArn": "arn"}, dict.fromkeys(asked, ANY))
        client.create_schedule(**asked)


def test_a_timer_always_has_the_same_schedule_and_no_two_share_one() -> None:
    several = [Timer("s", NOW), Timer("s", NOW + 1), Timer("t", NOW), Timer("s", NOW)]

    names = [request(timer, SCHEDULES)["Name"] for timer in several]

    assert names[0] == names[3]
    assert len(set(names)) == 3


def test_nothing_of_a_stack_id_is_taken_for_one_of_schedulers_keywords() -> None:
    asked = request(Timer("<aws.scheduler.execution-id>", NOW), SCHEDULES)

    assert "<" not in asked["Target"]["Input"]


def test_a_near_timer_needs_no_scheduler() -> None:
    scheduler, near = StubScheduler(), CountingQueue()

    timers(scheduler, near).set([Timer("s", NOW + LONGEST_DELAY * 1000)])

    assert (scheduler.made, len(near.sent)) == (0, 1)


def test_a_schedule_that_is_there_already_is_set() -> None:
    scheduler, near = StubScheduler(lambda body: refused("ConflictException")), CountingQueue()

    assert timers(scheduler, near).set([Timer("s", NOW + HOUR)]) == {}

    assert near.sent == []


@pytest.mark.parametrize(
    "error",
    [refused("ThrottlingException"), ReadTimeoutError(endpoint_url="https://scheduler")],
    ids=["refused", "no answer"],
)
def test_a_timer_that_cannot_be_scheduled_comes_early(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    scheduler, near = StubScheduler(lambda body: error if '"b"' in body else None), CountingQueue()

    with caplog.at_level(logging.WARNING):
        failures = timers(scheduler, near).set([Timer(name, NOW + HOUR) for name in "abc"])

    assert failures == {}
    (message,) = near.sent
    assert ('"b"' in message.body, message.delay) == (True, LONGEST_DELAY)
    assert "come early" in caplog.text
    assert "secret" not in caplog.text


def test_what_neither_takes_is_told_by_its_position() -> None:
    scheduler = StubScheduler(lambda body: refused("Throttling") if '"far-2"' in body else None)
    near = CountingQueue()
    near.refuses = lambda message: '"near"' not in message.body
    moments = [("far-1", HOUR), ("near", 0), ("far-2", HOUR), ("near-2", 0)]

    failures = timers(scheduler, near).set([Timer(name, NOW + away) for name, away in moments])

    assert sorted(failures) == [2, 3]
    assert all(isinstance(error, ServiceUnavailableError) for error in failures.values())


@pytest.mark.parametrize(
    ("environment", "kind"),
    [(NEEDED, NoTimers), (ON_QUEUE, QueueTimers), (ON_SCHEDULER, SchedulerTimers)],
    ids=["nowhere", "queue", "scheduler"],
)
def test_timers_are_as_the_settings_name_them(
    environment: dict[str, str], kind: type[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings = StateMachineSettings.from_environment(environment)

    assert type(build_timers(settings, SystemClock())) is kind
