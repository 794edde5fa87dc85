"""The formats of objects whose items a distributed Map runs over (developer guide, "ItemReader").

Objects come in pieces, and are read no further than items are asked for.
"""

from __future__ import annotations

import codecs
import csv
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cloudseam.languages.asl import json_path
from cloudseam.languages.asl.json_text import read_json

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
# Of an object that has to be read as a whole.
MAX_JSON_BYTES = 50_000_000
# Of a line, which has to be as well: four times what an item may have.
MAX_LINE_CHARACTERS = 1_048_576
GZIP = 16 + zlib.MAX_WBITS
# How many bytes are unpacked at a time: a small piece may hold a thousand times as many.
UNPACKED_AT_ONCE = 1_048_576

Pieces = Iterable[bytes]


class UnreadableItemsError(ValueError):
    """There are no items to be had; says why, in AWS's words where they are known."""


def rows(pieces: Pieces, config: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """The rows of a CSV file. All values are texts: a row that is too short has empty ones, and
    what is beyond the headers is left out."""
    delimiter = DELIMITERS[config.get("CSVDelimiter", "COMMA")]
    table = csv.reader(_lines(pieces), delimiter=delimiter)
    is_given = config.get("CSVHeaderLocation") == "GIVEN"
    headers = list(config.get("CSVHeaders", ())) if is_given else next(table, [])
    if len(set(headers)) < len(headers):
        raise UnreadableItemsError("CSV headers cannot contain duplicates.")
    for row in table:
        if row:
            values = row[: len(headers)] + [""] * (len(headers) - len(row))
            yield dict(zip(headers, values, strict=True))


def elements(pieces: Pieces, config: Mapping[str, Any]) -> Iterator[Any]:
    """The elements of a JSON array, or of the one that `ItemsPointer` or `ItemsPath` leads to."""
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > MAX_JSON_BYTES:
            raise UnreadableItemsError(
                f"A JSON file has at most {MAX_JSON_BYTES} bytes here. JSON Lines may be larger."
            )
    value = read_json(data.decode("utf-8-sig"))
    if "ItemsPointer" in config:
        value = _at_pointer(value, config["ItemsPointer"])
    if "ItemsPath" in config:
        try:
            value = json_path.find(config["ItemsPath"], value)
        except (json_path.PathNotFoundError, json_path.InvalidPathError):
            value = None
    if not isinstance(value, list):
        raise UnreadableItemsError("Attempting to map over non-iterable node.")
    return iter(value)


def lines(pieces: Pieces, config: Mapping[str, Any]) -> Iterator[Any]:
    """The values of a file of JSON Lines."""
    return (read_json(line) for line in _lines(pieces) if line.strip())


FORMATS: Mapping[str, Callable[[Pieces, Mapping[str, Any]], Iterator[Any]]] = {
    "CSV": rows,
    "JSON": elements,
    "JSONL": lines,
}


def items_of(pieces: Pieces, config: Mapping[str, Any]) -> Iterator[Any]:
    """The items of an object of the `InputType` that the reader's config names; JSON without one.

    Raises:
        UnreadableItemsError: now or at a later item.
    """
    kind = config.get("InputType", "JSON")
    if kind not in FORMATS:
        raise UnreadableItemsError(f"Objects of InputType {kind} are not read here.")
    try:
        yield from FORMATS[kind](pieces, config)
    except UnreadableItemsError:
        raise
    except (ValueError, LookupError, csv.Error, zlib.error) as error:
        # The text of some of them has what they could not read.
        raise UnreadableItemsError(f"The object is no {kind}: {type(error).__name__}.") from error


def unpacked(pieces: Pieces) -> Iterator[bytes]:
    """The pieces of an object that is packed with gzip, of all its members (RFC 1952, 2.2).

    Raises:
        UnreadableItemsError: it ends too early.
        zlib.error: it is not packed.
    """
    unpacking = zlib.decompressobj(GZIP)
    is_begun = False
    for piece in pieces:
        rest = piece
        while rest:
            if unpacking.eof:
                unpacking = zlib.decompressobj(GZIP)
            yield unpacking.decompress(rest, UNPACKED_AT_ONCE)
            is_begun = True
            rest = unpacking.unused_data if unpacking.eof else unpacking.unconsumed_tail
    if is_begun and not unpacking.eof:
        raise UnreadableItemsError("The packed object ends too early.")


def _lines(pieces: Pieces) -> Iterator[str]:
    """The lines of a text, each with its end.

    Raises:
        UnreadableItemsError: one is longer than an item could be.
    """
    rest = ""
    for text in codecs.iterdecode(pieces, "utf-8-sig"):
        *whole, rest = (rest + text).split("\n")
        if len(rest) > MAX_LINE_CHARACTERS:
            raise UnreadableItemsError(f"A line has more than {MAX_LINE_CHARACTERS} characters.")
        yield from (f"{line}\n" for line in whole)
    if rest:
        yield rest


def _at_pointer(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to (RFC 6901); None if it leads nowhere."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
