"""The service tells a bus of each transition that was committed: never none, never another."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from cloudseam.buses.memory import InMemoryBus
from cloudseam.delivery import Delivery
from cloudseam.errors import ServiceUnavailableError
from cloudseam.messages import transition_detail
from cloudseam.outcome import Fate
from cloudseam.persistence import StackRepository
from cloudseam.step import Verdict
from cloudseam.transition import Notice
from tests.builders import CANARY, a_delivery, an_answer_body, an_event_body
from tests.fakes import CountingStacks, FailingStacks, RacedStacks
from tests.world import MAX_RECEIVES, World, errors


class Bus(InMemoryBus):
    """A bus in memory that counts calls, and does not take the notices it is told not to."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []
        self.refuses: Callable[[Notice], bool] = lambda notice: False

    def put(self, notices: Sequence[Notice]) -> Mapping[int, Exception]:
        self.calls.append(len(notices))
        refused = {n for n, notice in enumerate(notices) if self.refuses(notice)}
        super().put([notice for n, notice in enumerate(notices) if n not in refused])
        return dict.fromkeys(refused, ServiceUnavailableError("The bus did not answer."))

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """Stack, from and to of each notice."""
        moves = [(each.stack_id, each.transition) for each in self.notices]
        return [(stack, move.origin, move.target) for stack, move in moves]


@pytest.fixture
def bus() -> Bus:
    return Bus()


def a_world(bus: Bus, stacks: StackRepository | None = None) -> World:
    return World(stacks, bus=bus)


def start(stack: str = "s", **fields: Any) -> dict[str, Any]:
    return an_event_body("START", stack, machine="life", **fields)


def test_every_transition_of_a_life_is_told_once(bus: Bus) -> None:
    world = a_world(bus)
    world.launch()
    world.send(an_event_body("PING"))
    world.complete("net", "db")
    world.send(an_event_body("DESTROY"))
    world.complete("net-down")

    assert bus.told == [
        ("s", "INIT", "PROVISION"),
        ("s", "PROVISION", "RUN"),
        ("s", "RUN", "DESTROY"),
        ("s", "DESTROY", "REMOVED"),
    ]
    assert bus.calls == [1, 1, 1, 1]


def test_a_batch_is_one_call_with_every_transition_of_it(bus: Bus) -> None:
    world = a_world(bus)

    world.send(start("a"), an_event_body("UPDATE", "a"), an_event_body("PING", "a"), start("b"))

    assert bus.calls == [3]
    assert bus.told == [("a", "INIT", "RUN"), ("a", "RUN", "UPDATE"), ("b", "INIT", "RUN")]


@pytest.mark.parametrize(
    "bodies", [[], ["not json"], [an_event_body("PING")]], ids=["nothing", "unreadable", "refused"]
)
def test_the_bus_is_not_called_for_nothing(bus: Bus, bodies: list[Any]) -> None:
    a_world(bus).send(*bodies)

    assert bus.calls == []


def test_without_a_bus_rows_are_what_they_were() -> None:
    stacks = CountingStacks()

    World(stacks).send(start())

    assert "transitions" not in stacks.rows["s"]


# ---- delivered again


def after_a_start(world: World) -> Delivery:
    return a_delivery(start())


def after_the_last_answer(world: World) -> Delivery:
    world.launch()
    world.complete("net")
    return a_delivery(an_answer_body(world.asked("db")))


def after_a_removal(world: World) -> Delivery:
    world.send(start())
    return a_delivery(an_event_body("DROP"))


def after_the_last_answer_of_all(world: World) -> Delivery:
    world.send(start())
    world.send(an_event_body("DESTROY"))
    return a_delivery(an_answer_body(world.asked("net-down")))


REDELIVERED = pytest.mark.parametrize(
    "made",
    [after_a_start, after_the_last_answer, after_a_removal, after_the_last_answer_of_all],
    ids=["an event", "an answer", "a removal", "an answer that ends the stack"],
)


@REDELIVERED
def test_a_redelivery_tells_again_what_its_event_did_and_moves_nothing(
    bus: Bus, made: Callable[[World], Delivery]
) -> None:
    world = a_world(bus)
    delivery = made(world)
    world.deliver(delivery)
    stack, notice = world.stack(), bus.notices[-1]

    (again,) = world.deliver(delivery)

    assert again.fate is Fate.DONE
    assert again.verdict in (Verdict.DUPLICATE, Verdict.LATE)
    assert bus.notices[-2:] == [notice, notice]
    assert bus.notices[-1].id == notice.id
    assert (world.stack().epoch, world.stack().state) == (stack.epoch, stack.state)


@REDELIVERED
def test_a_redelivery_is_told_right_though_the_stack_has_moved_on_to_another_life(
    bus: Bus, made: Callable[[World], Delivery]
) -> None:
    world = a_world(bus)
    delivery = made(world)
    world.deliver(delivery)
    notice = bus.notices[-1]
    if not world.stack().is_removed:
        world.send(an_event_body("DROP"))
    world.send(start())
    bus.notices.clear()

    world.deliver(delivery)

    assert bus.notices == [notice]


def test_two_deliveries_of_one_event_in_a_batch_are_one_notice(bus: Bus) -> None:
    world = a_world(bus)

    world.send(start(eventId="e"), start(eventId="e"))

    assert (bus.calls, bus.told) == ([1], [("s", "INIT", "RUN")])


# ---- commits that did not happen


def test_nothing_is_told_of_a_commit_that_failed(bus: Bus) -> None:
    world = a_world(bus, FailingStacks(saves=["s"]))

    outcomes = world.send(start(), start("t"))

    assert errors(outcomes) == ["ServiceUnavailableError", None]
    assert bus.told == [("t", "INIT", "RUN")]


def test_a_commit_whose_answer_was_lost_is_told_of_with_the_redelivery(bus: Bus) -> None:
    stacks = FailingStacks(saves=["s"], written=True)
    world = a_world(bus, stacks)
    delivery = a_delivery(start())
    world.deliver(delivery)
    assert bus.told == []
    stacks.failing_saves.clear()

    world.deliver(delivery)

    assert bus.told == [("s", "INIT", "RUN")]


def test_after_a_lost_race_only_what_was_committed_is_told(bus: Bus) -> None:
    rival: list[Callable[[], object]] = []
    stacks = RacedStacks(lambda: rival.pop()() if rival else None)
    world = a_world(bus, stacks)
    world.send(start())
    bus.notices.clear()
    other = World(stacks)
    stacks.times, rival[:] = 1, [lambda: other.send(an_event_body("DROP"))]

    outcomes = world.send(an_event_body("UPDATE"))

    assert errors(outcomes) == ["StackNotFoundError"]
    assert bus.notices == []


# ---- a bus that fails


def test_what_the_bus_did_not_take_comes_again_and_nothing_is_undone(bus: Bus) -> None:
    world = a_world(bus)
    bus.refuses = lambda notice: notice.stack_id == "s"
    deliveries = [a_delivery(start()), a_delivery(start("t"))]

    outcomes = world.deliver(*deliveries)

    assert [outcome.fate for outcome in outcomes] == [Fate.RETURNED, Fate.DONE]
    assert world.source.deferred == {deliveries[0].receipt: 5}
    assert world.stack().state == "RUN"
    assert bus.told == [("t", "INIT", "RUN")]


def test_a_bus_that_fails_does_not_hold_tasks_or_later_events_back(bus: Bus) -> None:
    world = a_world(bus)
    bus.refuses = lambda notice: True

    world.launch()
    world.complete("net", "db")
    world.send(an_event_body("UPDATE"))

    assert world.stack().state == "UPDATE"
    assert [task for _, task in world.tasks_asked] == ["net", "db", "db", "smoke"]


def test_on_its_last_receive_the_event_is_a_dead_letter_which_is_told_when_it_is_redriven(
    bus: Bus,
) -> None:
    world = a_world(bus)
    bus.refuses = lambda notice: True
    (first,) = world.deliver(a_delivery(start(eventId="e")))
    (last,) = world.deliver(a_delivery(start(eventId="e"), receive_count=MAX_RECEIVES))
    bus.refuses = lambda notice: False

    (redriven,) = world.deliver(a_delivery(world.letters.sent[0].body))

    assert (first.fate, last.fate, redriven.fate) == (
        Fate.RETURNED,
        Fate.DEAD_LETTERED,
        Fate.DONE,
    )
    reason = world.letters.sent[0].attributes["reason"]
    assert "The bus did not answer." in reason
    assert "redrive it" in reason
    assert world.stack().version == 1
    assert bus.told == [("s", "INIT", "RUN")]


def test_a_transition_whose_tasks_were_not_sent_is_told_all_the_same(bus: Bus) -> None:
    world = a_world(bus)
    world.tasks.refuses = lambda message: True

    (outcome,) = world.launch()

    assert outcome.fate is Fate.RETURNED
    assert bus.told == [("s", "INIT", "PROVISION")]


# ---- what is told


def test_a_notice_tells_ids_and_states_and_no_metadata(bus: Bus) -> None:
    world = a_world(bus)

    world.send(start("größe", eventId="e-1", metadata={"key": CANARY}))

    (notice,) = bus.notices
    assert json.loads(transition_detail(notice)) == {
        "id": notice.id,
        "stackId": "größe",
        "machine": "life",
        "from": "INIT",
        "to": "RUN",
        "event": "START",
        "eventId": "e-1",
        "epoch": 1,
        "at": notice.transition.at,
    }
    assert CANARY not in transition_detail(notice)


def test_ten_notices_fit_into_a_call_whatever_their_names_are() -> None:
    longest = World(bus=(bus := Bus()))
    longest.send(start("\N{PISTOL}" * 255, eventId="\x01" * 1000))

    # A machine's name has a thousand characters at most as well, its states and events fewer.
    assert 10 * (len(transition_detail(bus.notices[0]).encode()) + 6_000) < 256_000
