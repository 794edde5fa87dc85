"""Modules from S3: one object, or all objects under a prefix. What has not changed since an earlier
task is not downloaded again.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.terraform.config import S3Source
from task_satisfier.executors.terraform.kept_objects import MAX_OBJECT_BYTES, KeptObjects, Version
from task_satisfier.executors.terraform.limits import Budget, is_leftover

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

DOWNLOADS_AT_ONCE = 8
CHUNK_BYTES = 1024 * 1024
MAX_NAME_BYTES = 255


@dataclass(frozen=True, slots=True)
class _Object:
    """An object and where it goes, relative to the module's folder. `size` is in bytes."""

    version: Version
    path: str
    size: int


def download_s3(
    client: S3Client, kept: KeptObjects, source: S3Source, folder: Path, run: TaskRun
) -> None:
    """Downloads the source into an empty folder, sub-folders kept.

    Raises:
        TaskFailedError: nothing is there, or it cannot be had, or it would not stay in the folder.
    """
    try:
        objects = list(_objects(client, source))
        for item in objects:
            (folder / item.path).parent.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            list(pool.map(lambda item: _download(client, kept, item, folder, run), objects))
    except (ClientError, BotoCoreError) as error:
        raise TaskFailedError(f"{_name(source)} cannot be read: {error_name(error)}.") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise TaskFailedError(
            f"{_name(source)} has a key that is a file and a folder at once. Remove one of them."
        ) from None
    if not objects:
        raise TaskFailedError(
            f"{_name(source)} is empty: there is no object of that key, and none under it."
        )


def _objects(client: S3Client, source: S3Source) -> Iterator[_Object]:
    """What to download. A key that is an object is that object, else it is a prefix."""
    budget = Budget(_name(source))
    single = None if source.key.endswith("/") else _single(client, source)
    if single is not None:
        _check(source, source.key, single.path)
        budget.take(single.size)
        yield single
        return
    prefix = source.key.removesuffix("/") + "/"
    pages = client.get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=source.bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            path = item["Key"].removeprefix(prefix)
            if not path or path.endswith("/") or any(map(is_leftover, path.split("/"))):
                continue  # the marker of a folder, or what an earlier run left
            _check(source, item["Key"], path)
            budget.take(item["Size"])
            yield _object(source, item, path)


def _single(client: S3Client, source: S3Source) -> _Object | None:
    """The object of that key, if there is one. It lists before all it is a prefix of."""
    page = client.list_objects_v2(Bucket=source.bucket, Prefix=source.key, MaxKeys=1)
    path = source.key.rpartition("/")[2]
    found = (item for item in page.get("Contents", []) if item["Key"] == source.key)
    return next((_object(source, item, path) for item in found), None)


def _object(source: S3Source, item: ObjectTypeDef, path: str) -> _Object:
    return _Object(Version(source.bucket, item["Key"], item.get("ETag", "")), path, item["Size"])


def _check(source: S3Source, key: str, path: str) -> None:
    for part in path.split("/"):
        if (
            part in {"", ".", ".."}
            or "\\" in part
            or not part.isprintable()
            or len(part.encode()) > MAX_NAME_BYTES
        ):
            raise TaskFailedError(
                f"{_name(source)} has key {key!a}, which cannot be a path inside the "
                "module's folder. Rename or remove that object."
            )


def _download(
    client: S3Client, kept: KeptObjects, item: _Object, folder: Path, run: TaskRun
) -> None:
    run.ensure_time()
    content = kept.get(item.version)
    with (folder / item.path).open("xb") as file:
        if content is not None:
            file.write(content)
            return
        answer = client.get_object(Bucket=item.version.bucket, Key=item.version.key)
        for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
            file.write(chunk)
    # It may have changed since it was listed.
    if item.size <= MAX_OBJECT_BYTES and item.version.etag and answer.get("ETag"):
        kept.keep(item.version._replace(etag=answer["ETag"]), (folder / item.path).read_bytes())


def _name(source: S3Source) -> str:
    return f"Source 's3://{source.bucket}/{source.key}'"
