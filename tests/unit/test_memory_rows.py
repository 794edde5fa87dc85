"""What a language keeps of a stack goes into rows of its own where it is large, and comes back."""

import json
from base64 import b64encode
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from cloudseam.errors import StackTooLargeError
from cloudseam.persistence.dynamodb.commits import Commit, commit_of
from cloudseam.persistence.log_row import LOG_CHARACTERS
from cloudseam.persistence.memory_rows import EMPTY_SECONDS, PIECE_CHARACTERS
from cloudseam.persistence.row import (
    END_BYTES,
    MAX_MEMORY_BYTES,
    MAX_OWN_MEMORY_BYTES,
    MAX_ROW_BYTES,
    from_row,
    refuse_oversize,
    to_row,
)
from cloudseam.stack import Stack
from tests.builders import NOW, a_stack

SMALL = {"text": "x" * (MAX_OWN_MEMORY_BYTES - len('{"text":""}'))}
LARGE = {"text": Random(1).randbytes(PIECE_CHARACTERS).hex()}
DAY_MS = 24 * 3600 * 1000


def commit(stack: Stack) -> Commit:
    made = commit_of(stack)
    assert isinstance(made, Commit)
    return made


def test_as_much_as_may_be_is_in_the_row_itself() -> None:
    made = commit(a_stack(version=6, memory=SMALL))

    assert "memory" in made.item
    assert made.beside == ()


def test_more_is_in_rows_of_the_same_version() -> None:
    stack = a_stack(version=6, memory=LARGE)
    made = commit(stack)
    ids = [f"cloudseam#memory#{stack.id}#000000000007#{number}" for number in range(2)]

    assert "memory" not in made.item
    assert made.item["memoryPieces"] == {"N": "2"}
    assert [row["id"] for row in made.beside] == ids
    assert "".join(row["memory"] for row in made.beside) == to_row(stack)["memory"]


def test_the_next_commit_empties_them() -> None:
    stored = a_stack(version=7, updated_at=NOW, memory=LARGE, memory_pieces=2)
    old = [
        {
            "id": f"cloudseam#memory#{stored.id}#000000000007#{number}",
            "memory": "",
            "ttl": NOW // 1000 + EMPTY_SECONDS,
        }
        for number in range(2)
    ]

    assert list(commit(replace(stored, memory=SMALL)).beside) == old
    assert list(commit(stored).beside[2:]) == old
    assert list(commit(stored.removed(NOW)).beside)[-2:] == old


def test_what_is_beside_a_row_that_expires_expires_after_it() -> None:
    running = a_stack(version=6, updated_at=NOW, memory=LARGE, log=({"id": 1},))
    ended = replace(running, tasks=(), expires_at=NOW + 90 * DAY_MS)

    (*kept, log), row = commit(running).beside, commit(ended)

    assert ["ttl" in piece for piece in kept] == [False, False]
    assert log["ttl"] == NOW // 1000 + (365 + 90 + 7) * DAY_MS // 1000
    assert [piece["ttl"] for piece in row.beside[:2]] == [(NOW + 97 * DAY_MS) // 1000] * 2
    assert row.item["ttl"] == {"N": str((NOW + 90 * DAY_MS) // 1000)}


def test_the_row_says_how_many_there_are() -> None:
    row = {**to_row(a_stack(version=6)), "memoryPieces": 2}

    assert from_row(row).memory_pieces == 2


@pytest.mark.parametrize(
    ("expires_at", "most"),
    [(0, MAX_MEMORY_BYTES), (NOW, MAX_MEMORY_BYTES + END_BYTES)],
    ids=["running", "ended"],
)
def test_what_has_ended_has_room_for_its_end(expires_at: int, most: int) -> None:
    stack = a_stack(expires_at=expires_at)

    refuse_oversize(stack, {"memory": "x" * most}, most)
    with pytest.raises(StackTooLargeError, match=f"would be {most + 1} bytes"):
        refuse_oversize(stack, {"memory": "x" * (most + 1)}, most + 1)


def test_the_largest_commit_fits_into_a_transaction() -> None:
    numbers = Random(1)

    def noise(size: int) -> str:
        return b64encode(numbers.randbytes(size * 3 // 4)).decode()

    memory = {"text": noise(MAX_MEMORY_BYTES * 93 // 100)}  # packed, that is as much as may be
    log: tuple[dict[str, Any], ...] = tuple(
        {
            "id": number,
            "passStateEnteredEventDetails": {"input": noise(LOG_CHARACTERS * 92 // 1_000)},
        }
        for number in range(10)
    )
    ended = a_stack(memory=memory, log=log, updated_at=NOW, expires_at=NOW + DAY_MS)
    made = commit(replace(ended, memory_pieces=6))

    beside = sum(len(json.dumps(row)) for row in made.beside)
    assert beside > 0.98 * (MAX_MEMORY_BYTES + LOG_CHARACTERS)
    assert beside + END_BYTES + MAX_ROW_BYTES < 4_000_000
