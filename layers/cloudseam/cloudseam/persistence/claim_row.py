"""A claim as a row: a plain JSON object."""

from collections.abc import Mapping
from typing import Any

from cloudseam.claim import Claim, Holder


def row_of_claim(claim: Claim) -> dict[str, Any]:
    """The row of a claim."""
    row: dict[str, Any] = {
        "key": claim.key,
        "owner": claim.owner,
        "since": claim.since,
        "until": claim.until,
        "stackId": claim.stack_id,
        "place": claim.place,
    }
    if claim.done:
        row["done"] = True
    if claim.answer is not None:
        row["answer"] = claim.answer
    if claim.past:
        row["past"] = [[gone.place, gone.since, gone.until] for gone in claim.past]
    return row


def claim_of(row: Mapping[str, Any]) -> Claim:
    """The claim of a row that this system wrote."""
    return Claim(
        key=row["key"],
        owner=row["owner"],
        since=row["since"],
        until=row["until"],
        stack_id=row.get("stackId", ""),
        place=row.get("place", ""),
        done=row.get("done", False),
        answer=row.get("answer"),
        past=tuple(Holder(*gone) for gone in row.get("past", ())),
    )
