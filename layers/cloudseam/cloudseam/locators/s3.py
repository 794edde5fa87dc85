"""Machines in an S3 bucket: one object, or all that lie under a prefix."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import (
    InvalidDefinitionError,
    MachineNotFoundError,
    ServiceUnavailableError,
)
from cloudseam.languages.wording import shown
from cloudseam.languages.yaml_rules import MAX_BYTES, SUFFIXES
from cloudseam.locators.contents import Contents
from cloudseam.locators.file_name import files_of, stem_of
from cloudseam.locators.object_list import SHORTEST_REFRESH, File, ObjectList
from cloudseam.machine import Machine

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GONE = frozenset({"NoSuchKey", "404", "PreconditionFailed"})


class S3MachineLocator:
    """The machines in `.yml` and `.yaml` objects. See `MachineLocator`.

    `key` is one object, named as its last part without suffix, or a prefix, which ends at a `/`
    whether or not it is written: `machines` never takes in `machines-old/`. Under a prefix a
    machine in CloudSeam v1 is named as the rest of its key without suffix, sub-folders included:
    `team/preview`. Python-action machines have the names that their files give them. Objects that
    one object imports may lie beside it or below.

    The list of objects is fetched again after `refresh` seconds; an object is read when it is
    asked for, and again when its ETag has changed. An object that could not be fetched is tried
    again the next time, the list after a second; meanwhile what is there is served. Only where no
    object is named as the machine, or it has Python-action machines, are all of them read, once.
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
        self._objects = ObjectList(client, bucket, self._key, clock)
        folder, slash, _ = self._key.rpartition("/")
        self._beside = ObjectList(client, bucket, folder + slash, clock)
        self._contents = Contents[File](self._find, self._read, lambda _, file: file.key)

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        listed = self._objects.files(self._refresh)
        own = self._own(name, listed)
        if own is None and not self._contents.knows(name):
            listed = self._objects.files(SHORTEST_REFRESH)
            own = self._own(name, listed)
        if own is not None and self._contents.machines_file(*own) is None:
            return self._contents.machine(name, *own)
        found = self._contents.holder(name, listed) or own
        if found is None:
            raise MachineNotFoundError(
                f"There is no machine {shown(name)}: bucket '{self._bucket}' has no object "
                f"{shown(name + SUFFIXES[0])} under '{self._key}', and no other has it.",
                machine=name,
            )
        return self._contents.machine(name, *found)

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`. Each object is read once, and again when it has changed."""
        return self._contents.names(self._objects.files(self._refresh))

    def let_go(self) -> None:
        """See `SnapshotMachineLocator.let_go`. The list is fetched again by whoever asks next."""
        self._client.close()
        self._objects.expire()
        self._beside.expire()

    def _own(self, name: str, listed: Mapping[str, File]) -> tuple[str, File] | None:
        """The one object that is named as the machine."""
        paths = files_of(name)
        found = [(path, listed[path]) for path in paths if path in listed]
        if len(found) > 1:
            raise InvalidDefinitionError(
                f"Machine {shown(name)} has two objects, "
                f"{' and '.join(sorted(shown(file.key) for _, file in found))}. "
                "Remove one of them.",
                machine=name,
            )
        return found[0] if found else None

    def _find(self, path: str) -> File | None:
        """An object that another imports; beside a single object it is not in its list."""
        listed = self._objects.files(self._refresh)
        if path in listed or all(file.key != self._key for file in listed.values()):
            return listed.get(path)
        return self._beside.files(self._refresh).get(path)

    def _read(self, path: str, file: File) -> tuple[File, bytes]:
        """The object's first bytes: one more than the loader takes, so that it can say so."""
        name = stem_of(path) or path
        try:
            answer = self._client.get_object(
                Bucket=self._bucket,
                Key=file.key,
                IfMatch=file.etag,
                Range=f"bytes=0-{MAX_BYTES}",
            )
            return file, answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            code = error_name(error)
            if code == "InvalidRange":
                return file, b""  # an empty object has no first byte
            if code in GONE:
                self._objects.expire()  # changed since it was listed: list again
                self._beside.expire()
                raise MachineNotFoundError(
                    f"The object of machine {shown(name)} has just changed.", machine=name
                ) from error
            raise ServiceUnavailableError(
                f"S3 did not let the function read machine {shown(name)} in bucket "
                f"'{self._bucket}': {code}."
            ) from error
