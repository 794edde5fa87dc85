"""Every store keeps what a language tells of a commit with it, and gives it back alike."""

from base64 import b64encode
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from cloudseam.errors import StackConflictError, StackTooLargeError
from cloudseam.languages.asl.history import MAX_EVENTS
from cloudseam.persistence.log_row import (
    LOG_CHARACTERS,
    ROW_CHARACTERS,
    events_of,
    log_texts,
)
from cloudseam.persistence.row import MAX_MEMORY_BYTES, MAX_UNPACKED_MEMORY_BYTES
from cloudseam.stack import Stack
from tests.builders import NOW, a_stack
from tests.contract.stores import STORES, Store


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Store:
    """A store with nothing in it."""
    return STORES[request.param](request)


def new(stack_id: str = "s") -> Stack:
    """A stack that was never stored."""
    return a_stack(id=stack_id, version=0)


def event(number: int, told: Any = "x") -> dict[str, Any]:
    details = {"input": told, "inputDetails": {"truncated": False}, "name": "S"}
    return {"id": number, "type": "PassStateEntered", "stateEnteredEventDetails": details}


def noise(characters: int) -> str:
    """A text that cannot be packed into much less; the same each time."""
    return b64encode(Random(characters).randbytes(characters * 3 // 4)).decode()


def commit(store: Store, *events: dict[str, Any], stack_id: str = "s") -> None:
    """One commit of the stack with these events."""
    stack = store.repository.load([stack_id]).stacks.get(stack_id) or new(stack_id)
    assert store.repository.save([replace(stack, log=events)]) == {}


def test_events_come_back_in_order_up_to_a_version(store: Store) -> None:
    commit(store, event(1), event(2, "ż"))
    commit(store)
    commit(store, event(3))
    commit(store, event(4))

    assert list(store.repository.log("s", 3)) == [event(1), event(2, "ż"), event(3)]
    assert list(store.repository.log("s", 9)) == [
        *map(event, [1]),
        event(2, "ż"),
        event(3),
        event(4),
    ]
    assert list(store.repository.log("s", 0)) == []
    assert list(store.repository.log("no-such", 9)) == []


def test_a_stack_that_is_loaded_has_no_log(store: Store) -> None:
    commit(store, event(1))

    assert store.load().log == ()


def test_each_stack_has_a_log_of_its_own(store: Store) -> None:
    logged = [replace(new(name), log=(event(number),)) for number, name in enumerate(("s", "t#1"))]
    assert store.repository.save([*logged, new("u")]) == {}

    assert list(store.repository.log("s", 9)) == [event(0)]
    assert list(store.repository.log("t#1", 9)) == [event(1)]
    assert list(store.repository.log("u", 9)) == []


def test_what_is_there_many_times_counts_once(store: Store) -> None:
    memory = {"inputs": [noise(262_144)] * 20}

    assert store.repository.save([replace(new(), memory=memory)]) == {}

    assert store.load().memory == memory


def test_a_lost_race_leaves_nothing_in_the_log(store: Store) -> None:
    commit(store, event(1))
    ours = store.load()
    commit(store, event(2, "theirs"))

    failures = store.repository.save([replace(ours, log=(event(2, "ours"),)), new("t")])

    assert {name: type(error) for name, error in failures.items()} == {"s": StackConflictError}
    assert list(store.repository.log("s", 9)) == [event(1), event(2, "theirs")]


def test_a_log_that_is_larger_than_a_row_is_whole(store: Store) -> None:
    events = [event(number, noise(ROW_CHARACTERS // 2)) for number in range(5)]
    commit(store, *events)

    assert list(store.repository.log("s", 1)) == events


def test_a_log_that_no_transaction_holds_is_truncated(store: Store) -> None:
    sizes = [LOG_CHARACTERS // 10 + 4 * number for number in range(11)]
    commit(store, *(event(number, noise(size)) for number, size in enumerate(sizes)))

    found = store.repository.log("s", 1)

    truncated = {"input": "", "inputDetails": {"truncated": True}, "name": "S"}
    assert [told["id"] for told in found] == list(range(11))
    assert {str(told["stateEnteredEventDetails"]) for told in found} == {str(truncated)}


@pytest.mark.parametrize("store", [n for n in STORES if "dynamodb" in n], indirect=True)
def test_a_log_that_outlives_its_row_is_not_the_next_stacks(store: Store) -> None:
    commit(store, event(1, "old"))
    commit(store, event(2, "old"))
    commit(store, event(3, "old"))
    store.remove_row("s")  # as it has expired

    first = replace(new(), created_at=NOW + 1, log=(event(1), event(2)))
    assert store.repository.save([first]) == {}
    commit(store)
    assert list(store.repository.log("s", 2)) == [event(1), event(2)]
    commit(store, event(3))
    assert list(store.repository.log("s", 3)) == [event(1), event(2), event(3)]


def test_when_a_stack_may_be_forgotten_is_kept_and_it_is_found_until_then(store: Store) -> None:
    stack = replace(new(), tasks=(), expires_at=NOW + 90_500)
    assert store.repository.save([stack, new("t")]) == {}

    assert store.load().expires_at == NOW + 90_500
    assert store.row("s")["ttl"] == (NOW + 90_500) // 1000
    assert {found.id for found in store.repository.scan()} == {"s", "t"}
    assert store.load("t").expires_at == 0
    assert "ttl" not in store.row("t")


LARGE = {"text": noise(500_000), "é": [1, None]}


def test_what_a_language_keeps_may_be_larger_than_a_row(store: Store) -> None:
    small = {"text": "y"}
    for memory in (LARGE, {**LARGE, "more": 1}, small):
        stack = store.repository.load(["s"]).stacks.get("s") or new()
        assert store.repository.save([replace(stack, memory=memory), new(f"t{id(memory)}")]) == {}
        assert store.load().memory == memory
        assert "s" in {found.id for found in store.repository.scan()}

    assert store.load().version == 3
    assert store.load().memory_pieces == 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(noise(MAX_MEMORY_BYTES + 100_000), id="packed"),
        pytest.param("x" * MAX_UNPACKED_MEMORY_BYTES, id="unpacked"),
    ],
)
def test_it_has_a_limit_all_the_same(store: Store, text: str) -> None:
    memory = {"text": text}
    failures = store.repository.save([replace(new(), memory=memory)])

    assert {name: type(error) for name, error in failures.items()} == {"s": StackTooLargeError}
    assert store.repository.load(["s"]).stacks == {}


def test_a_lost_race_leaves_the_winners_memory(store: Store) -> None:
    assert store.repository.save([replace(new(), memory=LARGE)]) == {}
    ours, theirs = store.load(), {**LARGE, "by": "them"}
    assert store.repository.save([replace(ours, memory=theirs)]) == {}

    failures = store.repository.save([replace(ours, memory={**LARGE, "by": "us"})])

    assert set(failures) == {"s"}
    assert store.load().memory == theirs


def test_the_log_of_a_whole_execution_fits_into_one_commit() -> None:
    texts = log_texts([event(number, "{}") for number in range(MAX_EVENTS)])

    assert sum(map(len, texts)) < LOG_CHARACTERS
    assert len(events_of("s", 1, "".join(texts))) == MAX_EVENTS
