"""Contexts that are too large for a message lie in a bucket, and messages have references to them.

An object is written before the message that refers to it is sent, and never overwritten with
other content: its key ends with a digest of it. So whoever is sent again, or superseded, leaves an
object that nobody refers to, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import CloudSeamError
from cloudseam.json_context import MAX_INLINE_BYTES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "contexts/"
# Far more than anybody should carry from state to state, and little enough for a function.
MAX_STORED_BYTES = 20_000_000
DIGEST_CHARACTERS = 16
# What a key keeps of a token: nothing that means something in a path.
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
MAX_TOKEN_CHARACTERS = 200


class ContextTooLargeError(CloudSeamError):
    """A context is larger than it may be."""


class ContextUnavailableError(CloudSeamError):
    """A stored context cannot be had as it was written, or could not be written."""


@dataclass(frozen=True, slots=True)
class StoredContext:
    """Where a context lies, and what it has to be. `sha256` is in hex digits."""

    key: str
    bytes: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """As messages have it."""
        return {"key": self.key, "bytes": self.bytes, "sha256": self.sha256}


class ContextBucket:
    """Contexts in S3. Without a `bucket` none is kept, and each that should be is an error.

    `client` makes the client when it is first needed, and gives the same one from then on.
    """

    def __init__(
        self, client: Callable[[], S3Client], bucket: str | None, prefix: str | None = None
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = PREFIX if prefix is None else prefix

    def write(self, stack_id: str, token: str, text: str) -> StoredContext:
        """Keeps a context, given as JSON in ASCII, for a stack. One call of PutObject.

        `token` names who writes it.

        Raises:
            ContextTooLargeError: there is no bucket, or it is too large for that as well.
            ContextUnavailableError: S3 did not take it.
        """
        content = text.encode()
        self._ensure_room(len(content))
        sha256 = hashlib.sha256(content).hexdigest()
        name = UNSAFE.sub("-", token)[:MAX_TOKEN_CHARACTERS]
        key = f"{self._folder(stack_id)}{name}-{sha256[:DIGEST_CHARACTERS]}"
        try:
            self._client().put_object(Bucket=str(self._bucket), Key=key, Body=content)
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable("did not take", error) from error
        return StoredContext(key, len(content), sha256)

    def read(self, stack_id: str, stored: StoredContext) -> dict[str, Any]:
        """The context of a stack, whole and as it was written. One call of GetObject.

        Raises:
            ContextUnavailableError: it is not there, or is not what was written.
        """
        if stored.bytes > MAX_STORED_BYTES:
            raise ContextUnavailableError("The stored context is larger than any that is written.")
        self._ensure_own(stack_id, stored.key)
        try:
            answer = self._client().get_object(Bucket=str(self._bucket), Key=stored.key)
            content = answer["Body"].read(stored.bytes + 1)
            answer["Body"].close()
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable("did not give back", error) from error
        if len(content) != stored.bytes or hashlib.sha256(content).hexdigest() != stored.sha256:
            raise ContextUnavailableError(
                f"The context of {stored.bytes} bytes that was stored in bucket '{self._bucket}' "
                "is not what was written there. Put that version of the object back."
            )
        context: dict[str, Any] = json.loads(content)
        return context

    def delete(self, stack_id: str, key: str) -> None:
        """Removes a context of a stack that nobody refers to any more. One call of DeleteObject.

        Raises:
            ContextUnavailableError: S3 did not remove it.
        """
        self._ensure_own(stack_id, key)
        try:
            self._client().delete_object(Bucket=str(self._bucket), Key=key)
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable("did not remove", error) from error

    def _folder(self, stack_id: str) -> str:
        """The keys of one stack. Its id may have any character, so its digest stands for it."""
        digest = hashlib.sha256(stack_id.encode()).hexdigest()[:DIGEST_CHARACTERS]
        return f"{self._prefix}{digest}/"

    def _ensure_own(self, stack_id: str, key: str) -> None:
        """A message names a key: it has to be one of its own stack's contexts."""
        if self._bucket is None:
            raise ContextUnavailableError(
                "The context of the machine is in a bucket. Set CONTEXT_BUCKET to its name."
            )
        if not key.startswith(self._folder(stack_id)):
            raise ContextUnavailableError(
                "The stored context does not lie where contexts of its machine do. If "
                "CONTEXT_PREFIX has been changed, set it back."
            )

    def _ensure_room(self, size: int) -> None:
        if self._bucket is None:
            raise ContextTooLargeError(
                f"The context has {size} bytes as JSON, and messages carry at most "
                f"{MAX_INLINE_BYTES} of contexts. Set CONTEXT_BUCKET to a bucket that keeps larger "
                "ones."
            )
        if size > MAX_STORED_BYTES:
            raise ContextTooLargeError(
                f"The context has {size} bytes as JSON; at most {MAX_STORED_BYTES} can be kept. "
                "Keep large values elsewhere, and references to them in the context."
            )

    def _unavailable(self, what: str, error: Exception) -> ContextUnavailableError:
        return ContextUnavailableError(
            f"S3 {what} the context in bucket '{self._bucket}': {error_name(error)}."
        )


def parse_stored(value: Mapping[str, Any]) -> StoredContext:
    """The reference that a message holds.

    Raises:
        ContextUnavailableError: it is none.
    """
    key, size, sha256 = (value.get(name) for name in ("key", "bytes", "sha256"))
    if isinstance(key, str) and type(size) is int and size >= 0 and isinstance(sha256, str):
        return StoredContext(key, size, sha256)
    raise ContextUnavailableError("The reference to the stored context cannot be read.")
