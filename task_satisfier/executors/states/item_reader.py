"""Reads the items of a distributed Map from S3, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import chain, islice
from typing import Any
from urllib.parse import unquote_plus

from cloudseam.languages.asl.failure import ITEM_READER_FAILED
from cloudseam.languages.asl.json_text import MAX_PAYLOAD_BYTES, size_of
from cloudseam.languages.asl.resource import Integration
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.states.item_formats import (
    UnreadableItemsError,
    items_of,
    unpacked,
)
from task_satisfier.executors.states.sdk_call import ClientFor, call, client_of

# A page travels in a message.
PAGE_BYTES = 200_000
PIECE_BYTES = 65_536
S3_SCHEME, BUCKET_ARN = "s3://", "arn:aws:s3:::"


def read_items(
    client_for: ClientFor, run: TaskRun, named: Integration, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """A page of `items`, and as `next` what asks for the one after it; None at the end.

    `arguments` has the parameters of the `call`, the reader's `config`, and `next`. Each page reads
    from the beginning, and passes over what is known.

    Raises:
        TaskFailedError: States.ItemReaderFailed.
    """
    config = dict(arguments["config"])
    start = int(arguments.get("next") or 0)
    reader = _S3(client_of(client_for, run, named), named)
    try:
        found = reader.items(named.action, dict(arguments["call"]), config)
        return _page(found, start, int(config.get("MaxItems") or 0))
    except (UnreadableItemsError, TaskFailedError) as error:
        raise TaskFailedError(str(error), error=ITEM_READER_FAILED) from error


def _page(found: Iterator[Any], start: int, most: int) -> dict[str, Any]:
    """The items from `start` on that fit into a page; of all of them `most`, unless that is 0."""
    items: list[Any] = []
    size = 0
    for item in islice(found, start, most or None):
        own = size_of(item)
        if own > MAX_PAYLOAD_BYTES:
            raise UnreadableItemsError(f"An item has more than {MAX_PAYLOAD_BYTES} bytes.")
        size += own + 1
        if items and size > PAGE_BYTES:
            return {"items": items, "next": start + len(items)}
        items.append(item)
    return {"items": items, "next": None}


class _S3:
    """What a reader's call finds."""

    def __init__(self, client: Any, named: Integration) -> None:
        self._client = client
        self._named = named

    def items(
        self, action: str, told: Mapping[str, Any], config: Mapping[str, Any]
    ) -> Iterator[Any]:
        if action == "listObjectsV2":
            return self._listed(told, config)
        kind, manifest = config.get("InputType"), config.get("ManifestType")
        if manifest == "ATHENA_DATA":
            return self._of_files(told, config)
        if kind == "MANIFEST" or manifest == "S3_INVENTORY":
            return self._of_inventory(told)
        return items_of(self._object(told), config)

    def _listed(self, told: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Any]:
        """The objects of a bucket, as AWS tells of them; or the items of each of them."""
        for each in self._all_listed(told):
            if config.get("Transformation") == "LOAD_AND_FLATTEN":
                at = {"Bucket": told["Bucket"], "Key": each["Key"]}
                yield from items_of(self._object(at), config)
            else:
                yield {
                    "Etag": each.get("ETag"),
                    "Key": each["Key"],
                    "LastModified": int(each["LastModified"].timestamp()),
                    "Size": each["Size"],
                    "StorageClass": each.get("StorageClass", "STANDARD"),
                }

    def _all_listed(self, told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        place: dict[str, Any] = {}
        while True:
            answer = call(self._client, self._named, "ListObjectsV2", {**told, **place})
            yield from answer.get("Contents", ())
            if not answer.get("IsTruncated"):
                return
            place = {"ContinuationToken": answer["NextContinuationToken"]}

    def _of_inventory(self, told: Mapping[str, Any]) -> Iterator[Any]:
        """The rows of an inventory of S3, whose manifest names its files and their columns."""
        whole = chain([b"["], self._object(told), [b"]"])
        manifest: Any = next(items_of(whole, {}), None)
        try:
            bucket = manifest["destinationBucket"].removeprefix(BUCKET_ARN)
            columns = [name.strip() for name in manifest["fileSchema"].split(",")]
            keys = [file["key"] for file in manifest["files"]]
        except (KeyError, TypeError, AttributeError):
            raise UnreadableItemsError("The object is no manifest of an S3 inventory.") from None
        if manifest.get("fileFormat") != "CSV":
            raise UnreadableItemsError("Only inventories in CSV are read here.")
        given = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": columns}
        for key in keys:
            packed = self._object({"Bucket": bucket, "Key": key})
            for row in items_of(unpacked(packed), given):
                yield {**row, "Key": unquote_plus(row["Key"])} if "Key" in row else row

    def _of_files(self, told: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Any]:
        """The items of all files that a manifest of Athena lists, one URI of S3 a line."""
        listed = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["uri"]}
        for row in items_of(self._object(told), listed):
            bucket, _, key = row["uri"].strip().removeprefix(S3_SCHEME).partition("/")
            yield from items_of(self._object({"Bucket": bucket, "Key": key}), config)

    def _object(self, told: Mapping[str, Any]) -> Iterator[bytes]:
        """The pieces of an object, which is let go of when no more of them are asked for."""
        with closing(call(self._client, self._named, "GetObject", told)["Body"]) as body:
            yield from body.iter_chunks(PIECE_BYTES)
