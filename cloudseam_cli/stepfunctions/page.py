"""Pages of lists: a page's token says where the next one begins."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cloudseam_cli.stepfunctions.fault import ApiFault

# What `maxResults` of 0 stands for (API reference).
USUAL = 100


def most_of(told: Mapping[str, Any]) -> int:
    """How many results a page may have."""
    return told.get("maxResults") or USUAL


def place_in(told: Mapping[str, Any]) -> Any:
    """The place that the call's token names, None at the beginning.

    Raises:
        ApiFault: InvalidToken.
    """
    token = told.get("nextToken")
    if token is None:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise invalid_token(token) from None


def token_of(place: Any) -> str:
    """The token for a place."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def invalid_token(token: str) -> ApiFault:
    """The fault of a token that was not made here."""
    return ApiFault("InvalidToken", f"Invalid Token: '{token}'")


def page(name: str, found: Sequence[Mapping[str, Any]], told: Mapping[str, Any]) -> dict[str, Any]:
    """The page of a whole list that the call asks for.

    Raises:
        ApiFault: InvalidToken.
    """
    start, most = place_in(told) or 0, most_of(told)
    if not isinstance(start, int) or start < 0:
        raise invalid_token(told["nextToken"])
    part: dict[str, Any] = {name: list(found[start : start + most])}
    if start + most < len(found):
        part["nextToken"] = token_of(start + most)
    return part
