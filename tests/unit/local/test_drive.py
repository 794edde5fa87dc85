"""A drive sends each event when the one before has had its effect, and ends when it cannot."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cloudseam.persistence.memory import InMemoryStackRepository
from cloudseam.stack import Stack, TaskStatus
from cloudseam_cli.demo import stages as demo_stages
from cloudseam_cli.local.drive import Drive, DriveFailedError, Scene, Stage
from cloudseam_cli.local.report import Kind, Report
from tests.builders import NOW, a_stack, a_task

STAGES = [
    Stage("LAUNCH", "start", until="RUN", metadata={"a": 1}),
    Stage("PING", "nothing", until="RUN"),
    Stage("DESTROY", "end", until=None),
]
AFTER = {
    "LAUNCH": lambda stack: replace(stack, state="RUN"),
    "PING": lambda stack: stack,
    "DESTROY": lambda stack: stack.removed(9),
}


@dataclass
class World:
    """A system that applies each event after it has been looked at twice."""

    delay: int = 2
    stacks: InMemoryStackRepository = field(default_factory=InMemoryStackRepository)
    sent: list[dict[str, Any]] = field(default_factory=list)
    scenes: list[Scene] = field(default_factory=list)
    told: list[Report] = field(default_factory=list)
    happens: list[Report] = field(default_factory=list)
    effect: dict[str, Callable[[Stack], Stack]] = field(default_factory=lambda: dict(AFTER))
    time: float = 0
    looks: int = 0
    is_stopped: bool = False

    def send(self, body: str) -> None:
        self.sent.append(json.loads(body))
        self.looks = 0

    def reports(self, seconds: float) -> Iterator[Report]:
        self.time += seconds
        self.looks += 1
        if self.looks == self.delay:
            self._apply(self.sent[-1])
        while self.happens:
            yield self.happens.pop(0)

    def _apply(self, message: dict[str, Any]) -> None:
        loaded = self.stacks.load([message["stackId"]]).stacks.get(message["stackId"])
        stack = loaded or a_stack("INIT", id=message["stackId"], version=0)
        moved = self.effect[message["event"]](stack.with_applied(message["eventId"], NOW))
        assert not self.stacks.save([moved])

    def show(self, scene: Scene) -> None:
        self.scenes.append(scene)

    def tell(self, report: Report) -> None:
        self.told.append(report)

    def drive(self, stages: list[Stage] = STAGES, limit: float = 60) -> list[Stack]:
        drive = Drive(
            "s",
            "life",
            send=self.send,
            stacks=self.stacks,
            reports=self.reports,
            view=self,
            is_stopped=lambda: self.is_stopped,
            limit_seconds=limit,
            clock=lambda: self.time,
        )
        return list(drive.run(stages))


def test_each_event_is_sent_once_in_order_with_its_metadata() -> None:
    world = World()

    world.drive()

    assert [(each["event"], each["metadata"]) for each in world.sent] == [
        ("LAUNCH", {"a": 1}),
        ("PING", {}),
        ("DESTROY", {}),
    ]
    assert {(each["stackId"], each["machine"]) for each in world.sent} == {("s", "life")}
    assert len({each["eventId"] for each in world.sent}) == 3


def test_the_stack_is_given_as_it_is_after_each_stage() -> None:
    stacks = World().drive()

    assert [stack.is_removed or stack.state for stack in stacks] == ["RUN", "RUN", True]


def test_an_event_that_is_not_applied_yet_is_waited_for() -> None:
    world = World(delay=5)

    world.drive([Stage("PING", "nothing", until="INIT")])

    assert len(world.scenes) == 6  # five looks, and the end


def test_pending_tasks_are_waited_for() -> None:
    world = World()
    world.effect["LAUNCH"] = lambda stack: replace(stack, state="RUN", tasks=(a_task("t"),))

    with pytest.raises(DriveFailedError, match="in state RUN"):
        world.drive(STAGES[:1], limit=5)


def test_the_end_is_told_even_if_the_store_knows_it_first() -> None:
    world = World()
    news = [Report(Kind.SATISFIED, stack="s"), Report(Kind.MOVED, stack="s", is_removed=True)]
    later = iter([[], [news[0]], [], [news[1]], [Report(Kind.MOVED, stack="another")]])

    def reports(seconds: float) -> Iterator[Report]:
        yield from World.reports(world, seconds)
        if world.stacks.load(["s"]).stacks.get("s", a_stack()).is_removed:
            yield from next(later)

    world.reports = reports  # type: ignore[method-assign]
    world.drive([Stage("DESTROY", "end", until=None)])

    assert world.told == news


def test_the_news_of_the_end_is_waited_for_a_little_only() -> None:
    world = World()

    world.drive()

    assert world.time == pytest.approx(0.6 + 2, abs=0.2)


def test_a_scene_has_the_time_of_each_stage() -> None:
    world = World()

    world.drive()

    last = world.scenes[-1]
    assert [round(last.seconds(number) or 0, 3) for number in range(3)] == [0.2, 0.2, 0.2]
    first = world.scenes[0]
    assert [first.seconds(number) for number in range(3)] == [pytest.approx(0.1), None, None]


def test_reports_are_told_as_they_come() -> None:
    world = World()
    world.happens = [Report(Kind.MOVED, stack="s"), Report(Kind.RETURNED, stack="s")]

    world.drive()

    assert [report.kind for report in world.told] == [Kind.MOVED, Kind.RETURNED]


@pytest.mark.parametrize(
    ("report", "why"),
    [
        pytest.param(
            Report(Kind.DEAD_LETTER, stack="s", event="PING", reason="no such event"),
            "PING was given up: no such event",
            id="dead-letter",
        ),
        pytest.param(
            Report(Kind.DEAD_LETTER, event="task", reason="unreadable"),
            "task was given up: unreadable",
            id="dead-letter-of-nobody",
        ),
        pytest.param(
            Report(Kind.RAISED, reason="a setting is missing"),
            "A function failed: a setting is missing",
            id="function-failed",
        ),
    ],
)
def test_it_ends_when_a_message_is_given_up_or_a_function_fails(report: Report, why: str) -> None:
    world = World(happens=[report])

    with pytest.raises(DriveFailedError, match=why):
        world.drive()

    assert world.told == [report]


def test_a_dead_letter_of_another_stack_is_only_told() -> None:
    world = World(happens=[Report(Kind.DEAD_LETTER, stack="another")])

    assert len(world.drive()) == 3


def test_it_ends_when_a_task_fails_and_says_why() -> None:
    world = World()
    broken = replace(a_task("net"), status=TaskStatus.ERROR, error_message="no range left")
    world.effect["LAUNCH"] = lambda stack: replace(stack, tasks=(broken,))

    with pytest.raises(DriveFailedError, match="Task net failed: no range left"):
        world.drive()


@pytest.mark.parametrize(
    ("delay", "where"),
    [
        pytest.param(1_000, "is not there yet", id="never-applied"),
        pytest.param(2, "is in state RUN", id="elsewhere"),
    ],
)
def test_it_ends_when_time_is_over_and_says_where_the_stack_is(delay: int, where: str) -> None:
    world = World(delay=delay)

    with pytest.raises(DriveFailedError, match=f"LAUNCH had not had its effect after 5 s.*{where}"):
        world.drive([Stage("LAUNCH", "start", until="ELSEWHERE")], limit=5)


def test_it_ends_quietly_when_it_is_stopped() -> None:
    world = World(is_stopped=True)

    assert world.drive() == []


def test_the_demo_ends_with_the_stack_gone() -> None:
    assert [stage.until for stage in demo_stages()] == ["RUN", "RUN", "RUN", None]
