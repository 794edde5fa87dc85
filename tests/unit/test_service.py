"""A batch of events: one load, one fold per stack, one commit, one send; each its own outcome."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from cloudseam.delivery import Delivery
from cloudseam.errors import CloudSeamError, InvalidDefinitionError, StackTooLargeError
from cloudseam.event import TIMER_DUE, Event
from cloudseam.given import Given
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.machine import Machine
from cloudseam.outbox import Outbox
from cloudseam.outcome import Fate, Outcome
from cloudseam.persistence.memory import InMemoryMachineVersions, InMemoryStackRepository
from cloudseam.pinned_machines import LatestMachines
from cloudseam.queues import OutgoingMessage
from cloudseam.service import COMMIT_ATTEMPTS, StackService
from cloudseam.stack import Stack
from cloudseam.step import Verdict
from cloudseam.task_spec import CONTAINER, TaskSpec
from cloudseam.timers import NoTimers
from tests.builders import (
    CANARY,
    FakeClock,
    a_delivery,
    a_machine,
    a_state,
    an_answer_body,
    an_event_body,
    statuses,
    token_of,
)
from tests.fakes import CountingQueue, CountingStacks, FailingStacks, RacedStacks
from tests.world import World, errors


def verdicts(outcomes: Sequence[Outcome]) -> list[Verdict | None]:
    return [outcome.verdict for outcome in outcomes]


# ---- what a batch costs


def test_a_batch_for_many_stacks_is_one_load_one_save_and_one_send() -> None:
    stacks = CountingStacks()
    world = World(stacks)
    ids = [f"s{n}" for n in range(10)]

    outcomes = world.send(*(an_event_body("LAUNCH", name, machine="life") for name in ids))

    assert verdicts(outcomes) == [Verdict.APPLIED] * 10
    assert stacks.loads == [ids]
    assert stacks.saves == [ids]
    assert world.tasks.calls == [20]


def test_events_of_one_stack_in_a_batch_are_one_commit() -> None:
    stacks = CountingStacks()
    world = World(stacks)

    world.send(
        an_event_body("START", machine="life"),
        an_event_body("PING", metadata={"n": 1}),
        an_event_body("PING", metadata={"n": 2}),
        an_event_body("UPDATE"),
    )

    assert stacks.saves == [["s"]]
    assert world.stack().version == 1
    assert (world.stack().state, world.stack().metadata) == ("UPDATE", {"n": 2})


@pytest.mark.parametrize(
    ("bodies", "loads", "saves", "sends"),
    [
        pytest.param([], 0, 0, 0, id="empty-batch"),
        pytest.param(["not json"], 0, 0, 0, id="nothing-readable"),
        pytest.param([an_event_body("PING")], 1, 0, 0, id="nothing-changed"),
        pytest.param([an_event_body("START", machine="life")], 1, 1, 0, id="no-tasks"),
        pytest.param([an_event_body("LAUNCH", machine="life")], 1, 1, 1, id="tasks"),
    ],
)
def test_nothing_is_called_that_is_not_needed(
    bodies: list[str], loads: int, saves: int, sends: int
) -> None:
    stacks = CountingStacks()
    world = World(stacks)

    world.send(*bodies)

    assert (len(stacks.loads), len(stacks.saves), len(world.tasks.calls)) == (loads, saves, sends)


def test_a_duplicate_writes_nothing() -> None:
    stacks = CountingStacks()
    world = World(stacks)
    launch = a_delivery(an_event_body("START", machine="life"))
    world.deliver(launch)

    assert verdicts(world.deliver(launch)) == [Verdict.DUPLICATE]
    assert len(stacks.saves) == 1


# ---- order


@pytest.mark.parametrize(
    ("events", "state", "failing"),
    [
        pytest.param(["LAUNCH", "DESTROY"], "DESTROY", [], id="launch-then-destroy"),
        pytest.param(["DESTROY", "LAUNCH"], "PROVISION", [0], id="destroy-before-launch"),
        pytest.param(["START", "UPDATE", "LAUNCH", "DESTROY"], "DESTROY", [2], id="one-in-between"),
    ],
)
def test_events_of_one_stack_are_applied_in_the_order_of_the_batch(
    events: list[str], state: str, failing: list[int]
) -> None:
    world = World()

    outcomes = world.send(*(an_event_body(event, machine="life") for event in events))

    assert world.stack().state == state
    assert [n for n, error in enumerate(errors(outcomes)) if error] == failing


def test_tasks_that_a_later_event_of_the_batch_made_needless_are_not_sent() -> None:
    world = World()

    world.send(an_event_body("LAUNCH", machine="life"), an_event_body("DESTROY"))

    assert world.tasks_asked == [("s", "net-down")]


def test_a_task_that_is_answered_in_the_same_batch_is_not_asked_for() -> None:
    world = World()

    world.send(
        an_event_body("LAUNCH", machine="life"),
        an_event_body("TASK_COMPLETED", task={"name": "net"}),
    )

    assert world.tasks_asked == [("s", "db")]


def test_of_attempts_asked_for_in_one_batch_only_the_last_is_sent() -> None:
    world = World()

    world.send(
        an_event_body("LAUNCH", machine="life"),
        an_event_body("RETRY_PENDING_TASKS"),
        an_event_body("RETRY_PENDING_TASKS"),
    )

    assert world.tasks_asked == [("s", "net"), ("s", "db")]
    assert [world.asked(name)["task"]["attempt"] for name in ("net", "db")] == [3, 3]
    assert world.asked("net")["task"]["token"] == token_of(world.stack(), "net")


def test_a_task_message_shows_the_stack_as_the_whole_batch_left_it() -> None:
    world = World()

    world.send(
        an_event_body("LAUNCH", machine="life", metadata={"a": 1}),
        an_event_body("PING", metadata={"b": 2}),
    )

    assert [world.asked(task)["stack"]["metadata"] for task in ("net", "db")] == [
        {"a": 1, "b": 2}
    ] * 2


def test_a_stack_may_live_and_end_and_live_again_within_one_batch() -> None:
    world = World()

    outcomes = world.send(
        an_event_body("START", machine="life", metadata={"first": 1}),
        an_event_body("DROP"),
        an_event_body("LAUNCH", machine="life", metadata={"second": 2}),
    )

    assert errors(outcomes) == [None] * 3
    assert (world.stack().state, world.stack().metadata) == ("PROVISION", {"second": 2})
    assert world.stack().version == 1


def test_the_same_message_twice_in_a_batch_is_applied_once_and_sent_once() -> None:
    world = World()
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))

    assert verdicts(world.deliver(launch, launch)) == [Verdict.APPLIED, Verdict.DUPLICATE]
    assert world.tasks_asked == [("s", "net"), ("s", "db")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({}, {"message_id": "m-1"}, id="same-message-id"),
        pytest.param({"eventId": "e-1"}, {"message_id": "m-2"}, id="same-event-id-sent-again"),
    ],
)
def test_an_event_is_known_by_its_own_id_or_else_its_messages(
    first: dict[str, str], second: dict[str, str]
) -> None:
    world = World()
    body = an_event_body("LAUNCH", machine="life", **first)
    world.deliver(a_delivery(body, message_id="m-1"))

    again = world.deliver(a_delivery(body, **second))  # type: ignore[arg-type]

    assert verdicts(again) == [Verdict.DUPLICATE]


def test_equal_bodies_in_different_messages_are_different_events() -> None:
    world = World()
    world.send(an_event_body("START", machine="life"))

    outcomes = world.send(an_event_body("PING"), an_event_body("PING"))

    assert verdicts(outcomes) == [Verdict.APPLIED] * 2


# ---- each record its own outcome


def test_each_record_has_its_own_outcome() -> None:
    world = World()

    outcomes = world.send(
        "{",
        an_event_body("LAUNCH", "a", machine="life"),
        an_event_body("LAUNCH", "b", machine="no-such"),
        an_event_body("PING", "c"),
        an_event_body("NEXT", "a"),
        an_event_body("TASK_COMPLETED", "d", task={"name": "x", "token": "t"}),
    )

    assert errors(outcomes) == [
        "InvalidMessageError",
        None,
        "MachineNotFoundError",
        "StackNotFoundError",
        "EventNotAllowedFromOutsideError",
        None,
    ]
    assert [outcome.fate for outcome in outcomes] == [
        Fate.DEAD_LETTERED,
        Fate.DONE,
        Fate.RETURNED,
        Fate.RETURNED,
        Fate.DEAD_LETTERED,
        Fate.DONE,
    ]
    assert world.stack("a").state == "PROVISION"


class BrokenMachine:
    """A machine with a bug: it does what the test says instead."""

    name = "broken"
    digest = "broken"
    source = ""
    dead_letters_failures = False
    keeps_its_stacks = False

    def __init__(self, *, react: Exception | None = None, config: object = None) -> None:
        self._react = react
        self._config = config

    def react(self, stack: Stack, event: Event, given: Given) -> Stack:
        if self._react:
            raise self._react
        return stack.entering("RUN", [self.task(stack, "job")], event.id, given)

    def outgrown(
        self, stack: Stack, after: Stack, event: Event, given: Given, refusal: StackTooLargeError
    ) -> Stack:
        raise refusal

    def adopt(self, stack: Stack, states: Mapping[str, str]) -> Stack:
        return stack

    def task(self, stack: Stack, name: str) -> TaskSpec:
        return TaskSpec(name, "lambda", {"odd": self._config})  # type: ignore[dict-item]


class BrokenLocator(InMemoryMachineLocator):
    """A locator whose machine `bad` has a file with errors, and `worse` surprises."""

    def get(self, name: str) -> Machine:
        if name == "bad":
            raise InvalidDefinitionError("bad.yml:1:1: no states", machine="bad")
        if name == "worse":
            raise OSError("disk on fire")
        return super().get(name)


@pytest.mark.parametrize(
    ("machine", "error"),
    [
        pytest.param("bad", "InvalidDefinitionError", id="file-with-errors"),
        pytest.param("worse", "OSError", id="locator-surprises"),
        pytest.param("broken", "ZeroDivisionError", id="machine-surprises"),
        pytest.param("endless", "RecursionError", id="machine-without-end"),
        pytest.param("odd", "TypeError", id="task-cannot-be-written"),
    ],
)
def test_one_bad_machine_never_costs_the_other_stacks(machine: str, error: str) -> None:
    machines = BrokenLocator([a_machine()])
    for name, broken in {
        "broken": BrokenMachine(react=ZeroDivisionError("surprise")),
        "endless": BrokenMachine(react=RecursionError()),
        "odd": BrokenMachine(config=object()),
    }.items():
        broken.name = name
        machines.put(broken)
    world = World(machines=machines)

    outcomes = world.send(
        an_event_body("LAUNCH", "a", machine="life"),
        an_event_body("LAUNCH", "b", machine=machine),
        an_event_body("LAUNCH", "c", machine="life"),
    )

    assert errors(outcomes) == [None, error, None]
    assert outcomes[1].fate is Fate.RETURNED
    assert [world.stack(name).state for name in "ac"] == ["PROVISION"] * 2
    assert world.tasks_asked == [("a", "net"), ("a", "db"), ("c", "net"), ("c", "db")]


@pytest.mark.parametrize("row", ["{", "[]", '{"id": "b"}', '{"id": "b", "tasks": ["x"]}', "null"])
def test_one_bad_row_never_costs_the_other_stacks_and_stays_as_it_is(row: str) -> None:
    stacks = CountingStacks()
    stacks.rows["b"] = row
    world = World(stacks)

    outcomes = world.send(
        *(an_event_body("LAUNCH", name, machine="life") for name in ("a", "b", "c"))
    )

    assert errors(outcomes) == [None, "UnreadableRowError", None]
    assert outcomes[1].fate is Fate.RETURNED
    assert stacks.rows["b"] == row
    assert world.stack("c").state == "PROVISION"


def test_a_store_that_fails_for_one_stack_fails_its_events_only() -> None:
    world = World(FailingStacks(loads=["b"], saves=["c"]))

    outcomes = world.send(
        *(an_event_body("LAUNCH", name, machine="life") for name in ("a", "b", "c"))
    )

    assert errors(outcomes) == [None, "ServiceUnavailableError", "ServiceUnavailableError"]
    assert world.tasks_asked == [("a", "net"), ("a", "db")]


# ---- the commit


def test_a_failed_commit_sends_nothing_and_applies_nothing() -> None:
    stacks = FailingStacks(saves=["s"])
    world = World(stacks)

    outcomes = world.launch()

    assert (errors(outcomes), outcomes[0].fate) == (["ServiceUnavailableError"], Fate.RETURNED)
    assert not world.has()
    assert world.tasks.calls == []


def test_a_failed_commit_fails_every_event_that_was_folded_into_it() -> None:
    world = World(FailingStacks(saves=["s"]))

    outcomes = world.send(
        an_event_body("START", machine="life"),
        an_event_body("PING"),
        # These are judged by a stack that was never committed: not for ever refused.
        an_event_body("PING", machine="other"),
        an_event_body("TASK_COMPLETED", task={"name": "x"}),
    )

    assert errors(outcomes) == ["ServiceUnavailableError"] * 4
    assert {outcome.fate for outcome in outcomes} == {Fate.RETURNED}


def test_what_was_refused_by_the_committed_stack_stays_refused_when_the_commit_fails() -> None:
    stacks = FailingStacks()
    world = World(stacks)
    world.send(an_event_body("START", machine="life"))
    stacks.failing_saves = {"s"}

    outcomes = world.send(an_event_body("NEXT"), an_event_body("PING"))

    assert errors(outcomes) == ["EventNotAllowedFromOutsideError", "ServiceUnavailableError"]


def test_a_lost_race_reloads_and_applies_to_the_stack_as_it_is_now() -> None:
    stacks = RacedStacks(lambda: rival.deliver(a_delivery(an_event_body(metadata={"theirs": 1}))))
    rival = World(stacks.inner)
    rival.send(an_event_body("START", machine="life"))
    world = World(stacks)

    outcomes = world.send(an_event_body(metadata={"ours": 2}))

    assert verdicts(outcomes) == [Verdict.APPLIED]
    assert (len(stacks.loads), len(stacks.saves)) == (2, 2)
    assert world.stack().metadata == {"theirs": 1, "ours": 2}


def test_a_lost_race_reloads_only_the_stack_that_lost_it() -> None:
    stacks = RacedStacks(lambda: rival.send(an_event_body("PING", "b")))
    rival = World(stacks.inner)
    rival.send(*(an_event_body("START", name, machine="life") for name in "abc"))
    world = World(stacks)

    outcomes = world.send(*(an_event_body("PING", name) for name in "abc"))

    assert errors(outcomes) == [None] * 3
    assert stacks.loads == [["a", "b", "c"], ["b"]]
    assert [world.stack(name).version for name in "abc"] == [2, 3, 2]


def test_two_completions_at_once_are_both_applied_and_advance_once() -> None:
    """Defect of the original: the second writer overwrote the first."""
    stacks = RacedStacks(lambda: rival.send(an_answer_body(world.asked("net"))), times=0)
    world = World(stacks)
    rival = World(stacks.inner)
    world.launch()
    stacks.times = 1

    outcomes = world.complete("db")

    assert verdicts(outcomes) == [Verdict.APPLIED]
    stack = world.stack()
    assert (stack.state, stack.previous_state, stack.tasks) == ("RUN", "PROVISION", ())
    assert stack.epoch == 2


def test_two_launches_at_once_make_one_stack_and_send_its_tasks_once() -> None:
    stacks = RacedStacks(lambda: rival.launch())
    rival = World(stacks.inner)
    world = World(stacks)

    outcomes = world.launch()

    assert errors(outcomes) == ["TransitionNotAllowedError"]
    assert [world.tasks.sent, rival.tasks_asked] == [[], [("s", "net"), ("s", "db")]]


def test_the_same_launch_at_once_in_two_places_is_one_launch() -> None:
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))
    stacks = RacedStacks(lambda: rival.deliver(launch))
    rival = World(stacks.inner)
    world = World(stacks)

    outcomes = world.deliver(launch)

    assert verdicts(outcomes) == [Verdict.DUPLICATE]
    assert world.stack().version == 1
    assert {world.asked("net")["task"]["token"]} == {rival.asked("net")["task"]["token"]}


def test_a_race_lost_over_and_over_gives_the_events_back_and_sends_nothing() -> None:
    stacks = RacedStacks(lambda: rival.send(an_event_body("PING")), times=0)
    rival = World(stacks.inner)
    rival.send(an_event_body("START", machine="life"))
    world = World(stacks)
    stacks.times = 100

    outcomes = world.send(an_event_body("UPDATE"), an_event_body("PING", metadata={"lost": 1}))

    assert errors(outcomes) == ["StackConflictError"] * 2
    assert {outcome.fate for outcome in outcomes} == {Fate.RETURNED}
    assert len(stacks.saves) == COMMIT_ATTEMPTS
    assert world.tasks.calls == []
    assert (world.stack().state, world.stack().metadata) == ("RUN", {})


def test_a_race_lost_until_the_last_attempt_is_won_in_the_end() -> None:
    stacks = RacedStacks(lambda: rival.send(an_event_body("PING")), times=0)
    rival = World(stacks.inner)
    rival.send(an_event_body("START", machine="life"))
    world = World(stacks)
    stacks.times = COMMIT_ATTEMPTS - 1

    assert verdicts(world.send(an_event_body("UPDATE"))) == [Verdict.APPLIED]
    assert world.tasks_asked == [("s", "db"), ("s", "smoke")]


def test_a_commit_whose_outcome_is_unknown_is_made_good_by_the_redelivery() -> None:
    stacks = FailingStacks(saves=["s"], written=True)
    world = World(stacks)
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))

    unknown = world.deliver(launch)
    stacks.failing_saves = set()
    again = world.deliver(launch)

    assert (errors(unknown), errors(again)) == (["ServiceUnavailableError"], [None])
    assert (world.stack().state, world.stack().version) == ("PROVISION", 1)
    assert world.tasks_asked == [("s", "net"), ("s", "db")]


def test_an_event_that_makes_the_metadata_too_large_is_refused_and_costs_no_other() -> None:
    world = World()
    world.send(an_event_body("START", machine="life"))
    large = [an_event_body(metadata={f"k{n}": "x" * 60_000}) for n in range(2)]

    outcomes = world.send(large[0], large[1], an_event_body(metadata={"small": 1}))

    assert errors(outcomes) == [None, "StackTooLargeError", None]
    assert outcomes[1].fate is Fate.DEAD_LETTERED
    assert set(world.stack().metadata) == {"k0", "small"}


class RefusingStacks(InMemoryStackRepository):
    """Cannot keep a stack with a certain metadata key."""

    def save(self, stacks: Sequence[Stack]) -> Mapping[str, CloudSeamError]:
        refused = {stack.id for stack in stacks if "refused" in stack.metadata}
        failures = super().save([stack for stack in stacks if stack.id not in refused])
        return {**failures, **{stack_id: StackTooLargeError() for stack_id in refused}}


def test_an_event_that_cannot_be_kept_costs_no_other_event_of_its_stack() -> None:
    world = World(RefusingStacks())
    bodies = [
        an_event_body("LAUNCH", machine="life"),
        an_event_body(metadata={"refused": 1}),
        an_event_body(metadata={"kept": 1}),
    ]

    outcomes = world.send(*bodies)

    assert errors(outcomes) == [None, "StackTooLargeError", None]
    assert world.stack().metadata == {"kept": 1}
    assert world.tasks_asked == [("s", "net"), ("s", "db")]


def in_order(*bodies: Mapping[str, object]) -> list[Delivery]:
    """Deliveries as a stream makes them while they are young."""
    return [replace(a_delivery(body), in_order=True) for body in bodies]


def test_in_a_stream_what_comes_behind_an_event_that_waits_waits_too() -> None:
    world = World()
    world.launch()

    outcomes = world.deliver(
        *in_order(
            an_event_body("UPDATE"),  # too early: the stack does not run yet
            an_event_body("DESTROY"),
            an_event_body("LAUNCH", "other", machine="life"),
        )
    )

    assert errors(outcomes) == ["TransitionNotAllowedError", "EarlierEventWaitsError", None]
    assert world.stack().state == "PROVISION"
    assert world.stack("other").state == "PROVISION"


def test_in_a_stream_what_can_never_work_holds_up_nothing() -> None:
    world = World()
    world.launch()

    outcomes = world.deliver(*in_order(an_event_body("NEXT"), an_event_body("DESTROY")))

    assert errors(outcomes) == ["EventNotAllowedFromOutsideError", None]
    assert world.stack().state == "DESTROY"


def test_in_a_stream_order_is_kept_where_events_are_committed_one_by_one() -> None:
    world = World(RefusingStacks())
    world.launch()

    outcomes = world.deliver(
        *in_order(
            an_event_body(metadata={"refused": 1}),
            an_event_body("UPDATE"),
            an_event_body("DESTROY"),
        )
    )

    assert errors(outcomes) == [
        "StackTooLargeError",
        "TransitionNotAllowedError",
        "EarlierEventWaitsError",
    ]
    assert [outcome.fate for outcome in outcomes] == [
        Fate.DEAD_LETTERED,
        Fate.RETURNED,
        Fate.RETURNED,
    ]
    assert world.stack().state == "PROVISION"


def test_when_the_last_event_cannot_be_kept_the_tasks_of_the_others_are_sent() -> None:
    world = World(RefusingStacks())

    world.send(an_event_body("LAUNCH", machine="life"), an_event_body(metadata={"refused": 1}))

    assert world.tasks_asked == [("s", "net"), ("s", "db")]


def test_a_removal_is_one_write_and_leaves_a_tombstone() -> None:
    stacks = CountingStacks()
    world = World(stacks)
    world.send(an_event_body("START", machine="life", metadata={"secret": CANARY}))

    world.send(an_event_body("DROP"))

    assert stacks.saves == [["s"], ["s"]]
    row = json.loads(stacks.rows["s"])
    assert set(row) == {
        "id",
        "machine",
        "version",
        "epoch",
        "applied",
        "history",
        "removedAt",
        "ttl",
    }


# ---- the send


def refusing(task: str) -> Callable[[OutgoingMessage], bool]:
    return lambda message: bool(json.loads(message.body)["task"]["name"] == task)


def test_a_failed_send_fails_exactly_the_deliveries_it_was_owed_to() -> None:
    world = World()
    world.send(an_event_body("START", "b", machine="life"))
    world.tasks.refuses = refusing("smoke")

    outcomes = world.send(
        an_event_body("LAUNCH", "a", machine="life"),
        an_event_body("UPDATE", "b"),
        an_event_body("START", "c", machine="life"),
    )

    assert errors(outcomes) == [None, "ServiceUnavailableError", None]
    assert outcomes[1].fate is Fate.RETURNED


def test_a_redelivery_sends_again_without_a_second_transition() -> None:
    world = World()
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))
    world.tasks.refuses = refusing("db")
    world.deliver(launch)
    committed = world.stack()

    world.tasks.refuses = lambda message: False
    again = world.deliver(launch)

    assert verdicts(again) == [Verdict.DUPLICATE]
    assert world.stack() == committed
    sent = [json.loads(message.body)["task"] for message in world.tasks.sent]
    assert [task["name"] for task in sent] == ["net", "net", "db"]
    assert sent[0]["token"] == sent[1]["token"]


def test_a_failed_send_after_the_last_completion_is_made_good_by_its_redelivery() -> None:
    machines = InMemoryMachineLocator(
        [
            a_machine(
                a_state("INIT", on={"LAUNCH": "ONE"}),
                a_state("ONE", tasks=("a",), on={"NEXT": "TWO"}),
                a_state("TWO", tasks=("b",), on={"NEXT": "INIT"}),
            )
        ]
    )
    world = World(machines=machines)
    world.launch()
    done = a_delivery(an_answer_body(world.asked("a")))
    world.tasks.refuses = refusing("b")

    lost = world.deliver(done)
    world.tasks.refuses = lambda message: False
    again = world.deliver(done)

    assert (errors(lost), verdicts(again)) == (["ServiceUnavailableError"], [Verdict.LATE])
    assert (world.stack().state, world.stack().version) == ("TWO", 2)
    assert world.tasks_asked == [("s", "a"), ("s", "b")]


def test_a_redelivery_sends_only_what_has_not_been_answered() -> None:
    world = World()
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))
    world.deliver(launch)
    world.complete("net")

    world.deliver(launch)

    assert world.tasks_asked == [("s", "net"), ("s", "db"), ("s", "db")]


def test_a_redelivery_after_the_stack_moved_on_sends_nothing() -> None:
    world = World()
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))
    world.deliver(launch)
    world.complete("net", "db")

    assert verdicts(world.deliver(launch)) == [Verdict.DUPLICATE]
    assert len(world.tasks_asked) == 2


# ---- whole lives


def test_a_stack_goes_through_its_whole_life() -> None:
    world = World()
    world.launch(metadata={"size": 1})
    assert statuses(world.stack()) == {"net": "PENDING", "db": "PENDING"}
    world.complete("db", "net")
    assert world.stack().state == "RUN"
    world.send(an_event_body("UPDATE"))
    world.complete("smoke", "db")
    world.send(an_event_body("DESTROY"))
    world.complete("net-down")

    assert world.stack().is_removed
    assert world.letters.sent == []
    assert world.tasks_asked == [("s", name) for name in ("net", "db", "db", "smoke", "net-down")]


def test_a_late_duplicate_does_not_bring_a_removed_stack_back_but_a_new_launch_does() -> None:
    world = World()
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))
    world.deliver(launch)
    late = a_delivery(an_answer_body(world.asked("net")))
    world.send(an_event_body("DESTROY"))
    world.complete("net-down")
    gone = world.stack()

    outcomes = world.deliver(launch, late)
    assert verdicts(outcomes) == [Verdict.DUPLICATE, Verdict.LATE]
    assert world.stack() == gone

    world.launch()
    assert (world.stack().state, world.stack().version) == ("PROVISION", gone.version + 1)
    assert world.stack().epoch > gone.epoch


def test_two_services_with_different_machines_share_nothing_but_the_store() -> None:
    """A spec changed between two deploys: the stack follows the definition each one has."""
    stacks = CountingStacks()
    old: StatesMachine = a_machine()
    new = a_machine(*old.definition.states.values(), digest="digest-2")
    World(stacks, InMemoryMachineLocator([old])).send(an_event_body("START", machine="life"))
    newer = World(stacks, InMemoryMachineLocator([new]))

    newer.send(an_event_body("PING"))

    assert newer.stack().machine_digest == "digest-2"


def test_where_tokens_are_required_an_answer_without_one_is_dead_lettered_and_others_count() -> (
    None
):
    world = World(requires_token=True)
    world.launch()
    bare = {"stackId": "s", "event": "TASK_COMPLETED", "task": {"name": "net"}}

    outcomes = world.send(bare, an_answer_body(world.asked("db")))

    assert errors(outcomes) == ["TaskTokenMissingError", None]
    assert outcomes[0].fate is Fate.DEAD_LETTERED
    assert statuses(world.stack()) == {"net": "PENDING", "db": "SATISFIED"}


# ---- tasks that run in a container

IN_CONTAINER = TaskSpec("net", "terraform", {}, runner=CONTAINER)


def machines_with(*tasks: TaskSpec) -> InMemoryMachineLocator:
    """The machine of a whole life with these tasks in place of its own."""
    machine = a_machine()
    known = dict(machine.definition.tasks) | {task.name: task for task in tasks}
    changed = replace(machine.definition, tasks=known)
    return InMemoryMachineLocator([replace(machine, definition=changed)])


def test_tasks_of_a_batch_are_one_send_on_each_of_their_queues() -> None:
    containers = CountingQueue()
    world = World(machines=machines_with(IN_CONTAINER), container_tasks=containers)
    ids = [f"s{n}" for n in range(10)]

    outcomes = world.send(*(an_event_body("LAUNCH", name, machine="life") for name in ids))

    assert errors(outcomes) == [None] * 10
    assert (world.tasks.calls, containers.calls) == ([10], [10])
    assert {json.loads(message.body)["task"]["name"] for message in world.tasks.sent} == {"db"}
    asked = [json.loads(message.body)["task"] for message in containers.sent]
    assert {(task["name"], task["runner"]) for task in asked} == {("net", "container")}


def test_a_queue_that_fails_sends_back_the_events_that_it_owes_and_no_others() -> None:
    containers = CountingQueue()
    world = World(machines=machines_with(IN_CONTAINER), container_tasks=containers)
    containers.refuses = lambda message: True
    launch = an_event_body("LAUNCH", "a", machine="life")

    outcomes = world.send(launch, an_event_body("START", "b", machine="life"))

    assert errors(outcomes) == ["ServiceUnavailableError", None]
    assert len(world.tasks.sent) == 1
    assert containers.sent == []


def test_without_a_queue_for_containers_an_event_that_asks_for_one_is_refused_as_a_whole() -> None:
    stacks = CountingStacks()
    world = World(stacks, machines_with(IN_CONTAINER))

    outcomes = world.send(
        an_event_body("LAUNCH", "a", machine="life"), an_event_body("START", "b", machine="life")
    )

    assert errors(outcomes) == ["ContainerQueueMissingError", None]
    assert outcomes[0].fate is Fate.DEAD_LETTERED
    assert stacks.saves == [["b"]]
    assert world.tasks.sent == []
    [letter] = world.letters.sent
    assert letter.attributes["reason"] == (
        "Task 'net' of stack 'a' has `runner: container`, but SQS_CONTAINER_TASK_QUEUE_URL is not "
        "set: there is no queue for it. Deploy with ContainerTasks=true, or set it; then redrive "
        "this event."
    )


def test_a_container_task_that_was_lost_is_sent_again_on_its_own_queue() -> None:
    containers = CountingQueue()
    world = World(machines=machines_with(IN_CONTAINER), container_tasks=containers)
    world.launch()
    stack = world.stack()
    tokens = tuple(task.token for task in stack.tasks)

    [outcome] = world.service.handle_events([Event("sweep", "s", TIMER_DUE, lost=tokens)])

    assert outcome.error is None
    again = [json.loads(message.body)["task"] for message in containers.sent]
    assert [task["name"] for task in again] == ["net", "net"]
    assert again[0]["token"] == again[1]["token"]
    assert len(world.tasks.sent) == 2


def test_the_service_needs_only_its_ports() -> None:
    machines = LatestMachines(InMemoryMachineLocator([a_machine()]), InMemoryMachineVersions())
    service = StackService(
        CountingStacks(), machines, Outbox(CountingQueue(), NoTimers()), FakeClock()
    )

    assert service.handle_batch([]) == []
