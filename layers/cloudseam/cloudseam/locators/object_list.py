"""The objects of a bucket that may hold machines, as S3 listed them last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import ServiceUnavailableError
from cloudseam.locators.file_name import is_machine_name, stem_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

# A machine that is not in the list may just have been uploaded: the list is fetched again, but
# not more often than this, in seconds.
SHORTEST_REFRESH = 1.0

logger = logging.getLogger(__name__)


class File(NamedTuple):
    """One object, as the list has it. `etag` changes with its content."""

    key: str
    etag: str


class ObjectList:
    """The objects that lie under a key, or are it, by their paths below it."""

    def __init__(self, client: S3Client, bucket: str, key: str, clock: Callable[[], float]) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._clock = clock
        self._files: Mapping[str, File] = {}
        self._listed_at: float | None = None
        self._unlisted_at: float | None = None
        self._unlisted: ServiceUnavailableError | None = None

    def files(self, oldest: float) -> Mapping[str, File]:
        """The list, fetched unless the one there is is younger than `oldest` seconds.

        Where S3 does not answer, the list there is stays good. Without one nothing is known; that
        is remembered for a second, so that a batch of events does not wait once for each.

        Raises:
            ServiceUnavailableError: there is no list.
        """
        now = self._clock()
        if self._listed_at is not None and now - self._listed_at < oldest:
            return self._files
        if self._unlisted_at is None or now - self._unlisted_at >= SHORTEST_REFRESH:
            try:
                self._files, self._listed_at = self._fetched(), now
                self._unlisted_at = self._unlisted = None
                return self._files
            except ServiceUnavailableError as error:
                self._unlisted_at, self._unlisted = self._clock(), error
                logger.warning("Machines were not listed", extra={"reason": str(error)})
        if self._unlisted is not None and self._listed_at is None:
            raise ServiceUnavailableError(str(self._unlisted)) from self._unlisted.__cause__
        return self._files

    def expire(self) -> None:
        """Has the list fetched again by whoever asks next, if there is one."""
        if self._listed_at is not None:
            self._listed_at = float("-inf")

    def _fetched(self) -> Mapping[str, File]:
        found = ((machine_path(self._key, each["Key"]), each) for each in self._objects())
        return {path: File(each["Key"], each["ETag"]) for path, each in found if path is not None}

    def _objects(self) -> Iterator[ObjectTypeDef]:
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._key):
                yield from page.get("Contents", [])
        except (ClientError, BotoCoreError) as error:
            raise ServiceUnavailableError(
                f"S3 did not let the function list the machines in bucket '{self._bucket}': "
                f"{error_name(error)}."
            ) from error


def machine_path(wanted: str, key: str) -> str | None:
    """The path of an object that may hold machines, if it is the wanted one or lies under it."""
    if key == wanted:
        rest = key.rpartition("/")[2]
    else:
        prefix = wanted if wanted.endswith("/") or not wanted else f"{wanted}/"
        if not key.startswith(prefix):
            return None
        rest = key[len(prefix) :]
    stem = stem_of(rest)
    if stem is None or not all(map(is_machine_name, stem.split("/"))):
        return None
    return rest
