"""Machines in an S3 bucket: one object, or all that lie under a prefix."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import (
    InvalidDefinitionError,
    MachineNotFoundError,
    ServiceUnavailableError,
)
from cloudseam.finding import FindingsError
from cloudseam.languages import load_machine
from cloudseam.languages.wording import shown
from cloudseam.languages.yaml_rules import MAX_BYTES, SUFFIXES
from cloudseam.locators.file_name import is_machine_name
from cloudseam.machine import Machine

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

# A machine that is not in the list may just have been uploaded: the list is fetched again, but
# not more often than this, in seconds.
SHORTEST_REFRESH = 1.0
GONE = frozenset({"NoSuchKey", "404", "PreconditionFailed"})


logger = logging.getLogger(__name__)


class File(NamedTuple):
    """One object, as the list has it. `etag` changes with its content."""

    key: str
    etag: str


class Loaded(NamedTuple):
    """An object as it was read last: its machine, or what is wrong with it."""

    file: File
    outcome: Machine | FindingsError


class S3MachineLocator:
    """One machine in each `.yml` or `.yaml` object. See `MachineLocator`.

    `key` is one object, named as its last part without suffix, or a prefix, which ends at a `/`
    whether or not it is written: `machines` never takes in `machines-old/`. Under a prefix a
    machine is named as the rest of its key without suffix, sub-folders included: `team/preview`.

    The list of objects is fetched again after `refresh` seconds; an object is read when it is
    asked for, and again when its ETag has changed. An object that could not be fetched is tried
    again the next time, the list after a second; meanwhile what is there is served.
    """

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        key: str,
        *,
        refresh: float = 30,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key.lstrip("/")
        self._refresh = refresh
        self._clock = clock
        self._files: Mapping[str, Sequence[File]] = {}
        self._listed_at: float | None = None
        self._unlisted_at: float | None = None
        self._unlisted: ServiceUnavailableError | None = None
        self._loaded: dict[str, Loaded] = {}

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        file = self._file(name)
        loaded = self._loaded.get(name)
        if loaded is None or loaded.file != file:
            loaded = self._loaded[name] = self._load(name, file)
        if isinstance(loaded.outcome, FindingsError):
            raise FindingsError(name, loaded.outcome.findings)
        return loaded.outcome

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        self._list(self._refresh)
        return sorted(self._files)

    def let_go(self) -> None:
        """See `SnapshotMachineLocator.let_go`. The list is fetched again by whoever asks next."""
        self._client.close()
        if self._listed_at is not None:
            self._listed_at = float("-inf")

    def _file(self, name: str) -> File:
        """The one object of the machine, as the list has it."""
        self._list(self._refresh)
        if name not in self._files:
            self._list(SHORTEST_REFRESH)
        files = self._files.get(name, ())
        if len(files) == 1:
            return files[0]
        self._loaded.pop(name, None)
        if not files:
            raise MachineNotFoundError(
                f"There is no machine {shown(name)}: bucket '{self._bucket}' has no object "
                f"{shown(name + SUFFIXES[0])} under '{self._key}'.",
                machine=name,
            )
        raise InvalidDefinitionError(
            f"Machine {shown(name)} has two objects, "
            f"{' and '.join(shown(file.key) for file in files)}. Remove one of them.",
            machine=name,
        )

    def _list(self, oldest: float) -> None:
        """Fetches the list, unless the one there is is younger than `oldest` seconds.

        Where S3 does not answer, the list there is stays good. Without one nothing is known; that
        is remembered for a second, so that a batch of events does not wait once for each.
        """
        now = self._clock()
        if self._listed_at is not None and now - self._listed_at < oldest:
            return
        if self._unlisted_at is None or now - self._unlisted_at >= SHORTEST_REFRESH:
            try:
                self._files, self._listed_at = self._fetched(), now
                self._unlisted_at = self._unlisted = None
                return
            except ServiceUnavailableError as error:
                self._unlisted_at, self._unlisted = self._clock(), error
                logger.warning("Machines were not listed", extra={"reason": str(error)})
        if self._unlisted is not None and self._listed_at is None:
            raise ServiceUnavailableError(str(self._unlisted)) from self._unlisted.__cause__

    def _fetched(self) -> Mapping[str, Sequence[File]]:
        files: dict[str, list[File]] = {}
        for found in self._objects():
            name = machine_name(self._key, found["Key"])
            if name is not None:
                files.setdefault(name, []).append(File(found["Key"], found["ETag"]))
        return files

    def _objects(self) -> Iterator[ObjectTypeDef]:
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._key):
                yield from page.get("Contents", [])
        except (ClientError, BotoCoreError) as error:
            self._unavailable("list the machines", error)

    def _load(self, name: str, file: File) -> Loaded:
        text = self._read(name, file)
        try:
            return Loaded(file, load_machine(name, text, file.key))
        except FindingsError as error:
            return Loaded(file, error)

    def _read(self, name: str, file: File) -> bytes:
        """The object's first bytes: one more than the loader takes, so that it can say so."""
        try:
            answer = self._client.get_object(
                Bucket=self._bucket,
                Key=file.key,
                IfMatch=file.etag,
                Range=f"bytes=0-{MAX_BYTES}",
            )
            return answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            code = error_name(error)
            if code == "InvalidRange":
                return b""  # an empty object has no first byte
            if code in GONE:
                self._listed_at = float("-inf")  # changed since it was listed: list again
                raise MachineNotFoundError(
                    f"The object of machine {shown(name)} has just changed.", machine=name
                ) from error
            self._unavailable(f"read machine {shown(name)}", error)

    def _unavailable(self, what: str, error: Exception) -> NoReturn:
        raise ServiceUnavailableError(
            f"S3 did not let the function {what} in bucket '{self._bucket}': {error_name(error)}."
        ) from error


def machine_name(wanted: str, key: str) -> str | None:
    """The machine that an object holds, if it is the wanted object or lies under that prefix."""
    if key == wanted:
        rest = key.rpartition("/")[2]
    else:
        prefix = wanted if wanted.endswith("/") or not wanted else f"{wanted}/"
        if not key.startswith(prefix):
            return None
        rest = key[len(prefix) :]
    stem, dot, suffix = rest.rpartition(".")
    if dot + suffix not in SUFFIXES or not all(map(is_machine_name, stem.split("/"))):
        return None
    return stem
