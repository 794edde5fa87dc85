"""What a machine's language keeps of a stack, in rows of its own where the stack's would be large.

For DynamoDB, whose items have at most 400 KB; other stores keep any row whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloudseam.limits import RESERVED_ID_PREFIX
from cloudseam.persistence.row import MAX_OWN_MEMORY_BYTES
from cloudseam.stack import Stack

PREFIX = f"{RESERVED_ID_PREFIX}memory#"
# Characters of ASCII that each row of its own has.
PIECE_CHARACTERS = 350_000
# How long a piece that a later commit has emptied stays, in seconds: for who has just read its
# version of the stack.
EMPTY_SECONDS = 3_600
# How much longer than a row that expires what is beside it stays, in seconds: what has expired goes
# within a few days, in no order (DynamoDB developer guide, "Time to Live").
BESIDE_SECONDS = 7 * 24 * 3600


def spill(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The row as it is kept, and the rows beside it, of the same commit."""
    memory = row.get("memory", "")
    if len(memory) <= MAX_OWN_MEMORY_BYTES:
        return dict(row), []
    texts = [memory[at : at + PIECE_CHARACTERS] for at in range(0, len(memory), PIECE_CHARACTERS)]
    ids = piece_ids(row["id"], row["version"], len(texts))
    ttl = {"ttl": row["ttl"] + BESIDE_SECONDS} if "ttl" in row else {}
    pieces = [{"id": each, "memory": text, **ttl} for each, text in zip(ids, texts, strict=True)]
    kept = {name: value for name, value in row.items() if name != "memory"}
    return kept | {"memoryPieces": len(texts)}, pieces


def emptied(stack: Stack) -> Iterator[dict[str, Any]]:
    """The rows that take the places of those that the version before this commit had."""
    ttl = stack.updated_at // 1000 + EMPTY_SECONDS
    for each in piece_ids(stack.id, stack.version, stack.memory_pieces):
        yield {"id": each, "memory": "", "ttl": ttl}


def piece_ids(stack_id: str, version: int, pieces: int) -> Sequence[str]:
    """The ids of the rows of one version."""
    return [f"{PREFIX}{stack_id}#{version:012}#{number}" for number in range(pieces)]
