"""Every store that keeps the full history keeps it with the commit, and gives it back alike."""

from dataclasses import replace
from typing import Any

import pytest

from cloudseam.errors import StackConflictError
from cloudseam.history import Entry
from cloudseam.stack import Stack
from tests.builders import NOW, a_stack
from tests.contract.stores import STORES_WITH_HISTORY, Store


@pytest.fixture(params=STORES_WITH_HISTORY)
def store(request: pytest.FixtureRequest) -> Store:
    """A store that keeps the full history, with nothing in it."""
    return STORES_WITH_HISTORY[request.param](request)


def new(stack_id: str = "s", **fields: Any) -> Stack:
    """A stack that was never stored."""
    return a_stack(id=stack_id, **{"version": 0, **fields})


def entry(number: int, event: str = "PING") -> Entry:
    return Entry(NOW + number, event, f"S{number}")


def commit(store: Store, *entries: Entry, stack_id: str = "s") -> None:
    """One commit of the stack with these entries."""
    stack = store.repository.load([stack_id]).stacks.get(stack_id) or new(stack_id)
    for one in entries:
        stack = stack.with_entry(one)
    assert store.repository.save([stack]) == {}


def test_the_entries_of_each_commit_come_back_newest_first_with_their_version(
    store: Store,
) -> None:
    answer = Entry(NOW + 2, "TASK_ERROR", "S", task="net", verdict="LATE")
    commit(store, entry(1))
    commit(store, answer, entry(3))

    assert store.repository.history("s", 2, 10) == [
        replace(entry(3), version=2),
        replace(answer, version=2),
        replace(entry(1), version=1),
    ]


def test_history_is_read_up_to_a_version_and_for_so_many_commits(store: Store) -> None:
    for number in range(1, 6):
        commit(store, entry(number))

    def versions(version: int, limit: int) -> list[int]:
        return [found.version for found in store.repository.history("s", version, limit)]

    assert versions(5, 2) == [5, 4]
    assert versions(3, 10) == [3, 2, 1]
    assert versions(4, 1) == [4]
    assert versions(7, 3) == [5]
    assert versions(0, 3) == []
    assert versions(5, 0) == []


def test_a_commit_without_entries_leaves_no_gap_in_what_is_read(store: Store) -> None:
    commit(store, entry(1))
    commit(store)
    commit(store, entry(3))

    assert [found.version for found in store.repository.history("s", 3, 3)] == [3, 1]


def test_each_stack_has_a_history_of_its_own(store: Store) -> None:
    store.repository.save(
        [new(name).with_entry(entry(1, name)) for name in ("s", "t", "s#0", "ż'")]
    )

    for name in ("s", "t", "s#0", "ż'"):
        assert [found.event for found in store.repository.history(name, 9, 9)] == [name]
    assert store.repository.history("no-such", 9, 9) in ([], ())


def test_a_lost_race_leaves_nothing_in_the_history(store: Store) -> None:
    commit(store, entry(1))
    ours = store.load()
    commit(store, entry(2, "THEIRS"))

    failures = store.repository.save(
        [ours.with_entry(entry(2, "OURS")), new("t").with_entry(entry(1))]
    )

    assert {name: type(error) for name, error in failures.items()} == {"s": StackConflictError}
    assert [found.event for found in store.repository.history("s", 9, 9)] == ["THEIRS", "PING"]
    assert len(store.repository.history("t", 9, 9)) == 1


def test_the_row_keeps_the_latest_entries_and_the_history_all_of_them(store: Store) -> None:
    for number in range(1, 121):
        commit(store, entry(number))

    recent = store.load().history

    assert 1 < len(recent) < 20
    assert recent[-1] == entry(120)
    assert [found.version for found in store.repository.history("s", 120, 500)] == [
        *range(120, 0, -1)
    ]


def test_a_removal_and_the_life_after_it_go_on_in_the_same_history(store: Store) -> None:
    commit(store, entry(1))
    grave = store.load().removed(NOW + 2).with_entry(entry(2, "DESTROY"))
    store.repository.save([grave])
    again = Stack.new("s", "life", NOW + 3, after=store.load()).with_entry(entry(3, "LAUNCH"))
    store.repository.save([again])

    events = [found.event for found in store.repository.history("s", 3, 9)]

    assert events == ["LAUNCH", "DESTROY", "PING"]


def test_a_life_after_the_tombstone_is_cleared_takes_the_old_ones_place(store: Store) -> None:
    commit(store, entry(1, "OLD"))
    store.remove_row("s")
    commit(store, entry(2, "NEW"))

    assert [found.event for found in store.repository.history("s", 1, 9)] == ["NEW"]


def test_more_entries_than_a_row_can_hold_leave_the_latest_and_cost_no_commit(
    store: Store,
) -> None:
    commit(store, *(entry(number, "E" * 900) for number in range(500)))

    kept = store.repository.history("s", 1, 1)

    assert kept[0] == replace(entry(499, "E" * 900), version=1)
    assert len(kept) > 300
