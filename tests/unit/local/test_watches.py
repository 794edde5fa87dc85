"""What is noticed of machines, functions and dead letters that change."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudseam.errors import CloudSeamError, InvalidDefinitionError, InvalidSettingsError
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.machine import Machine
from cloudseam_cli.dead_letters.letter import Letter
from cloudseam_cli.local.dead_letter_watch import DeadLetterWatch
from cloudseam_cli.local.functions import problem_of
from cloudseam_cli.local.machine_watch import NO_MACHINE, MachineWatch
from tests.builders import a_machine
from tests.emulated import EmulatedAws, emulated_aws


class Machines(InMemoryMachineLocator):
    """Machines of which some cannot be used."""

    def __init__(self, *machines: Machine) -> None:
        super().__init__(machines)
        self.bad: dict[str, str] = {}
        self.trouble: CloudSeamError | None = None

    def names(self) -> list[str]:
        if self.trouble:
            raise self.trouble
        return sorted({*super().names(), *self.bad})

    def get(self, name: str) -> Machine:
        if name in self.bad:
            raise InvalidDefinitionError(self.bad[name])
        return super().get(name)


def noticed(watch: MachineWatch) -> list[str]:
    return [report.reason for report in watch.look()]


def test_the_first_look_tells_of_every_machine() -> None:
    machines = Machines(a_machine(name="a"))
    machines.bad["b"] = "b.yml:3:1: no such state"

    assert noticed(MachineWatch(machines)) == ["machine a is ready", "b.yml:3:1: no such state"]


def test_a_machine_is_told_of_when_it_goes_bad_and_when_it_is_good_again() -> None:
    machines = Machines(a_machine(name="a"))
    watch = MachineWatch(machines)
    steps = [noticed(watch)]

    machines.bad["a"] = "a.yml:3:1: no such state"
    steps += [noticed(watch), noticed(watch)]
    machines.bad["a"] = "a.yml:4:1: another mistake"
    steps += [noticed(watch)]
    machines.bad.clear()
    steps += [noticed(watch), noticed(watch)]

    assert steps == [
        ["machine a is ready"],
        ["a.yml:3:1: no such state"],
        [],
        ["a.yml:4:1: another mistake"],
        ["machine a is good again"],
        [],
    ]


def test_a_machine_is_told_of_when_it_becomes_another_one_and_when_it_goes() -> None:
    machines = Machines(a_machine(name="a"))
    watch = MachineWatch(machines)
    noticed(watch)

    machines.put(a_machine(name="a", digest="digest-2"))
    assert noticed(watch) == ["machine a changed"]

    machines._machines.clear()
    assert noticed(watch) == ["machine a is gone", NO_MACHINE]
    assert noticed(watch) == []


def test_a_folder_without_a_machine_is_warned_of_once_until_it_has_one() -> None:
    machines = Machines()
    watch = MachineWatch(machines)

    assert [noticed(watch), noticed(watch)] == [[NO_MACHINE], []]
    machines.put(a_machine(name="a"))
    assert [noticed(watch), noticed(watch)] == [["machine a is ready"], []]


def test_a_folder_that_goes_away_is_told_of_once_and_again_when_it_goes_again() -> None:
    machines = Machines(a_machine(name="a"))
    watch = MachineWatch(machines)
    missing = InvalidSettingsError("the folder is not there")

    steps = []
    for trouble in (missing, missing, None, missing):
        machines.trouble = trouble
        steps.append(noticed(watch))

    told = ["the folder is not there"]
    assert steps == [told, [], ["machine a is ready"], told]


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        pytest.param("good.py", b"def lambda_handler(e, c): pass", None, id="good"),
        pytest.param("good.py", b"from x import lambda_handler", None, id="imported"),
        pytest.param("bad.py", b"\ndef f(:\n", "bad.py:2: invalid syntax", id="syntax"),
        pytest.param("bad.py", b"a = 1\x00", "bad.py:1: ", id="null-bytes"),
        pytest.param("bad.py", b"# coding: nonsense\n", "bad.py:1: ", id="unknown-encoding"),
        pytest.param("other.py", b"def handler(e, c): pass", "`lambda_handler`", id="no-handler"),
        pytest.param("a b.py", b"def lambda_handler(e, c): pass", "name", id="name"),
        pytest.param("ü.py", b"def lambda_handler(e, c): pass", "name", id="name-not-ascii"),
    ],
)
def test_a_function_that_cannot_be_deployed_is_told_with_the_reason(
    name: str, source: bytes, problem: str | None
) -> None:
    found = problem_of(Path(name), source)

    assert (problem in found) if problem and found else found is problem


@pytest.fixture
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


def letter(aws: EmulatedAws, queue: str, body: str, reason: str | None = None) -> None:
    attributes = {"reason": {"DataType": "String", "StringValue": reason}} if reason else {}
    aws.sqs.send_message(QueueUrl=queue, MessageBody=body, MessageAttributes=attributes)  # type: ignore[arg-type]


def test_each_letter_is_told_of_once_and_stays_where_it_is(aws: EmulatedAws) -> None:
    events, tasks = aws.queue(), aws.queue()
    watch = DeadLetterWatch(aws.sqs, {"event": events, "task": tasks})
    assert list(watch.look()) == []

    letter(aws, events, "{}", "not an event")
    (first,) = watch.look()
    assert (first.what, first.body, first.reason) == ("event", "{}", "not an event")
    assert first.message_id
    assert first.report().message_id == first.message_id
    assert list(watch.look()) == []

    letter(aws, tasks, "[]")
    (second,) = watch.look()
    assert (second.what, second.body) == ("task", "[]")
    assert "received too often" in second.reason
    count = aws.sqs.get_queue_attributes(
        QueueUrl=events, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )
    assert count["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_a_letter_that_comes_after_one_was_taken_away_is_told_of(aws: EmulatedAws) -> None:
    queue = aws.queue()
    watch = DeadLetterWatch(aws.sqs, {"event": queue})
    for number in range(2):
        letter(aws, queue, str(number), "no")
        assert [each.body for each in watch.look()] == [str(number)]

    aws.sqs.purge_queue(QueueUrl=queue)
    assert list(watch.look()) == []
    letter(aws, queue, "2", "no")

    assert [each.body for each in watch.look()] == ["2"]
    assert list(watch.look()) == []


def test_many_letters_at_once_are_all_told_of(aws: EmulatedAws) -> None:
    queue = aws.queue()
    for number in range(25):
        letter(aws, queue, str(number), "no")

    found = list(DeadLetterWatch(aws.sqs, {"event": queue}).look())

    assert {each.body for each in found} == {str(number) for number in range(25)}


@pytest.mark.parametrize(
    ("body", "stack", "event", "tasks"),
    [
        pytest.param({"stackId": "s", "event": "PING"}, "s", "PING", (), id="event"),
        pytest.param({"stackId": "s", "action": "PING"}, "s", "PING", (), id="action"),
        pytest.param(
            {"stackId": "s", "event": "TASK_ERROR", "task": {"name": "net"}},
            "s",
            "TASK_ERROR",
            ("net",),
            id="answer",
        ),
        pytest.param(
            {"task": {"name": "net"}, "stack": {"id": "s"}}, "s", "what", ("net",), id="task"
        ),
        pytest.param({"stackId": 1, "event": [], "task": 2}, "", "what", (), id="wrong-types"),
        pytest.param([1], "", "what", (), id="no-object"),
    ],
)
def test_a_letter_tells_whose_it_is_as_far_as_it_says_so(
    body: object, stack: str, event: str, tasks: tuple[str, ...]
) -> None:
    report = Letter("what", json.dumps(body), "why").report()

    assert (report.stack, report.event, report.tasks, report.reason) == (stack, event, tasks, "why")


@pytest.mark.parametrize("body", ["", "not json", "[" * 100_000], ids=["empty", "text", "deep"])
def test_a_letter_that_cannot_be_read_is_told_of_all_the_same(body: str) -> None:
    assert Letter("task", body, "why").report().event == "task"
    assert Letter("task", body, "why").event_id is None
