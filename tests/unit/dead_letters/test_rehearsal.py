"""What dead letters would do now, and that nothing is done to find out."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cloudseam.claim import Claim
from cloudseam.event import TASK_COMPLETED
from cloudseam.languages import load_machine
from cloudseam.locators import MachineLocator
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.persistence import StackRepository
from cloudseam.persistence.memory import InMemoryClaimRepository, InMemoryMachineVersions
from cloudseam.persistence.row import to_row
from cloudseam.persistence.store import Store
from cloudseam.stack import Stack, event_mark
from cloudseam.task_token import TaskToken
from cloudseam.transition import Transition
from cloudseam_cli.dead_letters.letter import Letter
from cloudseam_cli.dead_letters.rehearsal import Chance, Forecast, Rehearsal
from tests.builders import NOW, FakeClock, a_machine, a_stack, an_event_body
from tests.fakes import CountingStacks, FailingStacks
from tests.unit.dead_letters.letters import a_letter, a_task_letter
from tests.world import World as StackWorld

MACHINES = InMemoryMachineLocator([a_machine()])
PINNED: dict[str, Any] = {"machine_digest": "digest-1"}
TASKS = {"net": "PENDING", "db": "SATISFIED"}


def moved_by(event_id: str) -> Transition:
    """The transition that led a stack to where it is."""
    return Transition(event_mark(event_id), NOW, "UPDATE", "life", "PROVISION", "RUN", 2)


EXECUTIONS = InMemoryMachineLocator(
    [
        load_machine(
            "orders",
            '{"StartAt": "T", "States": {"T": {"Type": "Task", "End": true, "Resource": '
            '"arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {"QueueUrl": "q", '
            '"MessageBody": {"token.$": "$$.Task.Token"}}}}}',
            "orders.asl.json",
        )
    ]
)


def a_waiting_execution() -> Stack:
    service = StackWorld(machines=EXECUTIONS)
    service.send({"stackId": "s", "machine": "orders", "event": "START", "eventId": "start/s"})
    return service.stack()


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"event": "START", "machine": "orders", "stackId": "new"}, "start the stack: → RUNNING; "),
        ({"event": "STOP_EXECUTION", "stackId": "s"}, "would move RUNNING → ABORTED"),
        ({"event": "TASK_COMPLETED", "output": 1}, "would move RUNNING → SUCCEEDED"),
        ({"event": "TASK_HEARTBEAT"}, "would be applied in state RUNNING"),
    ],
)
def test_an_event_of_an_execution_is_told_by_what_becomes_of_it(
    body: dict[str, Any], text: str
) -> None:
    stack = a_waiting_execution()
    [task] = stack.tasks
    token = TaskToken("s", task.name, task.token).as_text()
    letter = a_letter(body if "stackId" in body else {**body, "taskToken": token})

    forecast = World(stack, machines=EXECUTIONS).forecast(letter)

    assert forecast.chance is Chance.WORKS
    assert text in forecast.text
    assert letter.report().stack == body.get("stackId", "s")


class World:
    """A store, and a rehearsal over it."""

    def __init__(
        self,
        *stacks: Stack,
        machines: MachineLocator | None = MACHINES,
        kept: bool = True,
        repository: StackRepository | None = None,
        **settings: bool,
    ) -> None:
        self.stacks = CountingStacks()
        for each in stacks:
            self.stacks.inner.rows[each.id] = json.dumps(to_row(each))
        self.claims, self.versions = InMemoryClaimRepository(), InMemoryMachineVersions()
        if kept:
            self.versions.keep(a_machine())
        store = Store(repository or self.stacks, self.claims, self.versions)
        self.rehearsal = Rehearsal(store, machines, FakeClock(), **settings)

    def forecast(self, letter: Letter) -> Forecast:
        return self.rehearsal.forecast(letter)


@pytest.mark.parametrize(
    ("stack", "body", "chance", "text"),
    [
        pytest.param(
            a_stack("RUN", **PINNED),
            an_event_body("UPDATE"),
            Chance.WORKS,
            "would move RUN → UPDATE; asks for db, smoke",
            id="moves",
        ),
        pytest.param(
            a_stack("RUN", **PINNED),
            an_event_body("PING"),
            Chance.WORKS,
            "would be applied in state RUN",
            id="stays",
        ),
        pytest.param(
            a_stack("RUN", **PINNED),
            an_event_body("DROP"),
            Chance.WORKS,
            "would end the stack, which is in state RUN",
            id="ends",
        ),
        pytest.param(
            None,
            an_event_body("LAUNCH", machine="life"),
            Chance.WORKS,
            "would start the stack: → PROVISION; asks for net, db",
            id="starts",
        ),
        pytest.param(
            a_stack("RUN", **PINNED).with_applied("e", NOW),
            an_event_body("UPDATE", eventId="e"),
            Chance.NO_EFFECT,
            "no effect: was applied before",
            id="applied",
        ),
        pytest.param(
            a_stack("RUN", transitions=(moved_by("e"),), **PINNED).with_applied("e", NOW),
            an_event_body("UPDATE", eventId="e"),
            Chance.WORKS,
            "was applied before; tells the bus of its transition",
            id="applied, and nobody may have been told",
        ),
        pytest.param(
            a_stack("RUN", transitions=(moved_by("token-of-net/completed"),), **PINNED),
            an_event_body(
                TASK_COMPLETED,
                eventId="token-of-net/completed",
                task={"name": "net", "token": "token-of-net"},
            ),
            Chance.WORKS,
            "comes too late itself; tells the bus of its transition",
            id="answered, and nobody may have been told",
        ),
        pytest.param(
            a_stack("PROVISION", tasks=TASKS, **PINNED),
            an_event_body(TASK_COMPLETED, task={"name": "net", "token": "of-another"}),
            Chance.NO_EFFECT,
            "no effect: comes too late",
            id="late",
        ),
        pytest.param(
            a_stack("PROVISION", tasks=TASKS, **PINNED),
            an_event_body(TASK_COMPLETED, task={"name": "net", "token": "token-of-net"}),
            Chance.WORKS,
            "would move PROVISION → RUN",
            id="answer",
        ),
        pytest.param(
            a_stack("RUN", **PINNED),
            an_event_body("TIMER_DUE", at=NOW),
            Chance.NO_EFFECT,
            "no effect: nothing is due",
            id="timer",
        ),
        pytest.param(
            a_stack("UPDATE", **PINNED),
            an_event_body("UPDATE"),
            Chance.REFUSED,
            "would be refused again: Event 'UPDATE' is not available",
            id="not-available",
        ),
        pytest.param(
            None,
            an_event_body("RETRY_FAILED_TASKS"),
            Chance.REFUSED,
            "would be refused again: There is no stack 's'",
            id="no-stack",
        ),
        pytest.param(
            None,
            an_event_body("LAUNCH", machine="another"),
            Chance.REFUSED,
            "would be refused again: There is no machine 'another'",
            id="no-machine",
        ),
        pytest.param(
            None, "{not json", Chance.REFUSED, "cannot work: The message is not JSON", id="not-json"
        ),
        pytest.param(
            None, {"event": "PING"}, Chance.REFUSED, "cannot work: The message", id="no-stack-id"
        ),
        pytest.param(
            None, '{"sweep": "s"}', Chance.WORKS, "would go on with a sweep", id="rest-of-a-sweep"
        ),
    ],
)
def test_an_event_is_judged_by_the_real_rules(
    stack: Stack | None, body: Mapping[str, Any] | str, chance: Chance, text: str
) -> None:
    world = World(*([stack] if stack else []))
    before = dict(world.stacks.rows)

    told = world.forecast(a_letter(body))

    assert (told.chance, told.text[: len(text)]) == (chance, text)
    assert world.stacks.saves == []
    assert world.stacks.rows == before


def test_letters_are_judged_on_what_those_before_them_would_make() -> None:
    world = World()
    launch = an_event_body("LAUNCH", machine="life")

    told = [world.forecast(a_letter(body)).text for body in (launch, an_event_body("DESTROY"))]

    assert told == [
        "would start the stack: → PROVISION; asks for net, db",
        "would move PROVISION → DESTROY; asks for net-down",
    ]


def test_of_two_letters_of_one_message_the_second_has_no_effect() -> None:
    world = World(a_stack("RUN", **PINNED))
    body = an_event_body("PING")

    told = [world.forecast(a_letter(body, failed_id="m")) for _ in range(2)]

    assert [each.chance for each in told] == [Chance.WORKS, Chance.NO_EFFECT]
    assert told[1].text == "no effect: another letter is of the same event"


def test_what_is_owed_to_an_event_that_was_applied_is_told() -> None:
    world = World()
    body = an_event_body("LAUNCH", machine="life", eventId="e")
    # Applied in the draft, under the id that the first redrive gives it.
    first = world.forecast(a_letter(body, failed_id="m"))
    assert first.body is not None

    applied = world.rehearsal._draft.rows["s"]
    stored = World()
    stored.stacks.inner.rows["s"] = applied

    told = stored.forecast(a_letter(first.body))

    assert told.text == "was applied before; asks for net, db"
    assert told.chance is Chance.WORKS
    assert json.loads(told.body or "") == json.loads(first.body)


@pytest.mark.parametrize(
    ("kept", "body", "chance"),
    [
        pytest.param(True, an_event_body("UPDATE"), Chance.WORKS, id="its-version-is-kept"),
        pytest.param(False, an_event_body("UPDATE"), Chance.UNKNOWN, id="its-version-is-not-kept"),
        pytest.param(
            True,
            an_event_body("LAUNCH", "new", machine="life"),
            Chance.UNKNOWN,
            id="a-new-stack-has-no-version",
        ),
    ],
)
def test_without_machines_a_stacks_own_version_is_taken(
    kept: bool, body: dict[str, Any], chance: Chance
) -> None:
    world = World(a_stack("RUN", **PINNED), machines=None, kept=kept)

    told = world.forecast(a_letter(body))

    assert told.chance is chance
    assert told.body is not None, "the state machine can tell"
    if chance is Chance.UNKNOWN:
        assert "--machines" in told.text


def test_a_stack_on_an_older_version_is_judged_by_that_one() -> None:
    newer = InMemoryMachineLocator([a_machine(*a_machine().definition.states.values(), digest="2")])
    no_update = [each for each in a_machine().definition.states.values() if each.name == "INIT"]
    world = World(a_stack("RUN", **PINNED), machines=newer)
    narrowed = InMemoryMachineLocator([a_machine(*no_update, digest="3")])

    assert world.forecast(a_letter(an_event_body("UPDATE"))).chance is Chance.WORKS
    pinned = World(a_stack("RUN", **PINNED), machines=narrowed)
    assert pinned.forecast(a_letter(an_event_body("UPDATE"))).chance is Chance.WORKS
    latest = World(a_stack("RUN", **PINNED), machines=narrowed, pinned=False)
    assert latest.forecast(a_letter(an_event_body("UPDATE"))).chance is Chance.REFUSED


def test_no_version_of_a_machine_is_kept_by_looking() -> None:
    world = World(kept=False)

    world.forecast(a_letter(an_event_body("LAUNCH", machine="life")))

    assert world.versions.machines == {}


def test_an_answer_without_its_token_is_refused_where_tokens_are_required() -> None:
    stack = a_stack("PROVISION", tasks=TASKS, **PINNED)
    letter = a_letter(an_event_body(TASK_COMPLETED, task={"name": "net"}))

    assert World(stack).forecast(letter).chance is Chance.WORKS
    assert World(stack, requires_token=True).forecast(letter).chance is Chance.REFUSED


def test_where_the_store_does_not_answer_nothing_is_to_be_sent() -> None:
    world = World(repository=FailingStacks(loads=["s"]))

    for letter in (
        a_letter(an_event_body()),
        a_task_letter(a_stack("PROVISION", tasks=TASKS), "net", "token-of-net"),
    ):
        told = world.forecast(letter)
        assert (told.chance, told.body) == (Chance.UNKNOWN, None)
        assert told.text == "cannot tell: The store did not answer."


WAITING = a_stack("PROVISION", tasks=TASKS, **PINNED)


@pytest.mark.parametrize(
    ("token", "claim", "chance", "text"),
    [
        pytest.param("token-of-net", None, Chance.WORKS, "would run task net", id="waited-for"),
        pytest.param("", None, Chance.WORKS, "would run task net", id="of-the-original"),
        pytest.param(
            "of-another",
            None,
            Chance.NO_EFFECT,
            "no effect: the stack no longer waits for this attempt",
            id="over",
        ),
        pytest.param(
            "token-of-net",
            {"until": NOW - 1},
            Chance.WORKS,
            "would be claimed again and run task net",
            id="claim-has-run-out",
        ),
        pytest.param(
            "token-of-net",
            {"until": NOW + 10**9, "place": "me@here"},
            Chance.WORKS,
            "would wait: me@here works on task net",
            id="somebody-works-on-it",
        ),
        pytest.param(
            "token-of-net",
            {"until": NOW, "done": True},
            Chance.WORKS,
            "would answer task net again, which has ended",
            id="has-ended",
        ),
    ],
)
def test_a_task_is_judged_by_whether_its_stack_waits_for_it_and_who_works_on_it(
    token: str, claim: dict[str, Any] | None, chance: Chance, text: str
) -> None:
    world = World(WAITING)
    if claim:
        world.claims.claims[token] = Claim(token, "owner", NOW - 10, **claim)
    letter = a_task_letter(WAITING, "net", token)

    told = world.forecast(letter)

    assert (told.chance, told.text) == (chance, text)
    assert told.body == (None if chance is Chance.NO_EFFECT else letter.body)


def test_a_task_of_a_stack_that_is_not_in_this_store_is_left() -> None:
    told = World().forecast(a_task_letter(WAITING, "net", "token-of-net"))

    assert told.chance is Chance.REFUSED
    assert "there is no stack 's'" in told.text


def test_a_task_of_a_stack_that_ended_has_no_effect() -> None:
    told = World(WAITING.removed(NOW)).forecast(a_task_letter(WAITING, "net", "token-of-net"))

    assert told.chance is Chance.NO_EFFECT
