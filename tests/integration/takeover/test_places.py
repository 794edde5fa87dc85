"""Rows of the original become ours without loss, and what the original writes then is refused."""

import json
from collections.abc import Callable
from typing import Any

import pg8000.native  # type: ignore[import-untyped]
import pytest

from cloudseam.errors import ForeignWriteError
from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam.stack import Stack, TaskStatus
from cloudseam_cli.takeover.adoption import carry_out, plan_of
from cloudseam_cli.takeover.found_row import FoundRow
from cloudseam_cli.takeover.remark import Remark
from cloudseam_cli.takeover.survey import Survey, written_meanwhile
from tests.builders import NOW, a_stack
from tests.integration.takeover.originals import (
    ORIGINALS,
    Original,
    an_original_row,
    recorded_rows,
)


def found(original: Original) -> Survey:
    """A survey of nothing but the rows."""
    rows = sorted(original.place.rows(), key=lambda row: row.id)
    return Survey(rows, (), (), original.place.adopted_at())


def adopted(original: Original, *named: str) -> list[Remark]:
    """Has the rows taken over; why they were not."""
    plan = plan_of(found(original), named)
    return [*plan.remarks, *carry_out(plan, original.place, NOW, lambda done: None)]


def ours(original: Original, stack_id: str = "s") -> Stack:
    return original.ours.load([stack_id]).stacks[stack_id]


def test_reading_changes_nothing_and_finds_stacks_that_have_no_version(original: Original) -> None:
    original.save(an_original_row())
    before = original.row("s")

    [row] = original.place.rows()

    assert row.stack is not None
    assert (row.stack.state, row.is_ours, original.place.adopted_at()) == ("PROVISION", False, None)
    assert row.stack.created_at > 0
    assert list(original.place.rows()) == [row]
    assert original.row("s") == before


def test_a_stack_in_flight_keeps_all_it_has_and_gets_a_version(original: Original) -> None:
    original.save(an_original_row())
    [before] = original.place.rows()

    assert adopted(original) == []

    stack = ours(original)
    assert (stack.version, stack.epoch, stack.machine_digest) == (1, 0, "")
    assert before.stack is not None
    assert stack.metadata == {"size": 2, "odd": "ż"}
    assert stack.tasks == before.stack.tasks
    assert (stack.created_at, stack.updated_at) == (
        before.stack.created_at,
        before.stack.updated_at,
    )
    assert original.place.adopted_at() == NOW
    assert [each.id for each in original.ours.scan()] == ["s"]


def test_every_recorded_row_is_taken_over(original: Original) -> None:
    rows = recorded_rows()
    if not rows:
        pytest.skip("the recorded traces are not there")
    for row in rows:
        original.save(row)

    assert adopted(original) == []

    loaded = original.ours.load([row["id"] for row in rows])
    assert loaded.failures == {}
    for row in rows:
        stack = loaded.stacks[row["id"]]
        assert (stack.state, stack.version) == (row["_state"], 1)
        assert [task.name for task in stack.tasks] == [
            task["name"] for task in row["tasks"] if task.get("name")
        ]


def test_doing_it_again_changes_nothing(original: Original) -> None:
    original.save(an_original_row())
    assert adopted(original) == []
    before = original.row("s")

    assert adopted(original) == []

    assert original.row("s") == before
    assert original.place.adopted_at() == NOW


@pytest.mark.parametrize("done", [0, 1, 2])
def test_it_goes_on_where_it_was_interrupted(original: Original, done: int) -> None:
    for name in ("a", "b", "c"):
        original.save(an_original_row(name))
    rows = found(original).not_ours
    original.place.take_over(rows[:done])

    assert original.place.adopted_at() is None
    assert adopted(original) == []

    assert [ours(original, name).version for name in ("a", "b", "c")] == [1, 1, 1]
    assert original.place.adopted_at() == NOW


def test_a_stack_that_an_event_of_ours_has_taken_over_before_is_left_alone(
    original: Original,
) -> None:
    original.save(an_original_row())
    rows = found(original)
    assert original.ours.save([ours(original)]) == {}
    before = original.row("s")

    plan = plan_of(rows, ())

    assert carry_out(plan, original.place, NOW, lambda done: None) == ()
    assert original.row("s") == before


def test_what_the_original_writes_while_rows_are_taken_over_is_not_lost(
    original: Original,
) -> None:
    original.save(an_original_row())
    plan = plan_of(found(original), ())
    later = an_original_row(_state="RUN", tasks=[])
    original.save(later)

    remarks = carry_out(plan, original.place, NOW, lambda done: None)

    # DynamoDB gives the row as it is now a version; PostgreSQL leaves it to be read again.
    assert original.row("s")["_state"] == "RUN"
    assert [remark.blocks for remark in remarks] in ([], [True])
    assert adopted(original) == []
    assert ours(original).state == "RUN"


def test_a_row_that_comes_while_rows_are_taken_over_keeps_it_from_being_sealed(
    original: Original,
) -> None:
    original.save(an_original_row("a"))
    plan = plan_of(found(original), ())
    original.save(an_original_row("b"))

    [remark] = carry_out(plan, original.place, NOW, lambda done: None)

    assert (remark.about, remark.blocks, original.place.adopted_at()) == ("original", True, None)
    assert adopted(original) == []


def test_a_row_that_goes_while_rows_are_taken_over_is_told(original: Original) -> None:
    original.save(an_original_row())
    plan = plan_of(found(original), ())
    original.remove("s")

    [remark] = carry_out(plan, original.place, NOW, lambda done: None)

    assert remark.name == "stack s"
    assert original.row("s") is None


# ---- the original, still writing


def test_dynamodb_refuses_the_events_of_a_stack_that_the_original_has_overwritten(
    request: pytest.FixtureRequest,
) -> None:
    original = ORIGINALS["dynamodb"](request)
    original.save(an_original_row())
    original.save(an_original_row("other"))
    assert adopted(original) == []
    [stale] = original.ours.load(["s"]).stacks.values()
    original.save(an_original_row(_state="RUN", tasks=[]))

    assert set(original.ours.save([stale])) == {"s"}
    loaded = original.ours.load(["s", "other"])

    assert set(loaded.stacks) == {"other"}
    assert isinstance(loaded.failures["s"], ForeignWriteError)
    assert "migrate adopt --stack s" in str(loaded.failures["s"])


def test_dynamodb_refuses_a_stack_that_the_original_has_launched_since(
    request: pytest.FixtureRequest,
) -> None:
    original = ORIGINALS["dynamodb"](request)
    assert adopted(original) == []
    original.save(an_original_row())

    assert isinstance(original.ours.load(["s"]).failures["s"], ForeignWriteError)


def test_a_row_that_was_written_since_is_taken_over_when_it_is_named(
    request: pytest.FixtureRequest,
) -> None:
    original = ORIGINALS["dynamodb"](request)
    original.save(an_original_row())
    assert adopted(original) == []
    for name in ("s", "t"):
        original.save(an_original_row(name, _state="RUN", tasks=[]))

    [told] = [remark.name for remark in adopted(original, "s")]

    assert told == "stack t"
    assert ours(original).state == "RUN"
    assert isinstance(original.ours.load(["t"]).failures["t"], ForeignWriteError)
    assert adopted(original, "t") == []
    assert [remark.name for remark in adopted(original, "t")] == ["t"]


def saves(original: Original) -> None:
    original.save(an_original_row(_state="RUN", tasks=[]))


def launches(original: Original) -> None:
    original.save(an_original_row("new"))


def removes(original: Original) -> None:
    original.remove("s")


@pytest.mark.parametrize("writes", [saves, launches, removes])
def test_postgresql_refuses_what_the_original_writes(
    request: pytest.FixtureRequest, writes: Callable[[Original], None]
) -> None:
    original = ORIGINALS["postgres"](request)
    original.save(an_original_row())
    assert adopted(original) == []
    before = original.row("s")

    with pytest.raises(pg8000.native.DatabaseError) as refused:
        writes(original)

    assert refused.value.args[0]["C"] == "23514"
    assert (original.row("s"), original.row("new")) == (before, None)


def test_postgresql_still_clears_tombstones_whose_time_is_over(
    request: pytest.FixtureRequest,
) -> None:
    original = ORIGINALS["postgres"](request)
    original.save(an_original_row())
    assert adopted(original) == []

    assert original.ours.save([ours(original).removed(NOW), a_stack(id="new", version=0)]) == {}
    long_after = NOW + (TOMBSTONE_SECONDS + 60) * 1000
    assert original.ours.save([ours(original, "new").removed(long_after)]) == {}

    assert original.row("s") is None
    assert ours(original, "new").is_removed


# ---- back again


def test_the_original_gets_its_stacks_back_without_tombstones(original: Original) -> None:
    original.save(an_original_row())
    original.save(an_original_row("gone"))
    assert adopted(original) == []
    assert original.ours.save([ours(original, "gone").removed(NOW)]) == {}

    assert original.place.release() == 1
    assert original.place.release() == 0

    assert (original.row("gone"), original.place.adopted_at()) == (None, None)
    assert original.row("s")["_state"] == "PROVISION"
    original.save(an_original_row(_state="RUN", tasks=[]))
    original.save(an_original_row("gone"))
    assert ours(original).state == "RUN"
    original.remove("gone")
    assert adopted(original) == []
    assert original.place.adopted_at() == NOW


# ---- rows that cannot be taken over


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"_state": ""}, id="no-state"),
        pytest.param({"machine": None}, id="no-machine"),
        pytest.param({"tasks": [{"name": "database", "status": "LOST"}]}, id="odd-status"),
        pytest.param({"tasks": "database"}, id="odd-tasks"),
    ],
)
def test_a_row_that_is_none_of_a_stack_is_told(original: Original, row: dict[str, Any]) -> None:
    original.save(an_original_row(**row))

    [each] = original.place.rows()

    assert (each.stack, each.is_ours) == (None, False)
    assert "The row of stack 's' cannot be read" in each.problem


def test_a_task_without_a_name_is_counted_and_left_out(original: Original) -> None:
    tasks = [{"name": "database", "status": "PENDING"}, {"status": "ERROR", "errorMessage": "?"}]
    original.save(an_original_row(tasks=tasks))

    [row] = original.place.rows()

    assert row.nameless == 1
    assert adopted(original) == []
    assert [(t.name, t.status) for t in ours(original).tasks] == [("database", TaskStatus.PENDING)]


# ---- two looks


def a_row(stack_id: str, text: str, version: int = 0) -> FoundRow:
    return FoundRow(stack_id, text, a_stack(id=stack_id, version=version))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param([a_row("s", "1")], [a_row("s", "1")], [], id="the-same"),
        pytest.param([a_row("s", "1")], [a_row("s", "2")], ["stack s"], id="written"),
        pytest.param([], [a_row("s", "1")], ["stack s"], id="launched"),
        pytest.param([a_row("s", "1")], [], ["stack s"], id="removed"),
        pytest.param([a_row("s", "1")], [a_row("s", "2", 1)], [], id="taken-over-by-us"),
        pytest.param([a_row("s", "1", 1)], [a_row("s", "2", 2)], [], id="ours"),
        pytest.param([a_row("s", "1", 1)], [a_row("s", "2")], ["stack s"], id="overwritten"),
        pytest.param([a_row("s", "1", 1)], [], [], id="ours-has-expired"),
    ],
)
def test_who_writes_between_two_looks_is_the_original(
    before: list[FoundRow], after: list[FoundRow], told: list[str]
) -> None:
    digests = {row.id: "" if row.is_ours else row.digest for row in before}

    assert [remark.name for remark in written_meanwhile(digests, after)] == told


def test_a_remark_holds_no_metadata(original: Original) -> None:
    original.save(an_original_row(metadata={"secret": "canary"}, _state=""))
    [row] = original.place.rows()

    assert "canary" not in json.dumps(row.problem)
