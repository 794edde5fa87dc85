"""Long texts are packed and come back, also where Python was built without LZMA."""

import base64
import json
from random import Random

import pytest

from cloudseam.persistence import packed
from cloudseam.persistence.packed import LZMA, ZLIB, pack, unpack

NOISE = Random(1).randbytes(100_000).hex()
TEXT = json.dumps([NOISE, "é 漢 \U0001f600", NOISE])


def test_what_is_packed_comes_back() -> None:
    text = pack(TEXT)

    assert text.isascii()
    assert unpack(text) == TEXT


def test_what_is_there_twice_takes_no_room_the_second_time() -> None:
    assert len(pack(TEXT)) < 0.8 * len(NOISE)


def test_json_that_was_not_packed_is_left_as_it_is() -> None:
    for text in ("", "{}", "[1]", '"x"'):
        assert unpack(text) == text


def test_without_lzma_zlib_does(monkeypatch: pytest.MonkeyPatch) -> None:
    of_lzma = pack(TEXT)
    monkeypatch.setattr(packed, "lzma", None)

    text = pack(TEXT)

    assert (of_lzma[0], text[0]) == (LZMA, ZLIB)
    assert unpack(text) == TEXT
    with pytest.raises(ValueError, match="this Python has no lzma"):
        unpack(of_lzma)


@pytest.mark.parametrize("first", [LZMA, ZLIB])
def test_what_is_damaged_is_a_value_error(first: str) -> None:
    for content in (b"", b"nothing"):
        with pytest.raises(ValueError, match="damaged"):
            unpack(first + base64.b64encode(content).decode())
    with pytest.raises(ValueError, match="ASCII"):
        unpack(f"{first}ż")
