"""Stacks as rows: ours, the original's, and damaged ones."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudseam.errors import StackTooLargeError
from cloudseam.history import Entry
from cloudseam.persistence import TOMBSTONE_SECONDS
from cloudseam.persistence.row import (
    MAX_HISTORY_BYTES,
    MAX_ROW_BYTES,
    UnreadableRowError,
    entry_from_row,
    entry_row,
    from_row,
    from_text,
    refuse_oversize,
    to_row,
)
from cloudseam.stack import Stack, event_mark
from tests.builders import CANARY, NOW, a_stack, a_task, after, an_event

FULL = a_stack(
    "PROVISION",
    previous_state="INIT",
    metadata={"size": 1, "canary": CANARY},
    outputs={"net": {"id": [1, {"a": None}]}},
    applied=(event_mark("a"), event_mark("b")),
    machine_digest="d",
    tasks={"net": "SATISFIED"},
)


def test_a_row_has_the_originals_fields_and_ours_beside_them() -> None:
    row = to_row(replace(FULL, tasks=(a_task("net", asked_by="mark"),), outputs={}))

    assert row == {
        "id": "s",
        "machine": "life",
        "_state": "PROVISION",
        "previousState": "INIT",
        "tasks": [
            {
                "name": "net",
                "status": "PENDING",
                "token": "token-of-net",
                "attempt": 1,
                "askedBy": "mark",
            }
        ],
        "metadata": {"size": 1, "canary": CANARY},
        "createdAt": NOW,
        "updatedAt": NOW,
        "version": 4,
        "epoch": 2,
        "applied": event_mark("a") + event_mark("b"),
        "machineDigest": "d",
    }


def test_a_row_comes_back_as_the_stack_one_version_later() -> None:
    assert from_row(to_row(FULL)) == replace(FULL, version=FULL.version + 1)


def test_a_tombstone_is_small_and_lives_past_every_message() -> None:
    gone = FULL.removed(NOW)

    row = to_row(gone)

    assert row["ttl"] == NOW // 1000 + TOMBSTONE_SECONDS
    assert TOMBSTONE_SECONDS > 14 * 24 * 3600
    assert CANARY not in json.dumps(row)
    back = from_row(row)
    assert (back.is_removed, back.applied, back.epoch) == (True, FULL.applied, FULL.epoch)


def test_a_row_of_a_small_stack_is_one_write_unit() -> None:
    """At most 1 KB: DynamoDB counts writes in kilobytes."""
    tasks = tuple(a_task(name, token="t" * 32, asked_by="m" * 8) for name in ("net", "db", "app"))
    marks = tuple(event_mark(str(n)) for n in range(20))

    row = to_row(replace(FULL, tasks=tasks, applied=marks, machine_digest="d" * 16))

    assert len(json.dumps(row)) < 1024


ORIGINAL: dict[str, Any] = {
    "id": "shop",
    "machine": "life",
    "_state": "PROVISION",
    "previousState": None,
    "tasks": [
        {"name": "net", "status": "SATISFIED"},
        {"name": "db", "status": "ERROR", "errorMessage": "no disk"},
        {"status": "ERROR", "errorMessage": "x"},
    ],
    "metadata": {"nested": {"kept": [1]}},
    "createdAt": 1_600_000_000_000,
    "updatedAt": 1_600_000_000_001,
}


def test_a_row_of_the_original_is_a_stack_before_its_first_commit_by_us() -> None:
    stack = from_row(ORIGINAL)

    assert (stack.version, stack.epoch, stack.applied, stack.machine_digest) == (0, 0, (), "")
    assert stack.previous_state is None
    assert dict[str, Any](stack.metadata) == {"nested": {"kept": [1]}}
    assert (stack.created_at, stack.updated_at) == (1_600_000_000_000, 1_600_000_000_001)


def test_a_task_without_a_name_which_the_original_could_add_is_left_out() -> None:
    stack = from_row(ORIGINAL)

    assert [(task.name, task.status.value, task.token) for task in stack.tasks] == [
        ("net", "SATISFIED", ""),
        ("db", "ERROR", ""),
    ]


def test_a_task_of_the_original_is_written_back_without_a_token() -> None:
    assert to_row(from_row(ORIGINAL))["tasks"] == ORIGINAL["tasks"][:2]


@pytest.mark.parametrize(
    ("told", "kept"), [(None, None), ("", ""), ({"a": 1}, '{"a": 1}'), (5, "5")]
)
def test_an_error_message_of_any_kind_is_read_as_text(told: Any, kept: str | None) -> None:
    tasks = [{"name": "db", "status": "ERROR", "errorMessage": told}]

    assert from_row(ORIGINAL | {"tasks": tasks}).tasks[0].error_message == kept


@pytest.mark.parametrize(
    "name",
    [
        "previousState",
        "tasks",
        "metadata",
        "outputs",
        "createdAt",
        "version",
        "applied",
        "removedAt",
    ],
)
def test_a_field_that_is_null_or_missing_has_its_default(name: str) -> None:
    without = {key: value for key, value in ORIGINAL.items() if key != name}

    assert from_row(without) == from_row(without | {name: None})


DAMAGED: dict[str, list[Any]] = {
    "id": [None, "", 5, {}, []],
    "machine": [None, "", 5, {}, ["life"]],
    "_state": [None, "", 0, False, {"S": "RUN"}],
    "previousState": [5, {}, ["INIT"], True],
    "tasks": ["net", 7, {"net": "PENDING"}, ["net"], [None], [["net"]], True],
    "metadata": ["size", 7, ["size"], [["size", 1]], True],
    "outputs": ["size", 7, ["size"], [["size", 1]], True],
    "createdAt": ["yesterday", -1, 1.5, {}, [], True, float("inf"), float("nan")],
    "updatedAt": ["yesterday", -1, 1.5, {}, []],
    "version": ["3", "x", -1, 1.5, {}, [3], True, float("inf")],
    "epoch": ["3", -2, 0.5, {}, []],
    "applied": [["mark"], 7, {}, True],
    "machineDigest": [7, {}, []],
    "removedAt": ["now", -5, 1.5, {}, [], True],
    "oldApplied": ["3", 7, [3], [1, 2, 3], [-1, 5], [1, -5], [True, 5], [1, 1.5], ["1", "2"]],
    "history": [
        "x",
        7,
        {"a": 1},
        [7],
        ["x"],
        [[]],
        [[NOW, "PING"]],
        [["now", "PING", "RUN"]],
        [[True, "PING", "RUN"]],
        [[-1, "PING", "RUN"]],
        [[1.5, "PING", "RUN"]],
        [[NOW, 7, "RUN"]],
        [[NOW, "PING", None]],
        [[NOW, "PING", "RUN", 7]],
        [[NOW, "PING", "RUN", "net", None]],
        [[NOW, "PING", "RUN"], None],
    ],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}={value!r}")
        for name, values in DAMAGED.items()
        for value in values
        # `None`, `{}` and the like stand for "nothing there", which most fields may say.
        if value or name in {"id", "machine", "_state"} or value == -1
    ],
)
def test_a_damaged_field_is_named_and_nothing_else_is_raised(name: str, value: Any) -> None:
    with pytest.raises(UnreadableRowError, match=re.escape(f"`{name}`")) as raised:
        from_row(ORIGINAL | {name: value})

    assert "Repair it" in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", None),
        ("status", "DONE"),
        ("status", 5),
        ("status", []),
        ("name", 5),
        ("name", ["net"]),
        ("token", 5),
        ("token", ["t"]),
        ("attempt", "x"),
        ("attempt", -1),
        ("attempt", 1.5),
        ("askedBy", 5),
    ],
)
def test_a_damaged_task_is_named_and_nothing_else_is_raised(field: str, value: Any) -> None:
    task = {"name": "net", "status": "PENDING", field: value}

    with pytest.raises(UnreadableRowError, match=field):
        from_row(ORIGINAL | {"tasks": [task]})


def test_the_error_of_a_damaged_row_shows_no_metadata() -> None:
    damaged = ORIGINAL | {"metadata": [CANARY], "tasks": [{"name": "x", "status": CANARY}]}

    with pytest.raises(UnreadableRowError) as raised:
        from_row(damaged)

    assert CANARY not in str(raised.value)


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "5", '"x"', "{}", '{"id": "other"}'])
def test_a_text_that_is_not_the_stacks_row_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableRowError, match="'shop'"):
        from_text("shop", text)


def test_a_row_over_the_limit_is_refused_with_its_size() -> None:
    refuse_oversize(FULL, {}, MAX_ROW_BYTES)

    with pytest.raises(StackTooLargeError, match=str(MAX_ROW_BYTES + 1)) as raised:
        refuse_oversize(FULL, {}, MAX_ROW_BYTES + 1)
    assert (raised.value.stack_id, raised.value.state) == ("s", "PROVISION")


def test_marks_are_short_and_the_whole_ring_stays_small() -> None:
    ring = Stack("s", "m", applied=tuple(event_mark(str(n)) for n in range(64)))

    assert len(to_row(ring)["applied"]) == 512
    assert from_row(to_row(ring)).applied == ring.applied


# ---- history


def an_entry(number: int = 0, **fields: Any) -> Entry:
    """An entry of history; the higher the number the later."""
    return replace(Entry(NOW + number, "PING", "RUN", version=4), **fields)


@pytest.mark.parametrize(
    ("entry", "written"),
    [
        (an_entry(), [NOW, "PING", "RUN"]),
        (an_entry(task="net"), [NOW, "PING", "RUN", "net"]),
        (an_entry(task="net", verdict="LATE"), [NOW, "PING", "RUN", "net", "LATE"]),
        (an_entry(verdict="LATE"), [NOW, "PING", "RUN", "", "LATE"]),
    ],
    ids=["plain", "of a task", "late", "late and of none"],
)
def test_an_entry_is_a_short_list_and_comes_back(entry: Entry, written: list[Any]) -> None:
    assert entry_row(entry) == written
    assert entry_from_row(written, version=4) == entry


def test_what_a_later_version_adds_to_an_entry_is_left_alone() -> None:
    assert entry_from_row([NOW, "PING", "RUN", "net", "LATE", "more"]) == an_entry(
        task="net", verdict="LATE", version=0
    )


def test_a_row_keeps_the_end_of_the_history_within_its_bytes() -> None:
    history = tuple(an_entry(number) for number in range(100))

    back = from_row(to_row(replace(FULL, history=history))).history

    assert back == tuple(replace(entry, version=0) for entry in history[-len(back) :])
    size = sum(len(json.dumps(entry_row(entry))) for entry in back)
    assert MAX_HISTORY_BYTES - len(json.dumps(entry_row(an_entry()))) < size <= MAX_HISTORY_BYTES


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80)
entries = st.builds(
    Entry,
    st.integers(0, 10**13),
    texts,
    texts,
    st.one_of(st.just(""), texts),
    st.sampled_from(["", "LATE"]),
)


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.lists(entries, max_size=12))
def test_whatever_happened_the_history_of_a_row_is_the_latest_and_bounded(
    history: list[Entry],
) -> None:
    row = to_row(replace(FULL, history=tuple(history)))

    kept = row.get("history", [])
    assert sum(len(json.dumps(entry)) for entry in kept) <= MAX_HISTORY_BYTES
    assert from_text("s", json.dumps(row)).history == tuple(history[len(history) - len(kept) :])


def test_an_entry_that_is_too_long_for_a_row_is_left_out_and_so_are_all_before_it() -> None:
    long = an_entry(1, task="t" * 255, state="S" * 255)

    [kept] = from_row(to_row(replace(FULL, history=(an_entry(0), long, an_entry(2))))).history

    assert kept.at == NOW + 2


def test_a_stack_without_history_has_none_in_its_row() -> None:
    assert "history" not in to_row(FULL)
    assert from_row(to_row(FULL)).history == ()


def test_a_tombstone_keeps_its_history() -> None:
    gone = replace(FULL, history=(an_entry(),)).removed(NOW)

    assert [entry.event for entry in from_row(to_row(gone)).history] == ["PING"]


def test_history_has_names_only_and_no_value_of_the_metadata() -> None:
    event = an_event("PING", metadata={"secret": CANARY})

    stack = after(a_stack("RUN"), event)

    assert CANARY not in json.dumps(to_row(stack)["history"])
