"""Every store of stacks behaves alike: conditional commits, whole values, the original's rows."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from cloudseam.errors import StackConflictError, StackTooLargeError
from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam.persistence.row import UnreadableRowError
from cloudseam.stack import Stack, event_mark
from tests.builders import NOW, a_stack, a_task
from tests.contract.stores import Store


def new(stack_id: str = "s", **fields: Any) -> Stack:
    """A stack that was never stored."""
    return a_stack(id=stack_id, **{"version": 0, **fields})


# ---- load


def test_an_id_without_a_row_is_in_neither_answer(store: Store) -> None:
    loaded = store.repository.load(["no-such"])

    assert (dict(loaded.stacks), dict(loaded.failures)) == ({}, {})


def test_a_load_of_nothing_finds_nothing(store: Store) -> None:
    assert not store.repository.load([]).stacks


def test_many_stacks_are_loaded_at_once_by_their_ids(store: Store) -> None:
    store.repository.save([new("a"), new("b"), new("c")])

    loaded = store.repository.load(["c", "missing", "a"])

    assert {name: stack.id for name, stack in loaded.stacks.items()} == {"a": "a", "c": "c"}


def test_more_stacks_are_loaded_than_one_call_takes(store: Store) -> None:
    ids = [f"s{number}" for number in range(130)]
    assert store.repository.save([new(name) for name in ids]) == {}

    loaded = store.repository.load([*ids, "missing"])

    assert set(loaded.stacks) == set(ids)
    assert loaded.failures == {}


def test_a_commit_is_seen_by_the_next_load(store: Store) -> None:
    for number in range(5):
        stack = new() if number == 0 else store.load()
        store.repository.save([replace(stack, metadata={"n": number})])
        assert store.load().metadata == {"n": number}


def test_a_damaged_row_fails_alone(store: Store) -> None:
    store.repository.save([new("a"), new("c")])
    store.put_row({"id": "b", "machine": "life", "_state": "RUN", "tasks": ["net"]})

    loaded = store.repository.load(["a", "b", "c"])

    assert set(loaded.stacks) == {"a", "c"}
    assert isinstance(loaded.failures["b"], UnreadableRowError)


@pytest.mark.parametrize("stack_id", ["$(id)", "it's", "..", "a b", "ż🚀", "x" * 255])
def test_an_odd_id_is_an_id_like_any_other(store: Store, stack_id: str) -> None:
    assert store.repository.save([new(stack_id)]) == {}

    assert store.load(stack_id).id == stack_id


# ---- whole values


def test_a_whole_stack_comes_back_one_version_later(store: Store) -> None:
    stack = new(
        state="PROVISION",
        previous_state="INIT",
        tasks={"net": "PENDING", "db": "SATISFIED"},
        metadata={"a": 1},
        outputs={"db": {"url": "u", "list": [1, None, {"x": True}], "none": {}}},
        applied=(event_mark("1"), event_mark("2")),
        machine_digest="d",
        epoch=7,
    )
    stack = stack.with_task(a_task("net", attempt=3, asked_by=event_mark("2")))
    stack = stack.with_task(a_task("db", "ERROR", error_message="no disk"))

    assert store.repository.save([stack]) == {}

    assert store.load() == replace(stack, version=1)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty-text"),
        pytest.param("x" * 10_000, id="long-text"),
        pytest.param("zażółć 日本 🚀 \x00 \n \u2028", id="unicode"),
        pytest.param(None, id="null"),
        pytest.param(True, id="true"),
        pytest.param(False, id="false"),
        pytest.param(0, id="zero"),
        pytest.param(-7, id="negative"),
        pytest.param(2**53 + 1, id="beyond-double"),
        pytest.param(10**38 - 1, id="38-digits"),
        pytest.param(-(10**38) + 1, id="minus-38-digits"),
        pytest.param(0.1, id="tenth"),
        pytest.param(-1.5e-7, id="small-float"),
        pytest.param(1.7976931348623, id="float"),
        pytest.param(1e22, id="whole-float"),
        pytest.param(1e100, id="large-float"),
        pytest.param(9.9e125, id="largest-float"),
        pytest.param(1e-130, id="smallest-float"),
    ],
)
def test_a_value_comes_back_and_can_be_written_again(store: Store, value: Any) -> None:
    assert store.repository.save([new(metadata={"k": value}, outputs={"t": {"k": [value]}})]) == {}
    assert store.repository.save([store.load()]) == {}

    stack = store.load()

    assert stack.version == 2
    assert stack.metadata == {"k": value}
    assert stack.outputs == {"t": {"k": [value]}}
    assert isinstance(stack.metadata["k"], bool) == isinstance(value, bool)


def test_keys_of_any_kind_come_back(store: Store) -> None:
    metadata = {"stack_id": "x", "-destroy": "y", "__proto__": "z", "a.b": 1, "#n": 2, "ключ": 3}
    store.repository.save([new(metadata=metadata)])

    assert store.load().metadata == metadata


def test_a_description_may_be_empty_or_left_out(store: Store) -> None:
    tasks = (a_task("a", "ERROR", error_message=""), a_task("b", "ERROR", error_message=None))
    store.repository.save([replace(new(), tasks=tasks)])

    assert store.load().tasks == tasks


# ---- commits


def test_a_lost_race_changes_nothing_and_says_so(store: Store) -> None:
    store.repository.save([new()])
    ours, theirs = store.load(), store.load()
    store.repository.save([replace(theirs, metadata={"who": "them"})])

    failures = store.repository.save([replace(ours, metadata={"who": "us"})])

    assert isinstance(failures["s"], StackConflictError)
    assert failures["s"].stack_id == "s"
    assert (store.load().metadata, store.load().version) == ({"who": "them"}, 2)


def test_two_creations_at_once_make_one_stack(store: Store) -> None:
    assert store.repository.save([new(machine="first")]) == {}

    failures = store.repository.save([new(machine="second")])

    assert isinstance(failures["s"], StackConflictError)
    assert store.load().machine == "first"


def test_a_stack_that_vanished_meanwhile_is_a_lost_race(store: Store) -> None:
    failures = store.repository.save([new(version=5)])

    assert isinstance(failures["s"], StackConflictError)
    assert not store.repository.load(["s"]).stacks


def test_each_stack_of_a_save_is_committed_on_its_own(store: Store) -> None:
    store.repository.save([new("b")])

    failures = store.repository.save(
        [new("a"), new("b"), new("c", metadata={"k": "x" * 400_000}), new("d")]
    )

    assert {name: type(error) for name, error in failures.items()} == {
        "b": StackConflictError,
        "c": StackTooLargeError,
    }
    assert set(store.repository.load(["a", "b", "c", "d"]).stacks) == {"a", "b", "d"}


@pytest.mark.parametrize("text", ["x" * 350_000, "ż" * 180_000], ids=["ascii", "unicode"])
def test_a_row_over_the_limit_is_refused_and_the_old_one_stays(store: Store, text: str) -> None:
    store.repository.save([new(metadata={"k": 1})])

    failures = store.repository.save([replace(store.load(), metadata={"k": text})])

    assert isinstance(failures["s"], StackTooLargeError)
    assert (store.load().metadata, store.load().version) == ({"k": 1}, 1)


def test_a_row_just_under_the_limit_is_kept(store: Store) -> None:
    assert store.repository.save([new(metadata={"k": "x" * 349_000})]) == {}


# ---- tombstones


def test_a_tombstone_stays_with_a_time_to_live_and_nothing_of_the_stack(store: Store) -> None:
    store.repository.save([new(metadata={"k": "v"}, applied=(event_mark("1"),))])

    store.repository.save([store.load().removed(NOW)])

    assert store.load().is_removed
    assert (store.load().applied, store.load().version) == ((event_mark("1"),), 2)
    row = store.row("s")
    assert row["ttl"] == NOW // 1000 + TOMBSTONE_SECONDS
    assert not {"metadata", "tasks", "_state", "outputs"} & set(row)


def test_a_new_life_takes_the_tombstones_place_once(store: Store) -> None:
    store.repository.save([new(epoch=4).removed(NOW)])
    grave = store.load()
    again = Stack.new("s", "life", NOW + 1, after=grave)

    assert store.repository.save([again]) == {}
    assert isinstance(store.repository.save([again])["s"], StackConflictError)

    assert (store.load().is_removed, store.load().version, store.load().epoch) == (False, 2, 5)
    assert "ttl" not in store.row("s")


# ---- rows of the original

ORIGINAL: dict[str, Any] = {
    "id": "s",
    "machine": "life",
    "_state": "PROVISION",
    "previousState": None,
    "tasks": [{"name": "net", "status": "PENDING"}, {"status": "ERROR", "errorMessage": "?"}],
    "metadata": {"size": 2, "nested": {"a": [1]}},
    "createdAt": NOW - 5,
    "updatedAt": NOW - 4,
}


def test_a_row_of_the_original_loads_and_is_upgraded_by_the_next_write(store: Store) -> None:
    store.put_row(ORIGINAL)

    stack = store.load()
    assert (stack.state, stack.previous_state, stack.version) == ("PROVISION", None, 0)
    assert [task.name for task in stack.tasks] == ["net"]
    assert store.repository.save([stack]) == {}

    row = store.row("s")
    assert (row["version"], row["epoch"], row["_state"]) == (1, 0, "PROVISION")
    assert row["metadata"] == ORIGINAL["metadata"]
    assert row["createdAt"] == ORIGINAL["createdAt"]


def test_a_row_of_the_original_is_taken_over_once(store: Store) -> None:
    store.put_row(ORIGINAL)
    ours, theirs = store.load(), store.load()

    assert store.repository.save([theirs]) == {}

    assert isinstance(store.repository.save([ours])["s"], StackConflictError)


RECORDED = Path(__file__).parents[2].parent / "shared" / "conformance" / "cloudseam"


def recorded_rows() -> list[dict[str, Any]]:
    """The rows that the recorded traces start from, where the recordings are there."""
    deserialize = TypeDeserializer().deserialize
    traces = [json.loads(path.read_text()) for path in sorted(RECORDED.glob("[0-9]*.json"))]
    items = [step["seed"] for trace in traces for step in trace["steps"] if "seed" in step]
    rows = [{name: deserialize(value) for name, value in item.items()} for item in items]
    for row in rows:
        row |= {name: int(row[name]) for name in ("createdAt", "updatedAt") if name in row}
    return rows


def test_every_recorded_row_of_the_original_loads_and_can_be_written(store: Store) -> None:
    rows = recorded_rows()
    if not rows:
        pytest.skip("the recorded traces are not there")
    for number, row in enumerate(rows):
        store.put_row(row | {"id": f"s{number}"})

    loaded = store.repository.load([f"s{number}" for number in range(len(rows))])

    assert loaded.failures == {}
    assert [loaded.stacks[f"s{n}"].state for n in range(len(rows))] == [r["_state"] for r in rows]
    assert store.repository.save(list(loaded.stacks.values())) == {}


# ---- scan


def scanned(store: Store, **wanted: str) -> set[str]:
    return {stack.id for stack in store.repository.scan(**wanted)}


def test_a_scan_lists_all_stacks_or_those_of_a_machine_or_a_state(store: Store) -> None:
    store.repository.save(
        [
            new("a", machine="life", state="RUN"),
            new("b", machine="life", state="INIT"),
            new("c", machine="other", state="RUN"),
        ]
    )

    assert scanned(store) == {"a", "b", "c"}
    assert scanned(store, machine="life") == {"a", "b"}
    assert scanned(store, state="RUN") == {"a", "c"}
    assert scanned(store, machine="life", state="RUN") == {"a"}
    assert scanned(store, machine="no-such") == set()


def test_a_scan_leaves_out_what_is_not_a_living_stack(store: Store) -> None:
    store.repository.save([new("a"), new("gone").removed(NOW)])
    store.put_row({"id": "cloudseam#claim#1", "machine": "life", "_state": "RUN", "version": 1})
    store.put_row({"id": "damaged", "machine": "life", "_state": "RUN", "tasks": ["x"]})
    store.put_row(ORIGINAL | {"id": "old"})

    assert scanned(store) == {"a", "old"}
    assert scanned(store, machine="life") == {"a", "old"}


def test_a_scan_goes_on_past_the_first_page(store: Store) -> None:
    names = {f"s{number}" for number in range(8)}
    store.repository.save([new(name, metadata={"k": "x" * 300_000}) for name in names])

    assert scanned(store) == names


# ---- what waits


def unfinished(store: Store, after: str = "") -> list[str]:
    return [stack.id for stack in store.repository.scan_unfinished(after)]


def test_a_stack_is_unfinished_while_a_task_is_not_satisfied(store: Store) -> None:
    store.repository.save(
        [
            new("waits", tasks={"net": "PENDING", "db": "SATISFIED"}),
            new("failed", tasks={"net": "ERROR"}),
            new("done", tasks={"net": "SATISFIED"}),
            new("idle"),
            new("gone", tasks={"net": "PENDING"}).removed(NOW),
        ]
    )
    store.put_row(ORIGINAL | {"id": "old"})
    store.put_row(ORIGINAL | {"id": "damaged", "tasks": ["x"]})
    store.put_row(ORIGINAL | {"id": "cloudseam#claim#1", "version": 1})

    assert sorted(unfinished(store)) == ["failed", "old", "waits"]


@pytest.mark.parametrize("number", [3, 12], ids=["one-page", "many-pages"])
def test_a_sweep_goes_on_behind_any_stack_and_meets_all_once(store: Store, number: int) -> None:
    large = {"k": "x" * 200_000}
    names = {f"s{n}" for n in range(number)}
    store.repository.save([new(name, tasks={"net": "PENDING"}, metadata=large) for name in names])

    order = unfinished(store)

    assert sorted(order) == sorted(names)
    for place, name in enumerate(order):
        assert unfinished(store, after=name) == order[place + 1 :]


def test_a_sweep_goes_on_behind_a_stack_that_is_gone(store: Store) -> None:
    store.repository.save([new(f"s{n}", tasks={"net": "PENDING"}) for n in range(9)])
    order = unfinished(store)
    store.remove_row(order[4])

    assert unfinished(store, after=order[4]) == order[5:]


def test_a_listing_of_what_waits_goes_on_while_others_write(store: Store) -> None:
    store.repository.save([new(f"s{n}", tasks={"net": "PENDING"}) for n in range(9)])

    listing = store.repository.scan_unfinished()
    first = next(listing)
    store.repository.save([replace(store.load(first.id), tasks=())])
    rest = [stack.id for stack in listing]

    assert sorted([first.id, *rest]) == [f"s{n}" for n in range(9)]
