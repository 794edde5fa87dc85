"""The metrics that the state machine function writes, over emulated AWS."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from cloudseam import observability
from cloudseam.errors import CloudSeamError
from cloudseam.event import RETRY_FAILED_TASKS, TASK_ERROR
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.stack import Stack
from tests.builders import CANARY, FakeClock, a_delivery, an_answer_body, an_event_body
from tests.emf import Metric, counted, emf_lines, metrics_in
from tests.emulated import EmulatedAws, emulated_aws
from tests.function import StateMachineFunction, state_machine_function

MACHINE = """\
version: 1
events: [LAUNCH, PING, DROP]
states:
  INIT: {on: {LAUNCH: [{action: advance, state: BUILD}]}}
  BUILD:
    tasks: [net, db]
    on: {NEXT: [{action: advance, state: RUN}], PING: [{action: no-op}]}
  RUN: {on: {DROP: [{action: advance, state: GONE}], PING: [{action: no-op}]}}
  GONE: {terminal: true}
tasks:
  net: {executor: lambda, config: {name: net}}
  db: {executor: lambda, config: {name: db}, timeout: 2h}
"""
HOUR = 3_600


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def function(aws: EmulatedAws, tmp_path: Path, clock: FakeClock) -> Iterator[StateMachineFunction]:
    with state_machine_function(aws, tmp_path, clock) as function:
        function.put_machine("life", MACHINE)
        observability._flush()  # what tests before this one have counted
        yield function


def launch(*stacks: str) -> list[dict[str, object]]:
    return [an_event_body("LAUNCH", name, machine="life") for name in stacks]


def told(
    capsys: pytest.CaptureFixture[str],
    function: StateMachineFunction,
    *bodies: Mapping[str, object],
) -> str:
    """What the function writes about a batch of new messages."""
    capsys.readouterr()
    function.deliver(*(a_delivery(body) for body in bodies))
    return capsys.readouterr().out


def swept(capsys: pytest.CaptureFixture[str], function: StateMachineFunction) -> dict[str, float]:
    capsys.readouterr()
    function.sweep()
    return counted(capsys.readouterr().out)


def test_a_batch_is_one_line_that_counts_its_transitions(
    capsys: pytest.CaptureFixture[str], function: StateMachineFunction
) -> None:
    text = told(capsys, function, *launch("a", "b", "c"), an_event_body("PING", "a"))

    assert len(emf_lines(text)) == 1
    assert set(metrics_in(text)) == {
        Metric("EventsApplied", "Count", (4.0,)),
        Metric("Transitions", "Count", (3.0,)),
    }


def test_a_state_that_is_left_by_itself_and_the_end_of_a_stack_are_transitions(
    capsys: pytest.CaptureFixture[str], function: StateMachineFunction
) -> None:
    function.deliver(*(a_delivery(body) for body in launch("s")))
    net, db = (an_answer_body(task) for task in function.tasks())

    counts = [counted(told(capsys, function, body)) for body in (net, db, an_event_body("DROP"))]

    assert [count.get("Transitions", 0) for count in counts] == [0, 1, 1]


def test_tasks_that_are_asked_for_again_are_counted(
    capsys: pytest.CaptureFixture[str], function: StateMachineFunction
) -> None:
    function.deliver(*(a_delivery(body) for body in launch("s")))
    failed = [an_answer_body(task, event=TASK_ERROR) for task in function.tasks()]

    first = told(capsys, function, *failed)
    again = told(capsys, function, an_event_body(RETRY_FAILED_TASKS))

    assert counted(first) == {"EventsApplied": 2}
    assert counted(again) == {"EventsApplied": 1, "TaskRetries": 2}


def test_a_commit_that_lost_its_race_is_counted(
    capsys: pytest.CaptureFixture[str],
    function: StateMachineFunction,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save = DynamoDBStackRepository.save
    rivals = [1]

    def raced(
        self: DynamoDBStackRepository, stacks: Sequence[Stack]
    ) -> Mapping[str, CloudSeamError]:
        while rivals:  # somebody else commits the same first
            rivals.pop()
            save(self, stacks)
        return save(self, stacks)

    monkeypatch.setattr(DynamoDBStackRepository, "save", raced)

    assert counted(told(capsys, function, *launch("s"))) == {
        "CommitConflicts": 1,
        "EventsIgnored": 1,
    }


def test_a_sweep_counts_what_it_found_and_each_thing_that_it_made_good(
    capsys: pytest.CaptureFixture[str], function: StateMachineFunction, clock: FakeClock
) -> None:
    function.deliver(*(a_delivery(body) for body in launch("a", "b")))

    fresh = swept(capsys, function)
    clock.move_on(1.1 * HOUR)  # nobody works on anything
    lost = swept(capsys, function)
    clock.move_on(HOUR)  # db has 2 hours; of net the second patience is 2 hours, too
    over = swept(capsys, function)

    assert fresh == {}
    assert lost == {"EventsApplied": 2, "StacksStuck": 2, "StacksRepaired": 2, "TasksResent": 4}
    assert over == {
        "EventsApplied": 2,
        "StacksStuck": 2,
        "StacksRepaired": 2,
        "TasksResent": 2,
        "TimersRepaired": 2,
    }


def test_a_sweep_counts_the_tasks_that_it_gives_up(
    capsys: pytest.CaptureFixture[str], function: StateMachineFunction, clock: FakeClock
) -> None:
    function.put_machine("life", MACHINE.replace(", timeout: 2h", ""))
    function.deliver(*(a_delivery(body) for body in launch("s")))
    for _ in range(3):
        clock.move_on(4 * HOUR)
        swept(capsys, function)
    clock.move_on(4 * HOUR)

    assert swept(capsys, function) == {
        "EventsApplied": 1,
        "StacksStuck": 1,
        "StacksRepaired": 1,
        "TasksLost": 2,
    }


def test_what_a_sweep_cannot_make_good_is_stuck_and_not_repaired(
    capsys: pytest.CaptureFixture[str],
    function: StateMachineFunction,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    function.deliver(*(a_delivery(body) for body in launch("s")))
    clock.move_on(3 * HOUR)

    def refused(
        self: DynamoDBStackRepository, stacks: Sequence[Stack]
    ) -> Mapping[str, CloudSeamError]:
        return {stack.id: CloudSeamError("no") for stack in stacks}

    monkeypatch.setattr(DynamoDBStackRepository, "save", refused)

    assert swept(capsys, function) == {"EventsReturned": 1, "StacksStuck": 1}


def test_metrics_hold_no_stack_and_no_metadata(
    capsys: pytest.CaptureFixture[str], function: StateMachineFunction
) -> None:
    body = an_event_body("LAUNCH", "stack-of-secrets", machine="life", metadata={"key": CANARY})

    (line,) = emf_lines(told(capsys, function, body))

    assert line.keys() == {"_aws", "service", "EventsApplied", "Transitions"}
    assert "stack-of-secrets" not in str(line)
    assert CANARY not in str(line)
