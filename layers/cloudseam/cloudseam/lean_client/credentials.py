"""The keys that requests are signed with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from botocore.exceptions import NoCredentialsError

if TYPE_CHECKING:
    from botocore.credentials import Credentials

_finding = Lock()


@dataclass(frozen=True, slots=True)
class Keys:
    """What a signer needs. `token` goes with keys that end after some time."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


def current_keys() -> Keys:
    """The keys of this moment: those of the environment, or what botocore finds and refreshes.

    Raises:
        BotoCoreError: there are none, or they could not be had.
    """
    return keys_in(os.environ) or _found()


def keys_in(environ: Mapping[str, str]) -> Keys | None:
    """The keys that the environment holds, as in a Lambda function without SnapStart."""
    access_key = environ.get("AWS_ACCESS_KEY_ID")
    secret_key = environ.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        return None
    token = environ.get("AWS_SECURITY_TOKEN") or environ.get("AWS_SESSION_TOKEN")
    return Keys(access_key, secret_key, token or None)


def _found() -> Keys:
    """Of a container (as under SnapStart), a role, a profile, …, in botocore's order."""
    with _finding:
        provided = _provided()
    found: Any = provided.get_frozen_credentials()
    return Keys(found.access_key, found.secret_key, found.token)


@cache
def _provided() -> Credentials:
    # 20 ms to import, and only needed where the environment has no keys.
    from botocore.session import get_session

    found = get_session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found
