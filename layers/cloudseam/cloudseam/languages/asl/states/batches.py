"""ItemBatcher of a distributed Map: several items are the input of one iteration."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloudseam.languages.asl.failure import DATA_LIMIT_EXCEEDED, StateFailure
from cloudseam.languages.asl.json_text import MAX_PAYLOAD_BYTES, size_of
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import number
from cloudseam.languages.asl.template import filled, queried


def batches_of(
    batcher: Mapping[str, Any], scope: Scope, items: list[Any], is_jsonata: bool
) -> list[dict[str, Any]]:
    """The inputs of the iterations: `Items`, and `BatchInput` if the batcher has one.

    A batch has as many items as both limits let it have; 0 is no limit, and an input never has
    more than a payload's bytes.

    Raises:
        StateFailure: an item alone is too large for a batch, or a limit is no number.
    """
    shared: dict[str, Any] = {}
    if "BatchInput" in batcher:
        told = batcher["BatchInput"]
        shared["BatchInput"] = (
            queried(told, scope, "ItemBatcher/BatchInput") if is_jsonata else filled(told, scope)
        )
    most = int(number(batcher, scope, "MaxItemsPerBatch", whole=True) or 0)
    given = number(batcher, scope, "MaxInputBytesPerBatch", whole=True)
    most_bytes = min(int(given or MAX_PAYLOAD_BYTES), MAX_PAYLOAD_BYTES)
    room = most_bytes - size_of({**shared, "Items": []})
    return [{**shared, "Items": batch} for batch in _batches(items, most, room, most_bytes)]


def _batches(items: list[Any], most: int, room: int, most_bytes: int) -> Iterator[list[Any]]:
    """`room` is what the items of a batch and the commas between them may have, in bytes."""
    batch: list[Any] = []
    size = 0
    for item in items:
        own = size_of(item)
        if own > room:
            raise StateFailure(
                DATA_LIMIT_EXCEEDED, f"An item does not fit into a batch of {most_bytes} bytes."
            )
        if batch and (len(batch) == most or size + 1 + own > room):
            yield batch
            batch, size = [], 0
        size += own + (1 if batch else 0)
        batch.append(item)
    if batch:
        yield batch
