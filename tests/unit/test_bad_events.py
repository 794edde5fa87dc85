"""Bad messages: no crash, a clear reason, nothing lost, nothing stored, no value shown."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from cloudseam.outcome import Fate
from tests.bad_events import BAD_EVENTS, BadEvent
from tests.builders import CANARY, a_delivery, an_event_body
from tests.fakes import CountingStacks
from tests.world import MAX_RECEIVES, World, errors


def a_world() -> tuple[World, CountingStacks]:
    stacks = CountingStacks()
    world = World(stacks)
    world.launch(metadata={"secret": CANARY})
    return world, stacks


def unnoted(rows: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Rows without the notes of answers that came too late, which are commits too."""
    parsed = {stack_id: json.loads(row) for stack_id, row in rows.items()}
    return {
        stack_id: {name: row[name] for name in row if name not in ("history", "version")}
        for stack_id, row in parsed.items()
    }


def test_there_are_many_cases_each_with_a_name_of_its_own() -> None:
    assert len(BAD_EVENTS) >= 100
    assert len({bad.id for bad in BAD_EVENTS}) == len(BAD_EVENTS)


@pytest.mark.parametrize("bad", BAD_EVENTS, ids=lambda bad: bad.id)
def test_a_bad_message_is_refused_with_its_reason_and_changes_nothing(
    bad: BadEvent, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world, stacks = a_world()
    rows, asked = dict(stacks.rows), list(world.tasks.sent)
    delivery = a_delivery(bad.body)

    (outcome,) = world.deliver(delivery)

    assert (errors([outcome]), outcome.fate) == ([bad.error], bad.fate)
    assert unnoted(stacks.rows) == unnoted(rows)
    assert world.tasks.sent == asked
    assert [letter.body for letter in world.letters.sent] == (
        [bad.body] if bad.fate is Fate.DEAD_LETTERED else []
    )
    assert list(world.source.deferred) == ([delivery.receipt] if bad.fate is Fate.RETURNED else [])
    reasons = [letter.attributes for letter in world.letters.sent]
    assert CANARY not in f"{caplog.text} {reasons} {outcome.error}"
    assert len(str(outcome.error)) < 5_000


@pytest.mark.parametrize(
    "bad", [bad for bad in BAD_EVENTS if bad.fate is Fate.RETURNED], ids=lambda bad: bad.id
)
def test_a_message_that_still_cannot_work_at_last_is_dead_lettered_with_its_reason(
    bad: BadEvent,
) -> None:
    world, _ = a_world()

    (outcome,) = world.deliver(a_delivery(bad.body, receive_count=MAX_RECEIVES))

    assert outcome.fate is Fate.DEAD_LETTERED
    (letter,) = world.letters.sent
    assert (letter.body, letter.attributes["error"]) == (bad.body, bad.error)
    assert CANARY not in str(letter.attributes)


def test_all_of_them_in_one_batch_cost_the_good_ones_between_them_nothing() -> None:
    world, stacks = a_world()
    before = json.loads(stacks.rows["s"])
    bodies = [bad.body for bad in BAD_EVENTS]
    middle = len(bodies) // 2

    outcomes = world.send(
        an_event_body("PING", metadata={"first": 1}),
        *bodies[:middle],
        an_event_body("LAUNCH", "other", machine="life"),
        *bodies[middle:],
        an_event_body("PING", metadata={"last": 2}),
    )

    good = [outcomes[0], outcomes[middle + 1], outcomes[-1]]
    assert errors(good) == [None] * 3
    bad = [outcome for outcome in outcomes if outcome not in good]
    assert errors(bad) == [case.error for case in BAD_EVENTS]
    row = json.loads(stacks.rows["s"])
    assert row["metadata"] == before["metadata"] | {"first": 1, "last": 2}
    assert set(stacks.rows) == {"s", "other"}
