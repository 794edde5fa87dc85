"""Which items files of each format have, however they come in pieces."""

import gzip
from typing import Any

import pytest

from task_satisfier.executors.states import item_formats
from task_satisfier.executors.states.item_formats import UnreadableItemsError, items_of, unpacked

FIRST_ROW = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}


def items(text: str | bytes, config: dict[str, Any], piece: int = 3) -> list[Any]:
    data = text.encode() if isinstance(text, str) else text
    pieces = [data[start : start + piece] for start in range(0, len(data), piece)]
    return list(items_of(pieces, config))


@pytest.mark.parametrize(
    ("text", "config", "expected"),
    [
        pytest.param("a,b\n1,2\n", FIRST_ROW, [{"a": "1", "b": "2"}], id="headers in the file"),
        pytest.param("a,b\r\n1,2", FIRST_ROW, [{"a": "1", "b": "2"}], id="no end of line"),
        pytest.param("﻿a\n1\n", FIRST_ROW, [{"a": "1"}], id="byte order mark"),
        pytest.param('a\n"x\ny"\n', FIRST_ROW, [{"a": "x\ny"}], id="a quoted line"),
        pytest.param("a\né\n", FIRST_ROW, [{"a": "é"}], id="a letter in two pieces"),
        pytest.param(
            "a,b\n1\n1,2,3\n\n",
            FIRST_ROW,
            [{"a": "1", "b": ""}, {"a": "1", "b": "2"}],
            id="rows too short, too long and empty",
        ),
        pytest.param("", FIRST_ROW, [], id="nothing"),
        pytest.param(
            "1|2\n",
            {
                "InputType": "CSV",
                "CSVHeaderLocation": "GIVEN",
                "CSVHeaders": ["a", "b"],
                "CSVDelimiter": "PIPE",
            },
            [{"a": "1", "b": "2"}],
            id="headers and delimiter given",
        ),
        pytest.param('[1,{"a":2}]', {"InputType": "JSON"}, [1, {"a": 2}], id="an array"),
        pytest.param(
            '{"a":{"b/c":[1]}}',
            {"InputType": "JSON", "ItemsPointer": "/a/b~1c"},
            [1],
            id="a pointer",
        ),
        pytest.param('{"a":[1]}', {"InputType": "JSON", "ItemsPath": "$.a"}, [1], id="a path"),
        pytest.param('{"a":1}\n\n[2]\n', {"InputType": "JSONL"}, [{"a": 1}, [2]], id="lines"),
    ],
)
def test_items_are_read(text: str, config: dict[str, Any], expected: list[Any]) -> None:
    assert items(text, config) == expected


@pytest.mark.parametrize(
    ("text", "config", "why"),
    [
        pytest.param("a,a\n", FIRST_ROW, "cannot contain duplicates", id="duplicate headers"),
        pytest.param('{"a":1}', {"InputType": "JSON"}, "non-iterable", id="no array"),
        pytest.param(
            '{"a":1}', {"InputType": "JSON", "ItemsPointer": "/b"}, "non-iterable", id="nowhere"
        ),
        pytest.param(
            '{"a":1}', {"InputType": "JSON", "ItemsPath": "$.b"}, "non-iterable", id="no path"
        ),
        pytest.param("secret", {"InputType": "JSON"}, "no JSON: JSONDecodeError", id="no JSON"),
        pytest.param("secret", {"InputType": "JSONL"}, "no JSONL", id="no JSON Lines"),
        pytest.param(b"a\n\xff\n", FIRST_ROW, "no CSV: UnicodeDecodeError", id="no UTF-8"),
        pytest.param(
            "[" * 200 + "]" * 200, {"InputType": "JSONL"}, "no JSONL: ValueError", id="too deep"
        ),
        pytest.param("NaN", {"InputType": "JSONL"}, "no JSONL: ValueError", id="no number"),
        pytest.param("", {"InputType": "PARQUET"}, "PARQUET are not read", id="Parquet"),
    ],
)
def test_what_is_no_item_is_told(text: str | bytes, config: dict[str, Any], why: str) -> None:
    with pytest.raises(UnreadableItemsError, match=why) as raised:
        items(text, config)

    assert "secret" not in str(raised.value)


def test_a_json_file_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_formats, "MAX_JSON_BYTES", 5)

    with pytest.raises(UnreadableItemsError, match="at most 5 bytes"):
        items("[1,2,3]", {"InputType": "JSON"})


def test_no_more_is_read_than_is_asked_for() -> None:
    read = []

    def pieces() -> Any:
        for number in range(100):
            read.append(number)
            yield b"1\n"

    found = items_of(pieces(), {"InputType": "JSONL"})

    assert [next(found), next(found)] == [1, 1]
    assert len(read) == 2


def test_packed_files_are_unpacked_piece_by_piece() -> None:
    data = gzip.compress(b"a\n" * 1000)

    assert b"".join(unpacked([data[:7], data[7:]])) == b"a\n" * 1000


def test_a_packed_file_of_several_members_is_read_to_its_end() -> None:
    data = gzip.compress(b"a\n" * 3) + gzip.compress(b"b\n" * 2)

    pieces = [data[start : start + 5] for start in range(0, len(data), 5)]

    assert b"".join(unpacked(pieces)) == b"a\n" * 3 + b"b\n" * 2
    assert b"".join(unpacked([data])) == b"a\n" * 3 + b"b\n" * 2


def test_a_packed_file_that_ends_too_early_is_no_shorter_one() -> None:
    data = gzip.compress(b"a\n" * 1000)

    with pytest.raises(UnreadableItemsError, match="ends too early"):
        list(unpacked([data[:-9]]))


def test_what_is_packed_well_comes_in_pieces_all_the_same() -> None:
    pieces = list(unpacked([gzip.compress(bytes(10_000_000))]))

    assert sum(map(len, pieces)) == 10_000_000
    assert max(map(len, pieces)) <= item_formats.UNPACKED_AT_ONCE


def test_a_line_has_a_limit() -> None:
    read = []

    def pieces() -> Any:
        for number in range(1000):
            read.append(number)
            yield b"1" * 65_536

    with pytest.raises(UnreadableItemsError, match="more than 1048576 characters"):
        list(items_of(pieces(), {"InputType": "JSONL"}))
    assert len(read) == 17
