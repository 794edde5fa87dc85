"""Sizes of rows, by DynamoDB's rule, and how many units a row of a real life is."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloudseam.claim import Claim
from cloudseam.clock import SystemClock
from cloudseam.history import Entry
from cloudseam.languages import load_machine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.messages import completed_message, parse_task
from cloudseam.persistence.claim_row import row_of_claim
from cloudseam.persistence.history_row import entries_text
from cloudseam_cli.costs import pattern
from cloudseam_cli.costs.item_size import item_bytes, read_units, write_units
from tests.builders import an_answer_body, an_event_body
from tests.fakes import CountingStacks
from tests.world import World

ROOT = Path(__file__).parents[3]
MACHINE = "preview-functions"
STACK = "feature-checkout-42"


@pytest.mark.parametrize(
    ("row", "size"),
    [
        pytest.param({"id": "s"}, 2 + 1, id="text"),
        pytest.param({"id": "é"}, 2 + 2, id="text-is-counted-in-utf-8"),
        pytest.param({"n": 0}, 1 + 1, id="zero"),
        pytest.param({"n": 12345}, 1 + 4, id="digits-by-two"),
        pytest.param({"n": 1_700_000}, 1 + 2, id="zeros-at-the-end-are-free"),
        pytest.param({"n": -12.5}, 1 + 3, id="fraction"),
        pytest.param({"b": True, "z": None}, 1 + 1 + 1 + 1, id="true-and-null"),
        pytest.param({"l": []}, 1 + 3, id="empty-list"),
        pytest.param({"l": ["a", "b"]}, 1 + 3 + 2 * (1 + 1), id="list"),
        pytest.param({"m": {"ab": "c"}}, 1 + 3 + (2 + 1 + 1), id="map"),
    ],
)
def test_an_item_is_as_large_as_the_developer_guide_says(row: dict[str, Any], size: int) -> None:
    assert item_bytes(row) == size


@pytest.mark.parametrize(
    ("kb", "writes", "reads"), [(0.3, 1, 1), (1, 1, 1), (1.01, 2, 1), (4, 4, 1), (4.01, 5, 2)]
)
def test_units_are_begun(kb: float, writes: int, reads: int) -> None:
    assert (write_units(kb), read_units(kb)) == (writes, reads)


def life(*between: str) -> tuple[World, list[int]]:
    """A sample machine's life from launch to destroy; and the sizes of all rows that it wrote."""
    text = (ROOT / "machines" / f"{MACHINE}.yml").read_bytes()
    machine = load_machine(MACHINE, text, MACHINE)
    stacks = CountingStacks()
    world = World(stacks, InMemoryMachineLocator([machine]), SystemClock())
    sizes = []

    def send(body: dict[str, Any]) -> None:
        world.send(body)
        sizes.append(item_bytes(json.loads(stacks.rows[STACK])))

    metadata = {"branch": STACK, "image_tag": "v1.4.2"}
    for event in ("LAUNCH", *between, "DESTROY"):
        first = len(world.tasks.sent)
        send(an_event_body(event, STACK, machine=MACHINE, metadata=metadata))
        for message in world.tasks.sent[first:]:
            send(an_answer_body(message.body))
    return world, sizes


def test_rows_of_a_life_with_three_tasks_are_one_unit_each() -> None:
    world, sizes = life("UPDATE", "NEW-IMAGE", "UPDATE")

    assert world.stack(STACK).is_removed
    assert len(sizes) == 5 + 3 + 2 + 2 + 3
    assert {write_units(size / 1024) for size in sizes} == {1}
    assert min(sizes[:-1]) == pytest.approx(446, abs=40)
    assert max(sizes) == pytest.approx(909, abs=40)


def test_a_row_that_remembers_many_events_is_two_units() -> None:
    _, sizes = life(*["NEW-IMAGE"] * 100)

    assert write_units(sizes[20] / 1024) == 1
    assert write_units(max(sizes) / 1024) == 2


def test_messages_of_a_life_are_no_larger_than_reckoned() -> None:
    world, sizes = life()
    task = world.tasks.sent[0].body
    answer = completed_message(parse_task(task), "token/completed", {"url": "https://example.org"})

    assert len(task) < pattern.TASK_KB * 1024 + max(sizes)
    assert len(answer) < pattern.ANSWER_KB * 1024
    event = an_event_body("LAUNCH", STACK, machine=MACHINE, metadata={"branch": STACK})
    assert len(json.dumps(event)) < pattern.EVENT_KB * 1024


def test_rows_beside_a_stack_are_as_large_as_reckoned() -> None:
    claim = Claim("c" * 32, "d" * 32, 1_795_549_023_534, 1_795_549_323_534, STACK, "user@a-host")
    row = row_of_claim(claim) | {"id": f"cloudseam#claim#{claim.key}", "ttl": 1_796_845_323}
    entry = Entry(1_795_549_023_534, "TASK_COMPLETED", "PROVISION", "network", "APPLIED", 7)
    kept = {"id": f"cloudseam#history#{STACK}#{7:012}", "entries": entries_text([entry])}

    assert item_bytes(row) / 1024 == pytest.approx(pattern.CLAIM_KB, rel=0.2)
    assert item_bytes(kept) / 1024 == pytest.approx(pattern.HISTORY_KB, rel=0.4)
