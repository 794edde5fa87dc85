"""A module comes from S3 as it is there, and never leaves its folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from mypy_boto3_s3 import S3Client

from task_satisfier.executors import OutOfTimeError, TaskFailedError
from task_satisfier.executors.terraform import limits
from task_satisfier.executors.terraform.config import S3Source
from task_satisfier.executors.terraform.kept_objects import KeptObjects, Version
from task_satisfier.executors.terraform.s3_source import download_s3
from tests.task_builders import a_run


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="modules")
        yield client


def put(s3: S3Client, keys: Sequence[str]) -> None:
    for key in keys:
        s3.put_object(Bucket="modules", Key=key, Body=f"text of {key}".encode())


def downloaded(
    s3: S3Client,
    key: str,
    to: Path,
    *,
    bucket: str = "modules",
    seconds: float = 60,
    kept: KeptObjects | None = None,
) -> list[str]:
    """What is in the module's folder after the download."""
    to.mkdir()
    source = S3Source(type="s3", bucket=bucket, key=key)
    download_s3(s3, kept or KeptObjects(), source, to, a_run(seconds=seconds))
    return sorted(str(path.relative_to(to)) for path in to.rglob("*") if path.is_file())


KEYS = ["net/main.tf", "net/sub/a.tf", "network/main.tf", "net-x/main.tf", "net.tf"]


@pytest.mark.parametrize(
    ("key", "files"),
    [
        ("net/", ["main.tf", "sub/a.tf"]),
        ("net", ["main.tf", "sub/a.tf"]),
        ("net/sub", ["a.tf"]),
        ("net.tf", ["net.tf"]),
        ("net/sub/a.tf", ["a.tf"]),
        ("/", ["rooted.tf"]),
    ],
)
def test_a_key_is_an_object_or_a_prefix_that_ends_at_a_slash(
    s3: S3Client, tmp_path: Path, key: str, files: list[str]
) -> None:
    put(s3, [*KEYS, "/rooted.tf"])

    assert downloaded(s3, key, tmp_path / "to") == files


def test_objects_come_with_what_is_in_them(s3: S3Client, tmp_path: Path) -> None:
    put(s3, KEYS)

    downloaded(s3, "net/", tmp_path / "to")

    assert (tmp_path / "to/sub/a.tf").read_text() == "text of net/sub/a.tf"


def test_what_has_not_changed_is_not_downloaded_again(s3: S3Client, tmp_path: Path) -> None:
    asked: list[str] = []
    s3.meta.events.register(
        "before-parameter-build.s3.GetObject", lambda params, **_: asked.append(params["Key"])
    )
    kept = KeptObjects()
    put(s3, KEYS)
    downloaded(s3, "net/", tmp_path / "first", kept=kept)
    s3.put_object(Bucket="modules", Key="net/sub/a.tf", Body=b"changed")
    del asked[:]

    files = downloaded(s3, "net/", tmp_path / "second", kept=kept)
    downloaded(s3, "net/main.tf", tmp_path / "third", kept=kept)

    assert asked == ["net/sub/a.tf"]
    assert files == ["main.tf", "sub/a.tf"]
    assert (tmp_path / "second/main.tf").read_text() == "text of net/main.tf"
    assert (tmp_path / "second/sub/a.tf").read_text() == "changed"
    assert (tmp_path / "third/main.tf").read_text() == "text of net/main.tf"


def test_what_changes_after_it_was_listed_is_kept_as_what_it_is(
    s3: S3Client, tmp_path: Path
) -> None:
    def change(**_: object) -> None:
        s3.meta.events.unregister("before-parameter-build.s3.GetObject", change)
        s3.put_object(Bucket="modules", Key="net.tf", Body=b"changed")

    kept = KeptObjects()
    put(s3, ["net.tf"])
    s3.meta.events.register("before-parameter-build.s3.GetObject", change)
    downloaded(s3, "net.tf", tmp_path / "first", kept=kept)
    put(s3, ["net.tf"])

    downloaded(s3, "net.tf", tmp_path / "second", kept=kept)

    assert (tmp_path / "first/net.tf").read_text() == "changed"
    assert (tmp_path / "second/net.tf").read_text() == "text of net.tf"


def test_the_contents_that_were_asked_for_last_are_kept() -> None:
    kept = KeptObjects(max_bytes=8)
    first, second, third = (Version("b", name, "e") for name in ("1", "2", "3"))
    kept.keep(first, b"1111")
    kept.keep(second, b"2222")
    kept.get(first)

    kept.keep(third, b"3333")

    assert [kept.get(version) for version in (first, second, third)] == [b"1111", None, b"3333"]


def test_a_content_that_is_kept_again_counts_once() -> None:
    kept = KeptObjects(max_bytes=8)
    version = Version("b", "1", "e")
    for _ in range(5):
        kept.keep(version, b"1111")

    assert kept.get(version) == b"1111"


def test_all_pages_are_read(s3: S3Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")  # a page of S3 has 1,000
    put(s3, [f"many/{number:02}.tf" for number in range(31)])

    assert len(downloaded(s3, "many", tmp_path / "to")) == 31


def test_markers_of_folders_and_traces_of_earlier_runs_are_left_out(
    s3: S3Client, tmp_path: Path
) -> None:
    put(
        s3,
        [
            "net/", "net/main.tf", "net/sub/", "net/terraform.tfstate", "net/.terraform/x",
            "net/sub/old.tfstate", "net/.terraform.lock.hcl",
        ],
    )  # fmt: skip

    assert downloaded(s3, "net/", tmp_path / "to") == [".terraform.lock.hcl", "main.tf"]


@pytest.mark.parametrize("key", ["nope/", "nope", "ne", "net/main", "net/sub/a.tf/"])
def test_a_source_without_objects_is_a_failed_task(s3: S3Client, tmp_path: Path, key: str) -> None:
    put(s3, KEYS)

    with pytest.raises(TaskFailedError, match="is empty: there is no object of that key"):
        downloaded(s3, key, tmp_path / "to")


@pytest.mark.parametrize(
    "key",
    [
        "net/../../escape.tf", "net/..", "net/./main.tf", "net//etc/passwd", "net/a//b.tf",
        "net/a\\..\\b.tf", "net/a\nb.tf", "net/a\u202eb.tf", f"net/{'x' * 256}.tf",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_key_that_would_leave_the_folder_is_refused(
    s3: S3Client, tmp_path: Path, key: str
) -> None:
    put(s3, [key])

    with pytest.raises(TaskFailedError, match="cannot be a path inside the module's folder"):
        downloaded(s3, "net/", tmp_path / "to")

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("key", ["a/..", "a/\n"], ids=ascii)
def test_a_single_object_with_such_a_name_is_refused(
    s3: S3Client, tmp_path: Path, key: str
) -> None:
    put(s3, [key])

    with pytest.raises(TaskFailedError, match="cannot be a path"):
        downloaded(s3, key, tmp_path / "to")


def test_a_key_that_is_file_and_folder_at_once_is_a_failed_task(
    s3: S3Client, tmp_path: Path
) -> None:
    put(s3, ["net/a", "net/a/b.tf"])

    with pytest.raises(TaskFailedError, match="is a file and a folder at once"):
        downloaded(s3, "net/", tmp_path / "to")


def test_a_bucket_that_is_not_there_is_a_failed_task(s3: S3Client, tmp_path: Path) -> None:
    with pytest.raises(TaskFailedError, match="'s3://nope/net' cannot be read: NoSuchBucket"):
        downloaded(s3, "net", tmp_path / "to", bucket="nope")


@pytest.mark.parametrize("bucket", ["a/b", "../x", "a b", "UPPER_case"])
def test_a_bucket_that_cannot_be_is_a_failed_task(
    s3: S3Client, tmp_path: Path, bucket: str
) -> None:
    with pytest.raises(TaskFailedError):
        downloaded(s3, "net", tmp_path / "to", bucket=bucket)


@pytest.mark.parametrize("limit", ["MAX_FILES", "MAX_BYTES"])
def test_a_prefix_that_holds_too_much_is_refused_before_the_download(
    s3: S3Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    put(s3, KEYS)
    monkeypatch.setattr(limits, limit, 1)

    with pytest.raises(TaskFailedError, match="is too large"):
        downloaded(s3, "net/", tmp_path / "to")

    assert list((tmp_path / "to").iterdir()) == []


def test_a_single_object_that_is_too_large_is_refused_before_the_download(
    s3: S3Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, KEYS)
    size = len("text of net.tf")
    monkeypatch.setattr(limits, "MAX_BYTES", size)
    assert downloaded(s3, "net.tf", tmp_path / "fits") == ["net.tf"]
    monkeypatch.setattr(limits, "MAX_BYTES", size - 1)

    with pytest.raises(TaskFailedError, match=r"'s3://modules/net.tf' is too large"):
        downloaded(s3, "net.tf", tmp_path / "to")

    assert list((tmp_path / "to").iterdir()) == []


def test_a_download_ends_with_the_time(s3: S3Client, tmp_path: Path) -> None:
    put(s3, KEYS)

    with pytest.raises(OutOfTimeError):
        downloaded(s3, "net/", tmp_path / "to", seconds=0)
