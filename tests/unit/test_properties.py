"""What holds for any sequence of events, whatever their order and however often they come."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudseam.outcome import Outcome
from cloudseam.persistence.memory import InMemoryStackRepository
from cloudseam.persistence.row import from_row, to_row
from cloudseam.stack import Stack, TaskStatus
from cloudseam.step import Verdict
from tests.builders import FakeClock, a_delivery, an_event_body
from tests.world import World

# The same examples in each run, so that a red build is red again.
steady = settings(max_examples=100, deadline=None, derandomize=True, database=None)

EVENTS = ["LAUNCH", "START", "PING", "UPDATE", "RESTART", "DESTROY", "DROP", "NEXT", "NO-SUCH"]
RETRIES = ["RETRY_FAILED_TASKS", "RETRY_PENDING_TASKS"]
TASKS = ["net", "db", "smoke", "net-down"]

Body = dict[str, Any]

outside = st.builds(
    lambda event, key, machine: an_event_body(event, metadata={key: event}, machine=machine),
    st.sampled_from(EVENTS + RETRIES),
    st.sampled_from("abc"),
    st.sampled_from(["life", "life", "life", None]),
)
# Which message an answer answers: the how-manieth of those sent so far, or none of them.
answers = st.tuples(
    st.sampled_from(["TASK_COMPLETED", "TASK_COMPLETED", "TASK_ERROR"]),
    st.sampled_from(TASKS),
    st.one_of(st.integers(0, 12), st.sampled_from(["from outside", "forged"])),
)
moves = st.lists(st.one_of(outside, answers), max_size=14)


def body_of(move: Any, world: World) -> Body:
    """The message of a move; an answer echoes a task message that was sent before."""
    if isinstance(move, dict):
        return move
    event, name, which = move
    task: Body = {"name": name} | ({"token": "f" * 32} if which == "forged" else {})
    if isinstance(which, int) and world.tasks.sent:
        asked = json.loads(world.tasks.sent[which % len(world.tasks.sent)].body)
        task = asked["task"]
    return {"stackId": "s", "event": event, "task": task, "description": "?"}


def played(moves: list[Any]) -> tuple[World, list[Outcome]]:
    """A world after these moves, one delivery each, and what became of them."""
    world, outcomes = World(clock=FakeClock(1)), []
    for move in moves:
        outcomes += world.deliver(a_delivery(body_of(move, world)))
    return world, outcomes


def is_final(outcome: Outcome) -> bool:
    """Whether the event can never do anything any more.

    A rejected one may be allowed later. So may an answer without a token that came too early or
    too late: nothing ties it to an attempt, and what had no effect is not remembered.
    """
    answer = outcome.event.answer if outcome.event else None
    return outcome.verdict is Verdict.APPLIED or bool(answer and answer.token)


def without_notes(stack: Stack | None) -> Stack | None:
    """The stack without the notes of answers that came too late, which are commits too."""
    return stack and replace(stack, history=(), version=0)


def stored(world: World) -> Stack | None:
    return world.stacks.load(["s"]).stacks.get("s")


@steady
@given(moves, st.data())
def test_replaying_any_applied_message_changes_nothing(
    moves: list[Any], data: st.DataObject
) -> None:
    world, outcomes = played(moves)
    final = [outcome.delivery for outcome in outcomes if is_final(outcome)]
    before = stored(world)
    owed = {task.token for task in before.tasks} if before else set()
    sent = len(world.tasks.sent)

    for delivery in data.draw(st.permutations(final)):
        world.deliver(delivery)

    assert without_notes(stored(world)) == without_notes(before)
    again = [json.loads(message.body)["task"]["token"] for message in world.tasks.sent[sent:]]
    assert set(again) <= owed


@steady
@given(moves)
def test_folding_a_batch_equals_applying_one_by_one(moves: list[Any]) -> None:
    guide, _ = played(moves)
    deliveries = [a_delivery(body_of(move, guide)) for move in moves]
    together, apart = World(clock=FakeClock(1)), World(clock=FakeClock(1))

    outcomes = together.deliver(*deliveries)
    alone = [apart.deliver(delivery)[0] for delivery in deliveries]

    assert [(o.verdict, type(o.error)) for o in outcomes] == [
        (o.verdict, type(o.error)) for o in alone
    ]
    ours, theirs = stored(together), stored(apart)
    assert (ours and without_count(ours)) == (theirs and without_count(theirs))
    assert (ours and ours.version) == (theirs and 1)


def without_count(stack: Stack) -> Body:
    """The row, but for what counts commits."""
    return {name: value for name, value in to_row(stack).items() if name != "version"}


@steady
@given(moves)
def test_an_answer_advances_a_stack_only_when_it_was_the_last_one_missing(moves: list[Any]) -> None:
    world = World()
    for move in moves:
        (outcome,) = world.deliver(a_delivery(body_of(move, world)))
        before, after, event = outcome.before, outcome.after, outcome.event
        if before and after and event and event.answer and after.epoch > before.epoch:
            undone = [t.name for t in before.tasks if t.status is not TaskStatus.SATISFIED]
            assert undone == [event.answer.task]


@steady
@given(moves)
def test_what_counts_only_ever_grows(moves: list[Any]) -> None:
    world = World()
    version = epoch = 0
    for move in moves:
        world.deliver(a_delivery(body_of(move, world)))
        stack = stored(world)
        if stack:
            assert stack.version in (version, version + 1)
            assert stack.epoch in (epoch, epoch + 1, epoch + 2)
            version, epoch = stack.version, stack.epoch


@steady
@given(moves)
def test_every_pending_task_was_asked_for_by_its_current_token(moves: list[Any]) -> None:
    world, _ = played(moves)
    stack = stored(world)
    sent = {json.loads(message.body)["task"]["token"] for message in world.tasks.sent}

    pending = [t for t in (stack.tasks if stack else ()) if t.status is TaskStatus.PENDING]

    assert {task.token for task in pending} <= sent


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**37), 10**37)
    | st.floats(-1e100, 1e100, allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), inner)
    ),
    max_leaves=6,
)


@steady
@given(moves, st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values))
def test_any_stack_survives_its_row(moves: list[Any], outputs: dict[str, Any]) -> None:
    world, _ = played(moves)
    stack = (stored(world) or Stack("s", "life")).with_outputs("net", outputs)
    store = InMemoryStackRepository()

    row = json.loads(json.dumps(to_row(stack)))

    back = from_row(row)
    assert to_row(back) == row | {"version": row["version"] + 1}
    assert back.metadata == stack.metadata
    assert (back.is_removed, back.tasks) == (stack.is_removed, stack.tasks)
    assert stack.version or store.save([stack]) == {}
